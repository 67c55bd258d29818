import Basics
import Execution
import MessagePassing
import Models

/// The error that a network does not fit into the memory of a node. It says, before the run starts, how much is
/// needed.
public struct MemoryError: Error, Sendable, Equatable, CustomStringConvertible {
    public let model: String
    public let node: String
    public let ranks: Int
    /// Of all ranks on the node.
    public let need: Int
    public let available: Int
    /// Of the rank that needs most.
    public let largest: MemoryNeed

    public var description: String {
        let parts = largest.parts.map { "\($0.name) \(ModelSummary.bytes($0.bytes))" }.joined(separator: ", ")
        return
            "model \(model) needs \(ModelSummary.bytes(need)) of memory on \(node) for \(Figures.count(ranks, "rank")) "
            + "(a rank: \(parts)), but \(ModelSummary.bytes(available)) are available; use a smaller --batch-size, more "
            + "--shards, which are computed one after another, a smaller --input-size, or fewer ranks on this machine"
            + (largest.keptSamples > 0 ? ", or leave out --cache ram" : "")
    }
}

/// The memory of the node that a rank runs on.
package enum NodeMemory {
    private struct Claim: Codable {
        let need: Int
        let own: Int
        let shared: Int
        let available: Int
    }

    /// What the ranks on one node take together, in bytes.
    package struct Account: Sendable {
        package let ranks: Int
        /// The sum of what they need and what their processes already have. Pages that they share count once.
        package let total: Int
        /// What the node can give besides what the processes have.
        package let available: Int
    }

    /// Sums what the ranks on each node need. All ranks throw if a node has less than its ranks need. Collective.
    package static func requireMemory(
        for need: MemoryNeed, of model: String, _ nodes: NodeMap, _ communicator: Communicator
    ) throws -> Account {
        let resident = HostMemory.resident ?? (0, 0)
        let claim = Claim(
            need: need.total, own: resident.own, shared: resident.shared,
            available: HostMemory.availableBytes ?? .max)
        let claims = try communicator.allGather(encoding: claim)
        let mine = nodes.neighbours(of: communicator.rank).map { claims[$0] }
        let sum = mine.reduce(0) { $0 + $1.need }
        let available = mine.map(\.available).min() ?? .max
        _ = try communicator.together {
            guard sum <= available else {
                throw MemoryError(
                    model: model, node: HostName.current, ranks: mine.count, need: sum, available: available,
                    largest: need)
            }
        }
        let present = mine.reduce(0) { $0 + $1.own } + (mine.map(\.shared).max() ?? 0)
        return Account(ranks: mine.count, total: sum + present, available: available)
    }
}

extension NodeMemory.Account: CustomStringConvertible {
    package var description: String {
        let room = available == .max ? "" : "; \(ModelSummary.bytes(available)) are available"
        return "\(ModelSummary.bytes(total)) at most for \(Figures.count(ranks, "rank")) on this machine\(room)"
    }
}

extension MemoryNeed {
    /// An estimate of the memory that libraries take and do not report, fitted to the measurements of
    /// docs/benchmarks.md: pages of program code that are first needed when kernels run, compiled kernels, and MPI's
    /// buffers for each other rank.
    package static func libraries(for network: Network, ranks: Int) -> Int {
        (4 << 20) + network.nodes.count * (100 << 10) + (ranks - 1) * (256 << 10)
    }
}
