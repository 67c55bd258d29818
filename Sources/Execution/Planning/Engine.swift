import Basics
import Lowering
import Models

/// What a plan is asked for.
public struct PlanRequest {
    public var network: LoweredNetwork
    public var loss: Loss
    public var targets: TargetKind
    /// Whether each sample's loss has a weight.
    public var isWeighted = false
    /// Samples of the shard.
    public var samples: Int
    public var purpose: PlanPurpose
    public var batchNormalization: BatchNormalizationMode
    public var precision: Precision
    /// The arena of the run's training plan; nil for the plan that fixes it.
    public var arena: ArenaLayout?
    /// Whether values whose lives do not overlap may share memory, and whether large values may be computed twice. If
    /// not, a plan computes the same in more memory; tests compare both kinds of plan.
    public var packsMemory: Bool
    /// Whether the plan runs for several shards a step: copies of weights are then made once a step, in memory of their
    /// own.
    public var keepsWeightCopies: Bool
    /// How the rank's shards are added, if all go through one operation before the next; nil if one goes through the whole plan
    /// after the other.
    public var sums: ShardSums?
    /// Samples of the largest shard that is trained on, if the plan is not for it.
    public var largestShard: Int?

    public init(
        network: LoweredNetwork, loss: Loss, targets: TargetKind, samples: Int, purpose: PlanPurpose,
        batchNormalization: BatchNormalizationMode = .shard, precision: Precision = .fp32, arena: ArenaLayout? = nil,
        packsMemory: Bool = true, keepsWeightCopies: Bool = false
    ) {
        self.network = network
        self.loss = loss
        self.targets = targets
        self.samples = samples
        self.purpose = purpose
        self.batchNormalization = batchNormalization
        self.precision = precision
        self.arena = arena
        self.packsMemory = packsMemory
        self.keepsWeightCopies = keepsWeightCopies
    }
}

/// The precision in which layers compute. Weights, gradients of weights, statistics and losses are always single
/// precision.
public enum Precision: String, Sendable, Codable, CaseIterable {
    case fp32
    /// Activations, their gradients and copies of the weights have the 8 significant bits and the range of bfloat16;
    /// sums inside a layer are single precision.
    case bf16
}

/// What a sample's target is.
public enum TargetKind: Sendable, Equatable {
    /// A class number, Int32.
    case label
    /// A share for each class, as many floats as the network has outputs. The class with the largest share is the label that
    /// predictions are compared with, as in Keras's `categorical_accuracy`.
    case shares
    /// As many floats as the network has outputs.
    case values
    /// The same, each 0 or 1: whether the sample belongs to a class. Outputs on the right side are counted.
    case flags
    /// Those of a network's heads, one after the other in a row of floats; a label is one of them.
    indirect case row([TargetKind])

    /// What there is to be right about in a sample with so many outputs; of heads it is that of the first.
    package func decisions(outputs: Int) -> Int {
        switch self {
        case .label, .shares: 1
        case .flags: outputs
        case .values: 0
        case .row(let kinds): kinds.first?.decisions(outputs: outputs) ?? 0
        }
    }
}

/// A library that computes layers. The rest of dptrain knows engines only through this protocol.
public protocol Engine {
    /// `onednn` or `blas`, as `--engine` names it.
    var name: String { get }
    /// Library, version and instruction set, for the banner and for the comparison between ranks.
    var description: String { get }
    /// Throws if the engine or the processor does not have the precision.
    func plan(_ request: PlanRequest) throws -> Plan
    /// c = a · b of row-major [size, size] matrices in single precision, by the library's own product. Its speed shows what
    /// the processor can do.
    func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, size: Int) throws
}

/// How an engine turns operations into kernels. `Planner` walks the network forward and backward with it.
public protocol LayerCompiler {
    /// A value in a buffer, in a layout of the engine's choice.
    associatedtype Tensor
    /// What the forward pass of an operation keeps for its backward pass.
    associatedtype Saved

    /// A row-major [n, shape] tensor as the engine sees it.
    func tensor(_ buffer: BufferID, _ shape: Shape) throws -> Tensor
    /// The same values row-major.
    func plain(_ tensor: Tensor) throws -> BufferID
    func buffer(of tensor: Tensor) -> BufferID

    /// Whether the engine has its own kernels for an operation; plain loops compute it if not.
    func replacesPlainLayer(_ operation: Operation) -> Bool

    /// Emits the operation's forward pass, for training or evaluation as the builder's purpose says.
    func forward(_ operation: Operation, _ inputs: [Tensor]) throws -> (output: Tensor, saved: Saved)

    /// Emits the gradients of parameters, into the gradient arena, and of those inputs that are wanted (nil for the
    /// others). The incoming gradient may be overwritten if `mayOverwrite` says so.
    func backward(
        _ operation: Operation, _ saved: Saved, gradient: Tensor, mayOverwrite: Bool, wanted: [Bool]
    ) throws -> [Tensor?]

    /// Emits the sum of two gradients, in place of `first` if that may be overwritten.
    func sum(_ first: Tensor, _ second: Tensor, mayOverwriteFirst: Bool) throws -> Tensor
}

extension LayerCompiler {
    public func replacesPlainLayer(_ operation: Operation) -> Bool { false }
}

/// A plan that cannot be made, or a kernel that failed.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    public let engine: String
    public let layer: String?
    public let operation: String
    public let reason: String

    public init(engine: String, layer: String?, operation: String, reason: String) {
        self.engine = engine
        self.layer = layer
        self.operation = operation
        self.reason = reason
    }

    public var description: String {
        "engine \(engine)" + (layer.map { ", layer \($0)" } ?? "") + ", \(operation): \(reason)"
    }
}

extension Network {
    /// The loss that fits targets of a kind, used if no other is named; `node` is an output that is not the network's own.
    package func usualLoss(for targets: TargetKind, of node: Int? = nil) -> Loss.Function {
        let output = node ?? nodes.count - 1
        if decision(of: output) == .smallest { return .maximumAPosteriori }
        if targets == .flags, nodes[output].layer.activation == .sigmoid { return .binaryCrossEntropy }
        if targets == .values || targets == .flags { return .meanSquaredError }
        return shapes[output].count == 1 ? .binaryCrossEntropy : .sparseCategoricalCrossEntropy
    }
}
