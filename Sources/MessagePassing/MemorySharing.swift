/// Which ranks share memory.
public struct MemorySharing: Sendable, Equatable {
    /// Those of one node; a rank that shares with none is alone on its node.
    public let nodes: NodeMap
    /// Why ranks of a node do not share memory, in a sentence; nil if they do, or if no two ranks have the same node.
    public let obstacle: String?

    public init(nodes: NodeMap, obstacle: String? = nil) {
        self.nodes = nodes
        self.obstacle = obstacle
    }
}

extension Communicator {
    /// Tries whether the ranks of each node can share memory. All ranks get the same answer. Collective.
    public func memorySharing(_ nodes: NodeMap) throws -> MemorySharing {
        guard nodes.nodes.count < size else { return MemorySharing(nodes: nodes) }
        let alone = NodeMap(labels: Array(0..<size))
        precondition(nodes.haveNeighbouringRanks, "`world` numbers ranks node by node")
        let node = try split(by: nodes.node(of: rank))
        var failure = ""
        do { _ = try SharedWindow<UInt8>(count: 1, node) } catch { failure = "\(error)" }
        let failures = try allGather(Array(failure.utf8))
        guard let first = failures.first(where: { !$0.isEmpty }) else { return MemorySharing(nodes: nodes) }
        return MemorySharing(
            nodes: alone,
            obstacle: "Ranks of a node exchange messages, since they cannot share memory: "
                + String(decoding: first, as: UTF8.self) + ".")
    }
}
