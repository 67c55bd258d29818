import DataPipeline
import Execution
import Sessions

/// Runs shards with a clock around each kernel.
struct KernelTiming: ShardVisitor {
    let shards: Range<Int>
    /// Of the shards, as `contexts` are.
    let plans: [BoundPlan]
    let contexts: [StepContext]
    let sums: ShardSums?
    let loader: SampleLoader
    let samples: BatchBuffer
    /// Seconds.
    var times: [PlannedKernel.Kind: Double]

    private static let loading = PlannedKernel.Kind(phase: .forward, name: "normalising samples")

    mutating func begin(_ shard: Int) throws {
        let (plan, context) = at(shard)
        let start = ContinuousClock.now
        loader.load(samples[shard], into: plan)
        times[Self.loading, default: 0] += (ContinuousClock.now - start) / .seconds(1)
        try plan.addCopyTimes(context, to: &times)
    }

    mutating func run(_ segment: Int, of shard: Int, _ run: BoundPlan.Run?) throws {
        let (plan, context) = at(shard)
        try plan.addTimes(of: segment, run: run, context, to: &times)
    }

    mutating func runForAllShards(_ segment: Int, _ run: BoundPlan.Run) throws {
        try plans[0].addTimes(of: segment, run: run, contexts[0], to: &times)
    }

    mutating func finish(_ segment: Int) {
        if let sums { plans[0].addTime(ofSum: segment, sums, to: &times) }
    }

    private func at(_ shard: Int) -> (BoundPlan, StepContext) {
        (plans[shard - shards.lowerBound], contexts[shard - shards.lowerBound])
    }
}
