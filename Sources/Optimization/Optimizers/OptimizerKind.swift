/// One of the optimizers, without values of its hyper-parameters.
public struct OptimizerKind: Hashable, Sendable {
    /// All optimizers, in the order in which help names them.
    public static let all = [
        OptimizerKind(SGD.self),
        OptimizerKind(Adam.self),
        OptimizerKind(RMSprop.self),
        OptimizerKind(AdaGrad.self),
        OptimizerKind(AdamW.self),
        OptimizerKind(Lion.self),
        OptimizerKind(LAMB.self),
        OptimizerKind(LARS.self),
    ]

    public let type: any Optimizer.Type

    public init(_ type: any Optimizer.Type) { self.type = type }

    public var name: String { type.name }

    public static func == (a: Self, b: Self) -> Bool { a.type == b.type }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(type)) }
}
