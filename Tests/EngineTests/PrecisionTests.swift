import BLASEngine
import Execution
import Models
import NumericCore
import Testing

/// bf16 beside fp32 on the same engine, where engine and processor have it.
@Suite(.enabled(if: TestedEngine.bf16 != nil, "no engine computes bf16 here"))
struct PrecisionTests {
    private static let models = ["mlp", "simple-cnn-dropout", "lenet5-keras", "resnet-cifar-8-v1", "resnet-cifar-20-v1"]

    /// bf16 has 8 significant bits: rounding a value changes it by at most 2^-9, some 0.1 % in the mean square. Each layer
    /// rounds its input, weights and output, which add up like noise: over twenty normalised layers, to some 2 % of a
    /// tensor's size. Twice that is the limit for outputs and loss.
    private static let tolerance = 0.04

    /// Gradients take the way twice, and sign changes at ReLUs and other maxima in pools come on top; of what a step
    /// needs, the direction, a cosine of 0.99 leaves an error of 14 %. Gradients that are zero but for rounding, as of
    /// biases before normalisation, have no direction; they must stay small against ordinary ones.
    private static let cosine = 0.99
    private static let ordinary = 0.5

    @Test(arguments: models, BatchNormalizationMode.allCases)
    func training(_ model: String, _ mode: BatchNormalizationMode) throws {
        let (fp32, bf16) = try both(model, shards: [24, 16], mode: mode)
        expectCloseness(bf16, fp32)
        for (index, parameter) in try Zoo.model(named: model).network().parameters.enumerated() {
            let (expected, gradient) = (fp32.gradients[index], bf16.gradients[index])
            #expect(!gradient.contains { !$0.isFinite }, "\(parameter.path)")
            guard norm(expected) > Self.ordinary else {
                #expect(norm(gradient) < 2 * Self.ordinary, "\(parameter.path)")
                continue
            }
            let product = zip(expected, gradient).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            let cosine = product / (norm(expected) * norm(gradient))
            #expect(cosine > Self.cosine, "\(parameter.path): cosine \(cosine)")
            let ratio = norm(gradient) / norm(expected)
            #expect(abs(ratio - 1) < 0.1, "\(parameter.path): \(ratio) times the size")
        }
    }

    @Test(arguments: models, [Plan.Purpose.evaluation, .prediction])
    func forwardOnly(_ model: String, _ purpose: Plan.Purpose) throws {
        let (fp32, bf16) = try both(model, shards: [5], purpose: purpose)
        expectCloseness(bf16, fp32)
    }

    /// Nothing is read before it is written, and a second run finds all as the first did.
    @Test(arguments: MemoryTests.models, BatchNormalizationMode.allCases)
    func garbageInMemoryChangesNothing(_ model: String, _ mode: BatchNormalizationMode) throws {
        let run = try self.run(model, .bf16, shards: [2, 1], mode: mode)
        let batch = Batch(for: run.network, samples: 3, kind: .label)
        let first = try run.run(batch)
        run.poison()
        #expect(try run.run(batch) == first)
    }

    /// Weights keep single precision: both precisions have the same arena.
    @Test(arguments: models)
    func theArenaIsThatOfSinglePrecision(_ model: String) throws {
        let arenas = try Precision.allCases.map { try run(model, $0, shards: [3]).arena.digest }
        #expect(arenas[0] == arenas[1])
    }

    private func both(
        _ model: String, shards: [Int], purpose: Plan.Purpose = .training, mode: BatchNormalizationMode = .shard
    ) throws -> (fp32: StepResult, bf16: StepResult) {
        let runs = try [Precision.fp32, .bf16].map {
            try run(model, $0, shards: shards, purpose: purpose, mode: mode)
        }
        let batch = Batch(for: runs[0].network, samples: shards.reduce(0, +), kind: .label)
        return (try runs[0].run(batch), try runs[1].run(batch))
    }

    private func run(
        _ name: String, _ precision: Precision, shards: [Int], purpose: Plan.Purpose = .training,
        mode: BatchNormalizationMode = .shard
    ) throws -> PlanRun {
        let engine = try #require(TestedEngine.bf16)
        let network = try Zoo.model(named: name).network()
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: shards,
            purpose: purpose, batchNormalization: mode, precision: precision)
        try run.load(network.randomParameters())
        return run
    }

    /// Outputs and loss are close, but not the same: another precision was at work.
    private func expectCloseness(_ bf16: StepResult, _ fp32: StepResult) {
        #expect(bf16.outputs != fp32.outputs)
        let difference = zip(bf16.outputs, fp32.outputs).map { $0 - $1 }
        let error = norm(difference) / norm(fp32.outputs)
        #expect(error < Self.tolerance, "outputs off by \(error) of their size")
        #expect(abs(bf16.metrics.loss - fp32.metrics.loss) <= Self.tolerance * abs(fp32.metrics.loss))
    }

    private func norm(_ values: [Float]) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}

@Suite struct PrecisionRefusalTests {
    @Test func thePlainEngineSaysWhatHasBF16() throws {
        let network = try Network.build([1]) { graph, x in _ = graph.dense(x, 1) }
        let error = #expect(throws: EngineError.self) {
            _ = try PlanRun(
                OpenBLASEngine(), network, loss: .meanSquaredError, kind: .values, shards: [1], precision: .bf16)
        }
        #expect(error?.description.contains("--engine onednn") == true)
    }
}
