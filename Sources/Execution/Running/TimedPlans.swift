import Basics

/// What a kernel belongs to, for breakdowns of time.
extension PlannedKernel {
    public struct Kind: Hashable, Sendable {
        public let phase: Phase
        public let name: String

        public init(phase: Phase, name: String) {
            self.phase = phase
            self.name = name
        }
    }
}

extension BoundPlan {
    /// Makes copies of weights with a clock around each kernel, and adds the seconds to `times`.
    public func addCopyTimes(_ context: StepContext, to times: inout [PlannedKernel.Kind: Double]) throws {
        try forEachStaleCopy { copy, planned in
            try Self.addTimes(of: copy.kernels, planned.kernels, context, to: &times)
        }
    }

    /// The same for a segment, or a run of its kernels. For profiles only: exchanges between segments are left out, so kernels
    /// behind them read the results of the last step.
    public func addTimes(
        of segment: Int, run: Run? = nil, _ context: StepContext, to times: inout [PlannedKernel.Kind: Double]
    ) throws {
        let (kernels, planned) = (segments[segment].kernels, plan.segments[segment].kernels)
        let range = run?.kernels ?? kernels.indices
        let all = run?.forAllShards ?? []
        try Self.addTimes(
            of: all.isEmpty ? Array(kernels[range]) : all, Array(planned[range]), context, to: &times)
    }

    /// The same for what is added when the last shard has run the segment.
    public func addTime(ofSum segment: Int, _ sums: ShardSums, to times: inout [PlannedKernel.Kind: Double]) {
        guard let sum = segments[segment].sum, let planned = plan.segments[segment].kernels.first else { return }
        let start = ContinuousClock.now
        sum.add(sums)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        times[PlannedKernel.Kind(phase: planned.phase, name: planned.kind), default: 0] += seconds
    }

    private static func addTimes(
        of kernels: [Kernel], _ planned: [PlannedKernel], _ context: StepContext,
        to times: inout [PlannedKernel.Kind: Double]
    ) throws {
        for (kernel, planned) in zip(kernels, planned) {
            let start = ContinuousClock.now
            try kernel(context)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            times[PlannedKernel.Kind(phase: planned.phase, name: planned.kind), default: 0] += seconds
        }
    }
}

extension BoundPlan {
    /// The same plan with a clock around each kernel. A traced run executes it instead, so other runs need not check
    /// whether to trace. A kernel's spans are numbered by the first sample of their shard.
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
                kernels: traced(segment.kernels, planned.kernels),
                runs: segment.runs.map {
                    Run(
                        kernels: $0.kernels,
                        forAllShards: traced($0.forAllShards, Array(planned.kernels[$0.kernels])),
                        gradients: $0.gradients)
                }, sum: segment.sum, memory: segment.memory,
                forward: segment.forward,
                gradientsReady: segment.gradientsReady, allReady: segment.allReady,
                gradients: segment.gradients, exchange: segment.exchange)
        }
        let weightCopies = zip(weightCopies, plan.weightCopies).map { copy, planned in
            WeightCopy(place: copy.place, kernels: traced(copy.kernels, planned.kernels))
        }
        return BoundPlan(
            plan: plan, memory: memory, segments: segments, weightCopies: weightCopies, input: input,
            furtherInputs: furtherInputs,
            targets: targets,
            weights: weights, output: output, metrics: metrics)
    }
}
