/// A parameter in another form than the arena's: in the layout, the type or the domain in which a kernel reads it. It
/// is the same for all shards of a step. So a plan that runs for several shards makes it once, in memory of its own.
public struct WeightCopy {
    /// Plans of one replica share the copies that they have in common.
    public struct Identity: Hashable {
        let parameter: Int
        let form: AnyHashable
    }

    public let identity: Identity
    public let bytes: Int
    /// The kernels that make it.
    var kernels: [PlannedKernel] = []
}

/// Where a weight copy lies for all plans that read it, and whether it is a copy of the current weights.
public final class WeightCopyPlace {
    let address: UnsafeMutableRawPointer
    public var isCurrent = false

    /// `address` is 64-byte aligned and outlives the plans that are bound to it.
    public init(_ address: UnsafeMutableRawPointer) { self.address = address }
}

extension BoundPlan {
    /// A copy with its addresses.
    public struct WeightCopy {
        let place: WeightCopyPlace
        let kernels: [Kernel]
    }

    /// All of a plan whose shard exchanges nothing with others.
    public func run(_ context: StepContext) throws {
        try prepareWeights(context)
        for segment in segments {
            for kernel in segment.kernels { try kernel(context) }
        }
    }

    /// Makes those weight copies that are not current. Call it before the plan's first segment.
    public func prepareWeights(_ context: StepContext) throws {
        try forEachStaleCopy { copy, _ in
            for kernel in copy.kernels { try kernel(context) }
        }
    }

    /// Calls `make` with each copy that is not current and with its plan. All copies are current afterwards.
    func forEachStaleCopy(_ make: (WeightCopy, Execution.WeightCopy) throws -> Void) rethrows {
        for (copy, planned) in zip(weightCopies, plan.weightCopies) where !copy.place.isCurrent {
            try make(copy, planned)
            copy.place.isCurrent = true
        }
    }
}
