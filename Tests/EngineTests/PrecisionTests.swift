import Basics
import BLASEngine
import Execution
import Lowering
import Models
import ModelZoo
import Testing

/// bf16 beside fp32 on the same engine, where engine and processor have it.
@Suite(.enabled(if: TestedEngine.bf16 != nil, "no engine computes bf16 here"))
struct PrecisionTests {
    private static let models = MemoryTests.models + ["mlp", "lenet5-1998", "resnet-cifar-20-v1"]

    /// bf16 has 8 significant bits: rounding a value changes it by at most 2^-9, some 0.1 % in the mean square. Each layer
    /// rounds its input, weights and output, which add up like noise: over twenty normalised layers, to some 2 % of a
    /// tensor's size. Twice that is the limit for outputs and loss.
    private static let tolerance = 0.04

    /// Gradients go the way twice, and values close to zero change sides at ReLUs. What a step needs is the direction: an
    /// error of 14 % of the gradient's size is a cosine of 0.99. Deep networks with random weights are more sensitive than
    /// that to any rounding; how much, single precision tells that is given inputs and weights rounded to bf16. That rounds
    /// one value a layer where bf16 rounds six (weights, convolution, normalisation and sum, and two gradients), which
    /// makes errors 2.5 times as large, give or take the luck of a small tensor.
    private static let error = 0.14
    private static let roundings = 5.0

    /// Small gradients are measured against one of ordinary size; biases before a normalisation have none, and sum up the
    /// rounding of some ten thousand values.
    private static let (ordinary, nothing) = (0.5, 0.01)

    @Test(arguments: models, BatchNormalizationMode.allCases)
    func training(_ model: String, _ mode: BatchNormalizationMode) throws {
        let network = try Zoo.model(named: model).network()
        let batch = Batch(for: network, samples: 40, kind: .label)
        let (fp32, rounded, bf16) = try threeWays(batch, network) {
            try self.run(model, $0, shards: [24, 16], mode: mode)
        }
        expectCloseness(bf16, fp32)
        expectDirections(bf16, fp32, rounded, network)
    }

    /// One layer between two: the limits above are wide for so few roundings. But of a dozen values that a normalisation takes,
    /// one that changes sides is a tenth of a gradient.
    @Test(
        arguments: LayerCase.merges + LayerCase.responses + LayerCase.resamplings + LayerCase.frozen
            + LayerCase.winograds + LayerCase.plain + LayerCase.composed)
    func layers(_ layer: LayerCase) throws {
        let network = try layer.network()
        let batch = Batch(for: network, samples: 3, kind: .values)
        let (fp32, rounded, bf16) = try threeWays(batch, network) { try self.run(network, $0, shards: [2, 1]) }
        expectCloseness(bf16, fp32)
        expectDirections(bf16, fp32, rounded, network)
    }

    /// With nothing behind the layer, what differs is the rounding of its result and its result's gradient.
    @Test(arguments: LayerCase.wideConvolutions)
    func wideConvolutions(_ layer: LayerCase) throws {
        let network = try layer.network()
        let (fp32, bf16) = try bothRounded(network, shards: [17, 1])
        for (index, parameter) in network.parameters.enumerated() {
            let error = distance(bf16.gradients[index], fp32.gradients[index]) / norm(fp32.gradients[index])
            #expect(error < 0.01 && error > 0, "\(parameter.path): off by \(error) of its size")
        }
    }

    /// Winograd's algorithm, as docs/numerics.md has it: forward as exact as rounding inputs and outputs allows, 0.24 %;
    /// where products of transformed values are of bf16, 1 % in gradients. What is compared with has the same weights and
    /// inputs, rounded already.
    @Test(arguments: LayerCase.linearWinograds)
    func winograd(_ layer: LayerCase) throws {
        let network = try layer.network()
        let (fp32, bf16) = try bothRounded(network, shards: [4, 1])
        let error = distance(bf16.outputs, fp32.outputs) / norm(fp32.outputs)
        #expect(error < 0.003, "outputs off by \(error) of their size")
        for (index, parameter) in network.parameters.enumerated() {
            let error = distance(bf16.gradients[index], fp32.gradients[index]) / norm(fp32.gradients[index])
            #expect(error < 0.015, "\(parameter.path): off by \(error) of its size")
        }
    }

    /// In single precision, in single precision of inputs and weights that are rounded to bf16, and in bf16.
    private func threeWays(
        _ batch: Batch, _ network: Network, _ run: (Precision) throws -> PlanRun
    ) throws -> (fp32: StepResult, rounded: StepResult, bf16: StepResult) {
        func result(_ precision: Precision, _ batch: Batch, _ parameters: ParameterValues) throws -> StepResult {
            let run = try run(precision)
            try run.load(parameters)
            return try run.run(batch)
        }
        let parameters = network.randomParameters()
        var roundedBatch = batch
        roundedBatch.inputs = batch.inputs.map(\.roundedToBF16)
        return (
            try result(.fp32, batch, parameters),
            try result(.fp32, roundedBatch, parameters.map { $0.map(\.roundedToBF16) }),
            try result(.bf16, batch, parameters)
        )
    }

