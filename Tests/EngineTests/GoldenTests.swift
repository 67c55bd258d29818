import Execution
import Foundation
import HDF5Storage
import Models
import NumericCore
import Testing

/// Engines against Keras in double precision, on models of the zoo. Golden/generate.py writes the files and says what
/// is in them.
@Suite struct GoldenTests {
    static let models = ["mlp", "simple-cnn", "lenet5-keras", "resnet-cifar-8-v1"]
    private static let samples = 3

    /// Keras's values are exact for this purpose, so what differs is the engine's rounding: some 1e-7 an operation,
    /// which sums of up to 8,192 products and, in the residual network, eight normalisations of small batches lift to
    /// the tolerance. Errors are relative to the largest value of the tensor.
    private static let tolerance = 2e-5

    /// A bias before a normalisation has no gradient: rounding is left, which is measured against one of ordinary size.
    private static let ordinary = 0.2

    @Test(arguments: TestedEngine.all, models)
    func trainingAgrees(_ engine: TestedEngine, _ model: String) throws {
        let golden = try GoldenFile(model)
        let network = try Zoo.model(named: model).network()
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: [Self.samples])
        try run.load(GoldenFile.parameters(of: network))
        let result = try run.run(GoldenFile.batch(for: network, samples: Self.samples))

        #expect(abs(result.metrics.loss / golden.loss - 1) < Self.tolerance)
        for (index, parameter) in network.parameters.enumerated() {
            let expected = try golden.gradient(parameter.path)
            let gradient = result.gradients[index]
            let order = GoldenFile.order(of: network)[index]
            let kept = GoldenFile.places(order, of: gradient.count).map { gradient[$0] }
            let size = max(expected.norm, Self.ordinary)
            expectAgreement(kept, expected.values, within: Self.tolerance, atLeast: Self.ordinary, parameter.path)
            let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(
                abs(norm - expected.norm) < Self.tolerance * size,
                "\(parameter.path): norm \(norm), not \(expected.norm)")
        }
    }

    @Test(arguments: TestedEngine.all, models)
    func predictionsAgree(_ engine: TestedEngine, _ model: String) throws {
        let golden = try GoldenFile(model)
        let network = try Zoo.model(named: model).network()
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: [Self.samples],
            purpose: .prediction)
        try run.load(GoldenFile.parameters(of: network))
        let outputs = try run.run(GoldenFile.batch(for: network, samples: Self.samples)).outputs
        expectAgreement(outputs, golden.predictions, within: Self.tolerance, "predictions")
    }
}

/// A file of the Golden folder, and what its generator computed by the same hash.
private struct GoldenFile {
    let file: HDF5File
    let loss: Double
    let predictions: [Double]

    init(_ model: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
        file = try HDF5File.open(folder.appendingPathComponent("\(model).h5").path)
        loss = try file.root.dataset("outputs").attributes.double("loss")
        predictions = try file.root.dataset("predictions").read()
    }

    func gradient(_ path: String) throws -> (values: [Double], norm: Double) {
        let dataset = try file.root.dataset("gradients/\(path)")
        return (try dataset.read(), try dataset.attributes.double("norm"))
    }

    private static let (input, labels, places, kept): (UInt64, UInt64, UInt64, Int) = (1000, 1001, 2000, 256)

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

    static func parameters(of network: Network) -> ParameterValues {
        zip(network.parameters, order(of: network)).map { parameter, order in
            let specification = parameter.specification
            let fanIn = specification.shape.extents.dropLast().reduce(1, *)
            let first: Float = ["gamma", "moving_variance"].contains(specification.name) ? 1 : 0
            let limit = (6 / Float(fanIn)).squareRoot()
            return (0..<specification.shape.count).map {
                let value = number(UInt64(order), $0)
                return specification.isKernel ? value * limit : value * 0.25 + first
            }
        }
    }

    /// Which elements of a gradient the file keeps.
    static func places(_ order: Int, of count: Int) -> [Int] {
        if count <= kept { return Array(0..<count) }
        return (0..<kept).map { Int(CounterRandom.mix(places + UInt64(order), UInt64($0)) % UInt64(count)) }
    }
}
