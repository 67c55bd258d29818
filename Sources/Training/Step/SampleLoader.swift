import DataPipeline
import Execution

/// Normalises stored samples straight into a plan's input, and copies labels or target values beside them.
struct SampleLoader {
    let normalizer: Normalizer
    let targets: TargetKind
    /// Target values a sample.
    let width: Int

    func load(_ batch: ShardBatch, into plan: BoundPlan) {
        normalizer.normalize(batch.values, count: batch.count, into: plan.input)
        guard let memory = plan.targets else { return }
        switch targets {
        case .label: memory.assumingMemoryBound(to: Int32.self).update(from: batch.labels, count: batch.count)
        case .values:
            memory.assumingMemoryBound(to: Float.self).update(from: batch.targets, count: batch.count * width)
        }
    }
}
