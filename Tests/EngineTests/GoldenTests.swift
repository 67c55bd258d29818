import Execution
import Foundation
import HDF5Storage
import Models
import NumericCore
import Testing

/// Engines against Keras in double precision, on models of the zoo. Golden/generate.py writes the files and says what
/// is in them.
@Suite struct GoldenTests {
    static let models = [
        GoldenModel("mlp"), GoldenModel("simple-cnn"), GoldenModel("lenet5-keras"), GoldenModel("lenet5-1998"),
        GoldenModel("resnet-cifar-8-v1"),
        GoldenModel("resnet50", ModelOptions(classes: 10, input: [64, 64, 3]), kept: 16, gradientTolerance: 5e-3),
    ]
    private static let samples = 3

    /// A bias before a normalisation has no gradient: rounding is left, which is measured against one of ordinary size.
    private static let ordinary = 0.2

    @Test(arguments: TestedEngine.all, models)
    func trainingAgrees(_ engine: TestedEngine, _ model: GoldenModel) throws {
        let golden = try GoldenFile(model)
        let network = try model.network()
        let run = try PlanRun(
            engine.make(), network, loss: model.loss(), kind: .label, shards: [Self.samples])
        try run.load(golden.parameters(of: network))
        let result = try run.run(GoldenFile.batch(for: network, samples: Self.samples))

        #expect(abs(result.metrics.loss / golden.loss - 1) < model.tolerance)
        for (index, parameter) in network.parameters.enumerated() where parameter.specification.role != .frozen {
            let expected = try golden.gradient(parameter.path)
            let gradient = result.gradients[index]
            let order = GoldenFile.order(of: network)[index]
            let kept = golden.places(order, of: gradient.count).map { gradient[$0] }
            let size = max(expected.norm, Self.ordinary)
            expectAgreement(
                kept, expected.values, within: model.gradientTolerance, atLeast: Self.ordinary, parameter.path)
            let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(
                abs(norm - expected.norm) < model.gradientTolerance * size,
                "\(parameter.path): norm \(norm), not \(expected.norm)")
        }
    }

    @Test(arguments: TestedEngine.all, models)
    func predictionsAgree(_ engine: TestedEngine, _ model: GoldenModel) throws {
        let golden = try GoldenFile(model)
        let network = try model.network()
        let run = try PlanRun(
            engine.make(), network, loss: model.loss(), kind: .label, shards: [Self.samples], purpose: .prediction)
        try run.load(golden.parameters(of: network))
        let outputs = try run.run(GoldenFile.batch(for: network, samples: Self.samples)).outputs
        expectAgreement(outputs, golden.predictions, within: model.tolerance, "predictions")
    }
}

/// A model of the zoo with golden data, and how its file was made.
struct GoldenModel: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let options: ModelOptions
    /// How many elements of each gradient the file has at most.
    let kept: Int
    /// Keras's values are exact for this purpose, so what differs is the engine's rounding: some 1e-7 an operation,
    /// which sums of up to 8,192 products and normalisations of small batches, one after another, lift to the
    /// tolerance. Errors are relative to the largest value of the tensor.
    let tolerance = 2e-5
    /// Of gradients. In a deep network some of millions of ReLUs are so near zero that rounding decides, and each such
    /// decision moves gradients by up to some 1e-3; an error in a kernel moves them far more.
    let gradientTolerance: Double

    init(
        _ name: String, _ options: ModelOptions = ModelOptions(), kept: Int = 256, gradientTolerance: Double? = nil
    ) {
        testDescription = name
        (self.options, self.kept, self.gradientTolerance) = (options, kept, gradientTolerance ?? tolerance)
    }

    func loss() throws -> Loss { try Zoo.model(named: testDescription).loss }
    func network() throws -> Network { try Zoo.model(named: testDescription).network(options) }
}

/// A file of the Golden folder, and what its generator computed by the same hash.
private struct GoldenFile {
    let model: GoldenModel
    let file: HDF5File
    let loss: Double
    let predictions: [Double]

    init(_ model: GoldenModel) throws {
        self.model = model
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
        file = try HDF5File.open(folder.appendingPathComponent("\(model.testDescription).h5").path)
        loss = try file.root.dataset("outputs").attributes.double("loss")
        predictions = try file.root.dataset("predictions").read()
    }

    func gradient(_ path: String) throws -> (values: [Double], norm: Double) {
        let dataset = try file.root.dataset("gradients/\(path)")
        return (try dataset.read(), try dataset.attributes.double("norm"))
    }

    private static let (input, labels, places): (UInt64, UInt64, UInt64) = (1000, 1001, 2000)

    /// Multiples of 2^-23 in [-1, 1).
    private static func number(_ stream: UInt64, _ index: Int) -> Float {
        Float(CounterRandom.mix(stream, UInt64(index)) >> 40) * 0x1p-23 - 1
    }

    static func batch(for network: Network, samples: Int) -> Batch {
        var batch = Batch(for: network, samples: samples, kind: .label)
        batch.inputs = batch.inputs.indices.map { number(input, $0) }
        batch.targets = .labels((0..<samples).map { Int32(CounterRandom.mix(labels, UInt64($0)) % 10) })
        return batch
    }

    /// Each parameter's place in the order of paths, which numbers the streams.
    static func order(of network: Network) -> [Int] {
        let sorted = network.parameters.map(\.path).sorted()
        return network.parameters.map { parameter in sorted.firstIndex(of: parameter.path) ?? 0 }
    }

    func parameters(of network: Network) -> ParameterValues {
        zip(network.parameters, Self.order(of: network)).map { parameter, order in
            let specification = parameter.specification
            let fanIn = specification.shape.extents.dropLast().reduce(1, *)
            let scale: Float = parameter.path.hasSuffix("_3_bn/gamma") ? 0.25 : 1
            let first: Float = ["gamma", "moving_variance"].contains(specification.name) ? 1 : 0
            let limit = (6 / Float(fanIn)).squareRoot()
            return (0..<specification.shape.count).map {
                let value = Self.number(UInt64(order), $0)
                return specification.isKernel ? value * limit : (value * 0.25 + first) * scale
            }
        }
    }

    /// Which elements of a gradient the file keeps.
    func places(_ order: Int, of count: Int) -> [Int] {
        if count <= model.kept { return Array(0..<count) }
        return (0..<model.kept).map { Int(CounterRandom.mix(Self.places + UInt64(order), UInt64($0)) % UInt64(count)) }
    }
}
