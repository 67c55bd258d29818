import Foundation
import HDF5Storage
import Models
import Basics
import Testing

/// A file of Golden/Inception, and what its generator, generate.py there, computed by the same rules.
struct InceptionGolden: Sendable, CustomTestStringConvertible {
    let testDescription: String
    private let model: String
    private let image: Shape
    /// Whether all ReLUs are tanh.
    private let isSmooth: Bool
    private let path: String

    static let samples = 2
    private static let classes = 10

    /// Of losses and outputs. Keras's values are exact for this purpose, so what differs is the engine's rounding,
    /// relative to the largest value.
    let tolerance = 1e-4
    /// Of gradients, and of losses after steps along them, relative to the gradient's norm. Some of millions of ReLUs
    /// are so near zero that rounding decides; what each such decision changes, normalisations amplify on the way back.
    /// Without ReLUs the bound is tight. docs/numerics.md has what Keras's own single precision is off.
    let gradientTolerance: Double
    /// A bias before a normalisation has no gradient: rounding is left, which is measured against one of this size.
    static let ordinary = 1e-2

    init(_ model: String, _ image: Shape, isSmooth: Bool = false, gradientTolerance: Double) {
        (self.model, self.image, self.isSmooth, self.gradientTolerance) = (model, image, isSmooth, gradientTolerance)
        testDescription = model + (isSmooth ? "-smooth" : "")
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        path = folder.appendingPathComponent("Golden/Inception/\(testDescription).h5").path
    }

    /// The network without dropout, whose masks are not Keras's.
    func network() throws -> Network {
        let network = try Zoo.model(named: model).network(ModelOptions(classes: Self.classes, input: image))
        return try network.changed { layer in
            switch layer {
            case .dropout: .dropout(Dropout(rate: 0))
            case .activation(let old) where isSmooth && old.function == .relu: .activation(ActivationLayer(.tanh))
            default: nil
            }
        }
    }

    func predictions() throws -> [Double] { try HDF5File.open(path).root.dataset("predictions").read() }
    func outputs() throws -> [Double] { try HDF5File.open(path).root.dataset("outputs").read() }

    /// Before and after each step of the given rate.
    func losses() throws -> (losses: [Double], rate: Double) {
        let dataset = try HDF5File.open(path).root.dataset("losses")
        return (try dataset.read(), try dataset.attributes.double("rate"))
    }

    /// In the order of paths.
    func gradients() throws -> [(norm: Double, elements: ArraySlice<Double>)] {
        let values: [Double] = try HDF5File.open(path).root.dataset("gradients").read()
        return stride(from: 0, to: values.count, by: Self.row).map { (values[$0], values[$0 + 1..<$0 + Self.row]) }
    }
}

extension Network {
    /// With other layers in the places for which `change` has one.
    func changed(_ change: (Layer) -> Layer?) throws -> Network {
        let nodes = nodes.map { node in
            Node(
                name: node.name, layer: change(node.layer) ?? node.layer, inputs: node.inputs,
                isTrainable: node.isTrainable)
        }
        return try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
    }
}

/// The generator's numbers.
extension InceptionGolden {
    private static let row = 8
    private static let period = 65_521
    private static let input = 1009

    /// Multiples of 2^-23 in [-1, 1).
    private static let table = (0..<period).map { Float(CounterRandom.mix(7, UInt64($0)) >> 40) * 0x1p-23 - 1 }

    /// `count` numbers of the table, from a place of the stream's own, over and over.
    private static func numbers(_ stream: Int, _ count: Int, _ change: (Float) -> Float = { $0 }) -> [Float] {
        let start = stream * 7919 % period
        let rolled = (table[start...] + table[..<start]).prefix(count).map(change)
        var numbers: [Float] = []
        numbers.reserveCapacity(count)
        while numbers.count < count { numbers += rolled.prefix(count - numbers.count) }
        return numbers
    }

    /// Each parameter's place in the order of paths.
    static func order(of network: Network) -> [Int] {
        let sorted = network.parameters.indices.sorted { network.parameters[$0].path < network.parameters[$1].path }
        var order = Array(repeating: 0, count: sorted.count)
        for (place, index) in sorted.enumerated() { order[index] = place }
        return order
    }

    private static let offsets: [String: Float] = ["gamma": 1, "beta": 0.5, "moving_variance": 1]

    static func parameters(of network: Network) -> ParameterValues {
        zip(network.parameters, order(of: network)).map { parameter, order in
            let specification = parameter.specification
            if specification.isKernel {
                let fanIn = specification.shape.extents.dropLast().reduce(1, *)
                let isDamped = network.name.hasPrefix("inception-resnet") && parameter.path == "predictions/kernel"
                let limit = (6 / Float(fanIn)).squareRoot() * (isDamped ? 0.25 : 1)
                return numbers(order, specification.shape.count) { $0 * limit }
            }
            let offset = offsets[specification.name, default: 0]
            return numbers(order, specification.shape.count) { $0 * 0.25 + offset }
        }
    }

    /// Squares of 8x8 pixels.
    static func batch(for network: Network) -> Batch {
        var batch = Batch(for: network, samples: samples, kind: .label)
        let (height, width, channels) = (network.inputShape[0], network.inputShape[1], network.inputShape[2])
        let (rows, columns) = (height.dividedRoundingUp(by: 8), width.dividedRoundingUp(by: 8))
        let squares = numbers(input, samples * rows * columns * channels)
        batch.inputs = batch.inputs.indices.map { index in
            let (pixel, channel) = (index / channels, index % channels)
            let (line, x) = (pixel / width, pixel % width)
            let (sample, y) = (line / height, line % height)
            return squares[((sample * rows + y / 8) * columns + x / 8) * channels + channel]
        }
        batch.targets = .labels((0..<samples).map { Int32($0 * 3 + 1) })
        return batch
    }

    /// Which elements of a gradient the file keeps.
    static func places(_ order: Int, of count: Int) -> [Int] {
        (1..<row).map { Int(CounterRandom.mix(UInt64(2000 + order), UInt64($0 - 1)) % UInt64(count)) }
    }
}
