import DataPipeline
import Execution
import Basics
import Options

/// Normalises samples that were read straight into a plan's input, and copies labels or target values, and weights, beside them.
package struct SampleLoader {
    private var input: InputPipeline
    private let targets: TargetKind
    /// Target values a sample.
    private let width: Int
    private var trace: (spans: SpanBuffer, label: Int32)?

    package init(_ input: InputPipeline) {
        self.input = input
        targets = input.output.targetKind
        width = input.output.targetCount
    }

    /// The same loader for samples of another shape.
    package func taking(_ input: InputPipeline) -> SampleLoader {
        var copy = self
        copy.input = input
        return copy
    }

    /// A loader that records its work.
    package func traced(into spans: SpanBuffer) -> SampleLoader {
        var copy = self
        copy.trace = (spans, spans.label(.init("data", "normalise", numbering: "samples")))
        return copy
    }

    package func load(_ batch: ShardBatch, into plan: BoundPlan) {
        guard let (spans, label) = trace else { return fill(plan, from: batch) }
        let begin = BootClock.now
        fill(plan, from: batch)
        spans.record(label, batch.count, from: begin)
    }

    private func fill(_ plan: BoundPlan, from batch: ShardBatch) {
        input.normalizer.normalize(batch.values, count: batch.count, into: plan.input)
        precondition(plan.furtherInputs.count == input.further.count, "an input of the network would not be filled")
        for (number, normalizer) in input.further.enumerated() {
            normalizer.normalize(batch.further[number], count: batch.count, into: plan.furtherInputs[number])
        }
        plan.weights?.update(from: batch.weights, count: batch.count)
        guard let memory = plan.targets else { return }
        switch targets {
        case .label: memory.assumingMemoryBound(to: Int32.self).update(from: batch.labels, count: batch.count)
        case .shares, .values, .flags, .row:
            memory.assumingMemoryBound(to: Float.self).update(from: batch.targets, count: batch.count * width)
        }
    }
}
