import Basics

/// A loss that is not a number. The loss kernel throws it before the backward pass writes anything. The trainer then
/// asks the bound plan in which layer it began.
public struct NonFiniteLoss: Error, Sendable {
    public let loss: Double
}

/// Where a pass over a shard first wrote a NaN or an infinity.
public enum NonFiniteOrigin: Sendable, Equatable {
    case layer(String, Phase)
    /// All layers were finite up to the loss, which is not.
    case loss(Double)
}

extension BoundPlan {
    /// Runs a segment again, kernel by kernel, until one writes a NaN or an infinity. For diagnosis, while parameters and
    /// input are still those of the step.
    public func firstNonFinite(in segment: Int, _ context: StepContext) throws -> NonFiniteOrigin? {
        for (kernel, planned) in zip(segments[segment].kernels, plan.segments[segment].kernels) {
            do {
                try kernel(context)
            } catch let bad as NonFiniteLoss {
                return .loss(bad.loss)
            }
            if planned.writes.contains(where: { holdsNonFinite($0, segments[segment].memory) }) {
                return .layer(planned.layer, planned.phase)
            }
        }
        return nil
    }

    /// Whether nothing that was loaded is a NaN or an infinity.
    public var inputIsFinite: Bool { !plan.inputs.contains { holdsNonFinite($0, memory) } }

    private func holdsNonFinite(_ buffer: BufferID, _ memory: Memory) -> Bool {
        let (kind, bytes) = plan.contents[buffer.index]
        switch kind {
        case .floats: return !allFinite(memory.floats(buffer), count: bytes / MemoryLayout<Float>.stride)
        case .bfloat16:
            // The upper half of a float: an exponent of ones is an infinity or a NaN.
            let values = UnsafeRawBufferPointer(start: memory[buffer], count: bytes).bindMemory(to: UInt16.self)
            return values.contains { $0 & 0x7F80 == 0x7F80 }
        case .other: return false
        }
    }
}
