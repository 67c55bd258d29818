import Basics
import Execution
import Lowering
import Models
import ModelZoo
import Testing

/// Faster engines against the plain one, on all models of the zoo.
@Suite(.enabled(if: !TestedEngine.others.isEmpty, "one engine is built"))
struct AgreementTests {
    /// Those that cost little, whole; GoldenTests has the others with fewer filters.
    private static let models =
        Zoo.models.filter { ((try? $0.network().multiplyAdds) ?? .max) < 20_000_000 }.map(\.name)
        + ["resnet-cifar-20-v1"]

    /// Both engines round some 1e-7 an operation, in other orders; relative to the largest value of a tensor, sums of
    /// thousands of products and twenty normalisations of a small batch lift that to the tolerance. A bias
    /// before a normalisation has no gradient: rounding is left, which is measured against one of ordinary size, 0.2.
    private static let tolerance = 1e-4

    @Test(arguments: TestedEngine.others, models)
    func training(_ engine: TestedEngine, _ model: String) throws {
        try compare(engine, model, shards: [2, 1], purpose: .training, mode: .shard)
    }

    @Test(arguments: TestedEngine.others)
    func trainingWithTheWholeBatchsStatistics(_ engine: TestedEngine) throws {
        try compare(engine, "resnet-cifar-8-v1", shards: [2, 1], purpose: .training, mode: .global)
    }

    /// Enough samples to lie side by side, in one group and in two.
    @Test(arguments: TestedEngine.others, ["lenet5", "lenet5-1998", "lenet5-keras"])
    func trainingOfFewChannels(_ engine: TestedEngine, _ model: String) throws {
        try compare(engine, model, shards: [16, 29], purpose: .training, mode: .shard)
        try compare(engine, model, shards: [29], purpose: .evaluation, mode: .shard)
    }

    @Test(arguments: TestedEngine.others, LayerCase.all + LayerCase.wideWinograds)
    func layers(_ engine: TestedEngine, _ layer: LayerCase) throws {
        try compare(
            engine, layer.network(), loss: .meanSquaredError, shards: [2, 1], purpose: .training, mode: .shard)
    }

    @Test(arguments: TestedEngine.others, models)
    func evaluation(_ engine: TestedEngine, _ model: String) throws {
        try compare(engine, model, shards: [3], purpose: .evaluation, mode: .shard)
    }

    @Test(arguments: TestedEngine.others, models)
    func prediction(_ engine: TestedEngine, _ model: String) throws {
        try compare(engine, model, shards: [1], purpose: .prediction, mode: .shard)
    }

    private func compare(
        _ engine: TestedEngine, _ name: String, shards: [Int], purpose: PlanPurpose, mode: BatchNormalizationMode
    ) throws {
        let model = try Zoo.model(named: name)
        try compare(
            engine, model.network().smoothIfDeep(), loss: model.loss, shards: shards, purpose: purpose, mode: mode)
    }

    private func compare(
        _ engine: TestedEngine, _ network: Network, loss: Loss, shards: [Int], purpose: PlanPurpose,
        mode: BatchNormalizationMode
    ) throws {
        let kind = loss == .meanSquaredError ? TargetKind.values : .label
        let batch = Batch(for: network, samples: shards.reduce(0, +), kind: kind)
        let parameters = network.randomParameters()
        let results = try [TestedEngine.blas, engine].map { engine in
            let run = try PlanRun(
                engine.make(), network, loss: loss, kind: kind, shards: shards, purpose: purpose,
                batchNormalization: mode)
            try run.load(parameters)
            return try run.run(batch)
        }
        expectAgreement(results[1].outputs, results[0].outputs, within: Self.tolerance, "outputs")
        expectAgreement([results[1].metrics.loss], [results[0].metrics.loss], within: Self.tolerance, "loss")
        #expect(results[1].metrics.correct == results[0].metrics.correct)
        for (index, parameter) in network.parameters.enumerated() where purpose == .training {
            expectAgreement(
                results[1].gradients[index], results[0].gradients[index], within: Self.tolerance, atLeast: 0.2,
                parameter.path)
        }
    }
}

extension Network {
    /// With tanh for ReLU where there are many: some have inputs so near zero that rounding decides. GoldenTests compares
    /// deep networks with ReLUs, whose weights leave none there.
    fileprivate func smoothIfDeep() throws -> Network {
        let isReLU = { (layer: Layer) in if case .activation(let old) = layer { old.function == .relu } else { false } }
        guard nodes.filter({ isReLU($0.layer) }).count > 10 else { return self }
        return try changed { isReLU($0) ? .activation(ActivationLayer(.tanh)) : nil }
    }
}
