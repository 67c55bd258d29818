import Basics
import Execution
import Lowering
import Models
import ModelZoo
import Testing

/// Which statistics batch normalisation uses, and what it hands to the moving ones.
@Suite struct BatchNormalizationTests {
    private static let pixels = 4 * 3
    private static let channels = 3

    /// On the input itself, so that the statistics are known: means and population variances, each shard weighing by
    /// its samples.
    @Test(arguments: TestedEngine.all)
    func shardsReportTheirStatistics(_ engine: TestedEngine) throws {
        let (run, batch) = try normalization(engine, shards: [2, 3], mode: .shard)
        let gradients = try run.run(batch).gradients
        let parts = [(0..<2), (2..<5)].map { statistics(batch, $0) }
        for (gradient, part) in [(2, \Statistics.means), (3, \Statistics.variances)] {
            let expected = (0..<Self.channels).map { 2 * parts[0][keyPath: part][$0] + 3 * parts[1][keyPath: part][$0] }
            // Sums of some forty values in single precision.
            expectAgreement(gradients[gradient], expected, within: 1e-5, "statistic \(gradient)")
        }
    }

    @Test(arguments: TestedEngine.all)
    func theWholeBatchsStatisticsAreOfAllSamples(_ engine: TestedEngine) throws {
        let (run, batch) = try normalization(engine, shards: [2, 3], mode: .global)
        let gradients = try run.run(batch).gradients
        let whole = statistics(batch, 0..<5)
        expectAgreement(gradients[2], whole.means.map { 5 * $0 }, within: 1e-5, "means")
        expectAgreement(gradients[3], whole.variances.map { 5 * $0 }, within: 1e-5, "variances")
    }

    /// Cut into shards or not, global mode computes what one shard of the whole batch does.
    @Test(arguments: TestedEngine.all, ["resnet-cifar-8-v1"])
    func cuttingTheBatchChangesNothingInGlobalMode(_ engine: TestedEngine, _ model: String) throws {
        let network = try Zoo.model(named: model).network()
        let batch = Batch(for: network, samples: 5, kind: .label)
        let run = { (shards: [Int], mode: BatchNormalizationMode) in
            let run = try PlanRun(
                engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: shards,
                batchNormalization: mode)
            try run.load(network.randomParameters())
            return try run.run(batch)
        }
        let whole = try run([5], .shard)
        for shards in [[5], [3, 2], [2, 1, 2]] {
            let cut = try run(shards, .global)
            // Rounding of the combined statistics, through eight normalisations.
            expectAgreement(cut.outputs, whole.outputs, within: 1e-4, "outputs")
            for (index, parameter) in network.parameters.enumerated() {
                expectAgreement(
                    cut.gradients[index], whole.gradients[index], within: 1e-4, atLeast: 0.2, parameter.path)
            }
        }
        // The test could not fail if shards' own statistics gave the same.
        let apart = try run([3, 2], .shard)
        #expect(zip(apart.outputs, whole.outputs).contains { abs($0 - $1) > 1e-2 })
    }

    @Test(arguments: TestedEngine.all)
    func evaluationUsesMovingStatistics(_ engine: TestedEngine) throws {
        let (run, batch) = try normalization(engine, shards: [2], mode: .shard, purpose: .evaluation)
        let parameters = run.network.randomParameters()
        try run.load(parameters)
        let outputs = try run.run(batch).outputs
        let expected = batch.inputs.enumerated().map { i, x in
            let c = i % Self.channels
            let (gamma, beta) = (Double(parameters[0][c]), Double(parameters[1][c]))
            let (mean, variance) = (Double(parameters[2][c]), Double(parameters[3][c]))
            return max(0, gamma * (Double(x) - mean) / (variance + 1e-3).squareRoot() + beta)
        }
        expectAgreement(outputs, expected, within: 1e-6, "outputs")
    }

    private func normalization(
        _ engine: TestedEngine, shards: [Int], mode: BatchNormalizationMode, purpose: PlanPurpose = .training
    ) throws -> (PlanRun, Batch) {
        let network = try Network.build([4, 3, Self.channels]) { graph, x in
            _ = graph.activation(graph.batchNormalization(x), .relu)
        }
        let run = try PlanRun(
            engine.make(), network, loss: .meanSquaredError, kind: .values, shards: shards, purpose: purpose,
            batchNormalization: mode)
        try run.load(network.randomParameters())
        return (run, Batch(for: network, samples: run.batchSize, kind: .values))
    }

    private struct Statistics {
        var means: [Double] = []
        var variances: [Double] = []
    }

    private func statistics(_ batch: Batch, _ samples: Range<Int>) -> Statistics {
        var result = Statistics()
        for c in 0..<Self.channels {
            let values = (samples.lowerBound * Self.pixels..<samples.upperBound * Self.pixels).map {
                Double(batch.inputs[$0 * Self.channels + c])
            }
            let mean = values.reduce(0, +) / Double(values.count)
            result.means.append(mean)
            result.variances.append(values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
        }
        return result
    }
}
