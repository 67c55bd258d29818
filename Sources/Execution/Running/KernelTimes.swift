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
    /// Runs all segments with a clock around each kernel, and adds the seconds to `times`. For profiles only: exchanges
    /// between segments are left out, so that kernels behind them find what the last step left there.
    public func addTimes(_ context: StepContext, to times: inout [PlannedKernel.Kind: Double]) throws {
        try forEachStaleCopy { copy, planned in
            try Self.addTimes(of: copy.kernels, planned.kernels, context, to: &times)
        }
        for (segment, planned) in zip(segments, plan.segments) {
            try Self.addTimes(of: segment.kernels, planned.kernels, context, to: &times)
        }
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
