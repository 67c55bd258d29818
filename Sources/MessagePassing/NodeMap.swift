import CMPI

/// Which ranks run on the same node, and so can share memory. The same on all ranks.
public struct NodeMap: Sendable, Equatable {
    /// The ranks of each node, ascending. Nodes stand in the order of their first ranks.
    public let nodes: [[Int]]
    private let nodeOfRank: [Int]

    /// `labels`: one for each rank, equal for ranks of one node.
    public init(labels: [Int]) {
        var nodes: [[Int]] = []
        var numbers: [Int: Int] = [:]
        for (rank, label) in labels.enumerated() {
            let node = numbers[label] ?? nodes.count
            if node == nodes.count { nodes.append([]) }
            numbers[label] = node
            nodes[node].append(rank)
        }
        self.nodes = nodes
        nodeOfRank = labels.compactMap { numbers[$0] }
    }

    /// So many ranks on each node, one node after the other.
    package init(sizes: [Int]) {
        self.init(labels: sizes.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) })
    }

    /// All ranks on one node.
    public init(ranks: Int) { self.init(sizes: [ranks]) }

    public var ranks: Int { nodeOfRank.count }
    public func node(of rank: Int) -> Int { nodeOfRank[rank] }
    /// Whether the ranks of each node follow each other.
    public var haveNeighbouringRanks: Bool { nodes.allSatisfy { $0.last == $0[0] + $0.count - 1 } }
    /// How many ranks stand before `rank` where nodes are gone through one after the other.
    public func place(of rank: Int) -> Int {
        let node = nodeOfRank[rank]
        return nodes[..<node].reduce(0) { $0 + $1.count } + nodes[node].prefix { $0 < rank }.count
    }

    /// The ranks that share the node of `rank`, itself among them.
    public func neighbours(of rank: Int) -> [Int] { nodes[nodeOfRank[rank]] }
}

extension Communicator {
    /// As MPI says. Collective.
    func nodesThatShareMemory() throws -> NodeMap {
        let node = try split("MPI_Comm_split_type") {
            MPI_Comm_split_type(handle.mpi, cmpi_comm_type_shared(), Int32(rank), cmpi_info_null(), &$0.mpi)
        }
        let first = try node.broadcast([Int64(rank)], from: 0)
        return NodeMap(labels: try allGather(first).joined().map { Int($0) })
    }

    /// The ranks that give the same number, such as that of their node, in the order of their ranks. Collective. Lives
    /// until `finalize`.
    public func split(by number: Int) throws -> Communicator {
        let color = try count(number, "MPI_Comm_split")
        return try split("MPI_Comm_split") { MPI_Comm_split(handle.mpi, color, Int32(rank), &$0.mpi) }
    }
}
