/// A loss that is not a number. The loss kernel throws it before the backward pass writes anything. The trainer then
/// asks the bound plan in which layer it began.
public struct NonFiniteLoss: Error, Sendable {
    public let loss: Double
}

extension BoundPlan {
    /// Runs the forward pass again, kernel by kernel, and names the first layer that writes a NaN or an infinity. For
    /// diagnosis after `NonFiniteLoss`, while parameters and input are still those of the step.
    public func firstNonFiniteLayer(_ context: StepContext) throws -> String? {
        for (segment, planned) in zip(segments, plan.segments) {
            for (kernel, planned) in zip(segment.kernels, planned.kernels) {
                guard planned.phase == .forward else { return nil }
                try kernel(context)
                if planned.writes.contains(where: holdsNonFinite) { return planned.layer }
            }
        }
        return nil
    }

    /// Whether the input that was loaded holds a NaN or an infinity.
    public var inputIsFinite: Bool { !holdsNonFinite(plan.input) }

    private func holdsNonFinite(_ buffer: BufferID) -> Bool {
        let (kind, bytes) = plan.contents[buffer.index]
        switch kind {
        case .floats:
            let values = UnsafeBufferPointer(start: memory.floats(buffer), count: bytes / MemoryLayout<Float>.stride)
            return values.contains { !$0.isFinite }
        case .bfloat16:
            // The upper half of a float: an exponent of ones is an infinity or a NaN.
            let values = UnsafeRawBufferPointer(start: memory[buffer], count: bytes).bindMemory(to: UInt16.self)
            return values.contains { $0 & 0x7F80 == 0x7F80 }
        case .other: return false
        }
    }
}
