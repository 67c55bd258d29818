import Basics
import Glibc

/// The program that has started this rank, as far as /proc shows it.
package struct Launcher: Sendable {
    /// Its process, if it is the launcher itself and not a helper of it.
    let process: Int32?

    static var current: Launcher {
        let parent = getppid()
        let isLauncher = name(of: parent).map { MPI.implementation.launcherProcesses.contains($0) } ?? false
        return Launcher(process: isLauncher ? parent : nil)
    }

    /// The processes above this one by which it was started, the nearest first: helpers of the launcher, and the launcher
    /// itself if it runs on this host. A helper may outlive its launcher, and so may a script that stands between them.
    package static func chain(above process: Int32) -> [(process: Int32, name: String)] {
        let (launchers, helpers) = (MPI.implementation.launcherProcesses, MPI.implementation.launcherHelpers)
        var chain: [(process: Int32, name: String)] = []
        var above = parent(of: process)
        while let candidate = above, candidate > 1 {
            if let name = name(of: candidate), launchers.union(helpers).contains(name) {
                chain.append((candidate, name))
                // One above it has started a program that starts ranks of its own.
                if launchers.contains(name) { break }
            }
            above = parent(of: candidate)
        }
        return chain
    }

    private static func name(of process: Int32) -> String? {
        SystemText("/proc/\(process)/status")?.word(after: "Name:").map(String.init)
    }

    private static func parent(of process: Int32) -> Int32? {
        SystemText("/proc/\(process)/status")?.number(after: "PPid:").flatMap { Int32(exactly: $0) }
    }

    /// How to go on when the ranks are gone. The launcher can outlive them if it has lost a node.
    var farewell: String {
        let name = MPI.implementation.launcher
        let command = process.map { "kill -9 \($0)" } ?? "pkill -9 \(name), on the node where it was started"
        return "dptrain ends the job. If \(name) does not end by itself, end it: \(command). "
            + "A run that has saved a checkpoint goes on with --resume."
    }
}
