import MessagePassing

/// How gradients travel between ranks of one node.
public enum NodeExchange: String, Sendable, CaseIterable {
    /// They are added where they lie, in memory that the ranks share.
    case memory
    /// As between nodes.
    case messages
}

/// The gradient exchanges that a run can choose from, by their names in `--reduction`. A further exchange is a further
/// case and its type.
public enum ExchangeKind: String, Sendable, CaseIterable {
    case tree
    case allreduce

    public var type: any GradientExchange.Type {
        switch self {
        case .tree: TreeExchange.self
        case .allreduce: AllReduceExchange.self
        }
    }

    /// The type for ranks of which those of one of `nodes` share memory. It computes the same.
    public func type(_ nodes: NodeMap) -> any GradientExchange.Type {
        self == .tree && nodes.nodes.count < nodes.ranks ? NodeTreeExchange.self : type
    }
}

extension ExchangeKind {
    /// All names, each with what should be known of it.
    public static var help: String {
        allCases.map { kind in kind.rawValue + (kind.type.caveat.map { " (\($0))" } ?? "") }.joined(separator: ", or ")
    }
}
