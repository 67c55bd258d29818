import Basics
import Execution
import Foundation
import MessagePassing
import Models

/// A network that does not fit into the memory of a machine: says how much it needs before it starts.
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
    }
}

/// The memory of the machine that a rank runs on.
package enum NodeMemory {
    private struct Claim: Codable {
        let node: String
        let need: Int
        let resident: Int
        let available: Int
    }

    /// What the ranks on one machine take together, in bytes.
    package struct Account: Sendable {
        package let ranks: Int
        /// What they need, and what their processes have already.
        package let total: Int
        /// What the machine can give besides what the processes have.
        package let available: Int
    }

    /// Adds up what the ranks on each node need; all ranks throw if it is more than is available there. Collective.
    package static func requireRoom(
        for need: MemoryNeed, of model: String, _ communicator: Communicator
    ) throws -> Account {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let node = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let claim = Claim(node: node, need: need.total, resident: residentBytes, available: availableBytes ?? .max)
        let claims = try communicator.allGather([UInt8](JSONEncoder().encode(claim))).map {
            try JSONDecoder().decode(Claim.self, from: Data($0))
        }
        let mine = claims.filter { $0.node == node }
        let sum = mine.reduce(0) { $0 + $1.need }
        let available = mine.map(\.available).min() ?? .max
        _ = try communicator.together {
            guard sum <= available else {
                throw MemoryError(
                    model: model, node: node, ranks: mine.count, need: sum, available: available, largest: need)
            }
        }
        let resident = mine.reduce(0) { $0 + $1.resident }
        return Account(ranks: mine.count, total: sum + resident, available: available)
    }

    /// What this process has: pages that it shares with others count in part (proportional set size).
    private static var residentBytes: Int {
        guard let text = text("/proc/self/smaps_rollup") else { return 0 }
        return (number(after: "Pss:", in: text) ?? 0) * 1024
    }

    /// What the kernel can give without swapping, and what the process's control group leaves of it.
    static var availableBytes: Int? {
        [machine, controlGroup].compactMap(\.self).min()
    }

    /// The most memory this process has had. `getrusage` would count what it was started from, too.
    package static func peakBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        return (number(after: "VmHWM:", in: status) ?? 0) * 1024
    }

    private static var machine: Int? {
        guard let text = text("/proc/meminfo") else { return nil }
        return number(after: "MemAvailable:", in: text).map { $0 * 1024 }
    }

    /// Version 2, or version 1; nil where there is no limit. Cached file pages count as used, but are given back.
    private static var controlGroup: Int? {
        let lines = text("/proc/self/cgroup")?.split(separator: "\n") ?? []
        for line in lines {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[0] == "0" {
                return room("/sys/fs/cgroup", String(fields[2]), limit: "memory.max", usage: "memory.current")
            }
            if fields[1].split(separator: ",").contains("memory") {
                return room(
                    "/sys/fs/cgroup/memory", String(fields[2]), limit: "memory.limit_in_bytes",
                    usage: "memory.usage_in_bytes")
            }
        }
        return nil
    }

    /// A container sees its own group at the mount point.
    private static func room(_ mount: String, _ group: String, limit: String, usage: String) -> Int? {
        for folder in [mount + group, mount] {
            guard let limit = text("\(folder)/\(limit)").flatMap({ Int($0.trimmingCharacters(in: .newlines)) }),
                let usage = text("\(folder)/\(usage)").flatMap({ Int($0.trimmingCharacters(in: .newlines)) })
            else { continue }
            let cached = text("\(folder)/memory.stat").flatMap { number(after: "inactive_file ", in: $0) } ?? 0
            return max(0, limit - usage + cached)
        }
        return nil
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private static func number(after key: String, in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.dropFirst(key.count).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }
}
