import Basics

/// The memory of a rank's parameters and gradients, each one contiguous block in the order of the `ArenaLayout`. A
/// replica computes in it; whoever allocates it decides where it lies.
public struct Arenas {
    public let parameters: AlignedBuffer<Float>
    /// One for each level of the rank's part of the reduction tree; none if the replica only evaluates.
    public let gradientLevels: [AlignedBuffer<Float>]

    public init(parameters: AlignedBuffer<Float>, gradientLevels: [AlignedBuffer<Float>]) {
        self.parameters = parameters
        self.gradientLevels = gradientLevels
    }

    /// Memory of their own.
    public init(parameterCount: Int, gradientCount: Int, levels: Int) {
        parameters = AlignedBuffer(count: parameterCount)
        gradientLevels = (0..<levels).map { _ in AlignedBuffer(count: gradientCount) }
    }
}
