import Basics
import Glibc

/// The program that has started this rank, as far as /proc shows it.
package struct Launcher: Sendable {
    /// Its process, if it is the launcher itself and not a helper of it.
    let process: Int32?

    static var current: Launcher {
        let parent = getppid()
        let names = MPI.implementation.launcherProcesses
        let name = SystemText("/proc/\(parent)/status")?.word(after: "Name:")
        return Launcher(process: name.map { names.contains(String($0)) } == true ? parent : nil)
    }

    /// How to go on when the ranks are gone. The launcher can outlive them if it has lost a node.
    var farewell: String {
        let name = MPI.implementation.launcher
        let command = process.map { "kill -9 \($0)" } ?? "pkill -9 \(name), on the node where it was started"
        return "dptrain ends the job. If \(name) does not end by itself, end it: \(command). "
            + "A run that has saved a checkpoint goes on with --resume."
    }
}
