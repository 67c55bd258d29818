import Basics
import Glibc

/// The program that has started this rank, as far as /proc shows it.
package struct Launcher: Sendable {
    /// Its process, if it is mpirun itself and not a helper of it on another node.
    let process: Int32?

    private static let names: Set<Substring> = ["mpirun", "mpiexec", "orterun", "prterun"]

    static var current: Launcher {
        let parent = getppid()
        let name = SystemText("/proc/\(parent)/status")?.word(after: "Name:")
        return Launcher(process: name.map(names.contains) == true ? parent : nil)
    }

    /// How to go on when the ranks are gone. mpirun can outlive them if it has lost a node.
    var farewell: String {
        let command = process.map { "kill -9 \($0)" } ?? "pkill -9 mpirun, on the node where it was started"
        return "dptrain ends the job. If mpirun does not end by itself, end it: \(command). "
            + "A run that has saved a checkpoint goes on with --resume."
    }
}