    /// Gradients go the same way, as nearly as the network lets them.
    private func expectDirections(
        _ bf16: StepResult, _ fp32: StepResult, _ rounded: StepResult, _ network: Network
    ) {
        for (index, parameter) in network.parameters.enumerated() {
            guard norm(fp32.gradients[index]) > Self.nothing else {
                #expect(norm(bf16.gradients[index]) < 2 * Self.ordinary, "\(parameter.path)")
                continue
            }
            let size = max(norm(fp32.gradients[index]), Self.ordinary)
            let errors = [bf16, rounded].map { distance($0.gradients[index], fp32.gradients[index]) / size }
            #expect(
                errors[0] <= max(Self.error, Self.roundings * errors[1]),
                "\(parameter.path): off by \(errors[0]) of its size, \(errors[1]) by rounded data alone")
        }
    }

    /// Both precisions, of inputs and weights that are rounded already; memory full of NaN changes neither.
    private func bothRounded(_ network: Network, shards: [Int]) throws -> (fp32: StepResult, bf16: StepResult) {
        var batch = Batch(for: network, samples: shards.reduce(0, +), kind: .values)
        batch.inputs = batch.inputs.map(\.roundedToBF16)
        let results = try [Precision.fp32, .bf16].map { precision in
            let run = try self.run(network, precision, shards: shards)
            try run.load(network.randomParameters().map { $0.map(\.roundedToBF16) })
            let first = try run.run(batch)
            run.poison()
            #expect(try run.run(batch) == first, "a run in memory full of NaN differs")
            return first
        }
        return (results[0], results[1])
    }

    /// What is not a number stays so through the ReLU of Winograd's kernels, up to the loss.
    @Test func whatIsNoNumberShows() throws {
        let layer = LayerCase("3x3 and ReLU", [17, 19, 1], front: 32) { graph, x in
            _ = graph.convolution(x, 32, kernel: 3, padding: .same, activation: .relu)
        }
        let network = try layer.network()
        let run = try self.run(network, .bf16, shards: [5])
        var parameters = network.randomParameters()
        parameters[0] = parameters[0].map { _ in .nan }
        try run.load(parameters)
        let batch = Batch(for: network, samples: 5, kind: .values)
        #expect(throws: NonFiniteLoss.self) { _ = try run.run(batch) }
    }

    @Test(arguments: models, [PlanPurpose.evaluation, .prediction])
    func forwardOnly(_ model: String, _ purpose: PlanPurpose) throws {
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
        _ model: String, shards: [Int], purpose: PlanPurpose = .training, mode: BatchNormalizationMode = .shard
    ) throws -> (fp32: StepResult, bf16: StepResult) {
        let runs = try [Precision.fp32, .bf16].map {
            try run(model, $0, shards: shards, purpose: purpose, mode: mode)
        }
        let batch = Batch(for: runs[0].network, samples: shards.reduce(0, +), kind: .label)
        return (try runs[0].run(batch), try runs[1].run(batch))
    }

    private func run(
        _ name: String, _ precision: Precision, shards: [Int], purpose: PlanPurpose = .training,
        mode: BatchNormalizationMode = .shard
    ) throws -> PlanRun {
        let engine = try #require(TestedEngine.bf16)
        let model = try Zoo.model(named: name)
        let network = try model.network()
        let run = try PlanRun(
            engine.make(), network, loss: model.loss, kind: .label, shards: shards, purpose: purpose,
            batchNormalization: mode, precision: precision)
        try run.load(network.randomParameters())
        return run
    }

    /// A network of layers, without parameters yet.
    private func run(_ network: Network, _ precision: Precision, shards: [Int]) throws -> PlanRun {
        try PlanRun(
            #require(TestedEngine.bf16).make(), network, loss: .meanSquaredError, kind: .values, shards: shards,
            precision: precision)
    }

    /// Outputs and loss are close, but not the same: another precision was at work.
    private func expectCloseness(_ bf16: StepResult, _ fp32: StepResult) {
        #expect(bf16.outputs != fp32.outputs)
        let error = distance(bf16.outputs, fp32.outputs) / norm(fp32.outputs)
        #expect(error < Self.tolerance, "outputs off by \(error) of their size")
        #expect(abs(bf16.metrics.loss - fp32.metrics.loss) <= Self.tolerance * abs(fp32.metrics.loss))
    }

    private func norm(_ values: [Float]) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    /// Not a number, and so more than any limit, where a value is none.
    private func distance(_ values: [Float], _ others: [Float]) -> Double { norm(zip(values, others).map { $0 - $1 }) }
}

extension Float {
    /// The nearest bfloat16, the even one of two.
    fileprivate var roundedToBF16: Float {
        Float(bitPattern: (bitPattern + 0x7FFF + (bitPattern >> 16 & 1)) & 0xFFFF_0000)
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
