import Basics

extension BoundPlan {
    /// The same plan with a clock around each kernel: what a traced run executes in its place, so that other runs have
    /// nothing to ask. A kernel's spans are numbered by the first sample of their shard.
    public func traced(into spans: SpanBuffer) -> BoundPlan {
        func traced(_ kernels: [Kernel], _ planned: [PlannedKernel]) -> [Kernel] {
            zip(kernels, planned).map { kernel, planned in
                let label = spans.label(
                    SpanBuffer.Label(
                        planned.phase.rawValue, "\(planned.layer): \(planned.kind)", numbering: "first sample"))
                return { context in
                    guard spans.isRecording else { return try kernel(context) }
                    let begin = BootClock.now
                    try kernel(context)
                    spans.record(label, context.firstSample, from: begin)
                }
            }
        }
        let segments = zip(segments, plan.segments).map { segment, planned in
            Segment(
                kernels: traced(segment.kernels, planned.kernels), gradientsReady: segment.gradientsReady,
                gradients: segment.gradients, exchange: segment.exchange)
        }
        let weightCopies = zip(weightCopies, plan.weightCopies).map { copy, planned in
            WeightCopy(place: copy.place, kernels: traced(copy.kernels, planned.kernels))
        }
        return BoundPlan(
            plan: plan, memory: memory, segments: segments, weightCopies: weightCopies, input: input, targets: targets,
            output: output, metrics: metrics)
    }
}
