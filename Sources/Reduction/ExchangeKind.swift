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
}

extension ExchangeKind {
    /// All names, each with what should be known of it.
    public static var help: String {
        allCases.map { kind in kind.rawValue + (kind.type.caveat.map { " (\($0))" } ?? "") }.joined(separator: ", or ")
    }
}
