#if ONEDNN
import Execution
import Lowering
import Models
import ModelZoo
import OneDNNEngine
import Testing

/// Threads share kernels of our own in parts, which have the bits of the whole: sums are never divided.
@Suite struct ThreadTests {
    private static let threads = [2, 3, 7]

    @Test(arguments: LayerCase.all + LayerCase.wideWinograds, Precision.tested)
    func layers(_ layer: LayerCase, _ precision: Precision) throws {
        try compare(layer.network(), .meanSquaredError, shards: [2, 1], precision)
    }

    /// Enough samples to lie side by side, in one group and in two.
    @Test(arguments: ["lenet5", "lenet5-1998", "lenet5-keras", "resnet-cifar-8-v1"])
    func models(_ name: String) throws {
        let model = try Zoo.model(named: name)
        try compare(model.network(), model.loss, shards: [16, 29], .fp32)
    }

    private func compare(_ network: Network, _ loss: Loss, shards: [Int], _ precision: Precision) throws {
        let kind: TargetKind = loss == .meanSquaredError ? .values : .label
        let batch = Batch(for: network, samples: shards.reduce(0, +), kind: kind, seed: 3)
        let parameters = network.randomParameters()
        for purpose in [PlanPurpose.training, .evaluation] {
            let results = try ([1] + Self.threads).map { threads in
                let run = try PlanRun(
                    DNNLEngine(threads: threads), network, loss: loss, kind: kind, shards: shards, purpose: purpose,
                    precision: precision)
                try run.load(parameters)
                run.poison()
                return try run.run(batch)
            }
            for (threads, result) in zip(Self.threads, results.dropFirst()) {
                let isSame = result.hasSameBits(as: results[0])
                #expect(isSame, "\(purpose) on \(threads) threads and on one")
            }
        }
    }
}

extension Precision {
    /// Those that the processor computes.
    fileprivate static let tested: [Precision] = TestedEngine.bf16 == nil ? [.fp32] : [.fp32, .bf16]
}

extension StepResult {
    fileprivate func hasSameBits(as other: StepResult) -> Bool {
        outputs.map(\.bitPattern) == other.outputs.map(\.bitPattern)
            && gradients.map { $0.map(\.bitPattern) } == other.gradients.map { $0.map(\.bitPattern) }
            && metrics == other.metrics
    }
}
#endif
