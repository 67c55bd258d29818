import Basics
import FoundationEssentials
import Glibc

/// A rank of this job on this node, as /proc shows it. MPI need not have started.
package struct LocalRank: Sendable, Equatable {
    let rank: Int
    let process: Int
    /// By SIGSTOP, Ctrl-Z or a debugger.
    let isStopped: Bool

    /// The processes that were started by the same launcher, this one included.
    package static var all: [LocalRank] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let parent = Int(getppid())
        return names.compactMap { Int($0) }.compactMap { LocalRank(process: $0, parent: parent) }
            .sorted { $0.rank < $1.rank }
    }

    private init?(process: Int, parent: Int) {
        guard let status = SystemText("/proc/\(process)/status"), status.number(after: "PPid:") == parent,
            let environment = SystemText("/proc/\(process)/environ")
        else { return nil }
        let pairs = environment.text.split(separator: "\0").compactMap { entry -> (String, String)? in
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        let launch = LaunchEnvironment(Dictionary(pairs, uniquingKeysWith: { $1 }))
        guard launch.isUnderLauncher else { return nil }
        rank = launch.rank
        self.process = process
        isStopped = ["T", "t"].contains(status.word(after: "State:"))
    }

    package init(rank: Int, process: Int, isStopped: Bool) {
        self.rank = rank
        self.process = process
        self.isStopped = isStopped
    }
}
