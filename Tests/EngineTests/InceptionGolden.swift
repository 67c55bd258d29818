import Basics
import Foundation
import HDF5Storage
import Models
import ModelZoo
import Testing

/// A file of Golden/Inception, and what its generator, generate.py there, computed by the same rules.
struct InceptionGolden: Sendable, CustomTestStringConvertible {
    let testDescription: String
    private let model: String
    private let image: Shape
    private let path: String

    let samples: Int
    private static let classes = 10

    /// Of losses and outputs. Keras's values are exact for this purpose, so what differs is the engine's rounding,
    /// relative to the largest value.
    let tolerance = 1e-4
    /// Of gradients, as a part of their norm, and of losses after steps along them: what normalisations of few values, dozens
    /// one after another, make of rounding on the way back. docs/numerics.md has figures.
    let gradientTolerance = 1e-4

    init(_ model: String, samples: Int = 2, _ image: Shape) {
        (testDescription, self.model, self.samples, self.image) = (model, model, samples, image)
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        path = folder.appendingPathComponent("Golden/Inception/\(model).h5").path
    }

    /// The network without dropout, whose masks are not Keras's.
    func network() throws -> Network {
        let network = try Zoo.model(named: model).network(ModelOptions(classes: Self.classes, input: image))
        return try network.changed { layer in
            switch layer {
            case .dropout: .dropout(Dropout(rate: 0))
            default: nil
            }
        }
    }

    func predictions() throws -> [Double] { try HDF5File.open(path).root.dataset("predictions").read() }
    func outputs() throws -> [Double] { try HDF5File.open(path).root.dataset("outputs").read() }

    /// How near to its kink a ReLU or a maximum comes in training, as a part of what it reads.
    func margin() throws -> Double { try HDF5File.open(path).root.attributes.double("margin") }

    /// Before and after each step of the given rate.
    func losses() throws -> (losses: [Double], rate: Double) {
        let dataset = try HDF5File.open(path).root.dataset("losses")
        return (try dataset.read(), try dataset.attributes.double("rate"))
    }

    func gradients(of network: Network) throws -> GoldenGradients {
        let values: [Double] = try HDF5File.open(path).root.dataset("gradients").read()
        let rows = zip(network.parameters, Self.order(of: network)).map { parameter, order in
            let row = values[order * Self.row..<(order + 1) * Self.row]
            return GoldenGradients.Row(
                norm: row[row.startIndex], elements: row.dropFirst(),
                places: Self.places(order, of: parameter.specification.shape.count))
        }
        return GoldenGradients(network: network, rows: rows)
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
    private static let (input, noise) = (1009, 1013)
    private static let draw = 5003

    /// Multiples of 2^-23 in [-1, 1).
    private static let table = (0..<period).map { Float(CounterRandom.mix(7, UInt64($0)) >> 40) * 0x1p-23 - 1 }

    /// Number `index` of a stream: the table from a place of the stream's own, over and over.
    private static func number(_ stream: Int, _ index: Int) -> Float {
        table[(stream * 7919 % period + index % period) % period]
    }

    /// Each parameter's place in the order of paths.
    static func order(of network: Network) -> [Int] {
        let sorted = network.parameters.indices.sorted { network.parameters[$0].path < network.parameters[$1].path }
        var order = Array(repeating: 0, count: sorted.count)
        for (place, index) in sorted.enumerated() { order[index] = place }
        return order
    }

    private static let offsets: [String: Float] = ["gamma": 1, "beta": 1, "moving_variance": 1]

    func parameters(of network: Network) throws -> ParameterValues {
        let choices = try WeightChoices(HDF5File.open(path).root)
        let isResidual = network.name.hasPrefix("inception-resnet")
        return choices.values(of: network, order: Self.order(of: network)) { parameter, order, index, draw in
            let specification = parameter.specification
            let value = Self.number(order + Self.draw * draw, index)
            guard specification.isKernel else { return value * 0.25 + Self.offsets[specification.name, default: 0] }
            let fanIn = specification.shape.extents.dropLast().reduce(1, *)
            let isDamped = isResidual && parameter.path == "predictions/kernel"
            return value * ((6 / Float(fanIn)).squareRoot() * (isDamped ? 0.25 : 1))
        }
    }

    /// Squares of 8x8 pixels, and noise.
    func batch(for network: Network) -> Batch {
        var batch = Batch(for: network, samples: samples, kind: .label)
        let (height, width, channels) = (network.inputShape[0], network.inputShape[1], network.inputShape[2])
        let (rows, columns) = (height.dividedRoundingUp(by: 8), width.dividedRoundingUp(by: 8))
        batch.inputs = batch.inputs.indices.map { index in
            let (pixel, channel) = (index / channels, index % channels)
            let (line, x) = (pixel / width, pixel % width)
            let (sample, y) = (line / height, line % height)
            let square = Self.number(Self.input, ((sample * rows + y / 8) * columns + x / 8) * channels + channel)
            return square * 0.75 + Self.number(Self.noise, index) * 0.25
        }
        batch.targets = .labels((0..<samples).map { Int32(($0 * 3 + 1) % Self.classes) })
        return batch
    }

    /// Which elements of a gradient the file keeps.
    static func places(_ order: Int, of count: Int) -> [Int] {
        (1..<row).map { Int(CounterRandom.mix(UInt64(2000 + order), UInt64($0 - 1)) % UInt64(count)) }
    }
}
