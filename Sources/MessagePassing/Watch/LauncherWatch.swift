import Basics
import CSharedMemory
import FoundationEssentials
import Glibc

/// Ends a rank when the program that has started it is gone, or the helper by which that did so, however they ended.
///
/// MPI means to do so by itself. But it learns of it by a connection, which a thread of MPI's must be there to read: ranks of
/// Open MPI 5 were seen to live on, and to keep their output folder from the next run. The kernel says at once that a process
/// has ended.
package enum LauncherWatch {
    /// Before MPI_Init, which may wait for ever for a launcher that is gone. Without a launcher it does nothing.
    static func begin(_ launch: LaunchEnvironment) throws(ThreadError) {
        for launcher in Launcher.chain(above: getpid()) {
            guard let end = ProcessEnd(of: launcher.process) else { continue }
            try BackgroundThread.start("dptrain launcher") {
                end.wait()
                Alert.limitEnd(EXIT_FAILURE)
                removeRemains(of: launcher.process)
                Alert.end(
                    EXIT_FAILURE,
                    saying: "rank \(launch.rank) ends, since \(launcher.name), which has started it, is gone.")
            }
        }
    }

    /// Nobody else is left to do it.
    private static func removeRemains(of launcher: Int32) {
        SharedFiles.mapped.removeNames()
        MPI.implementation.removeRemains(of: launcher, ProcessInfo.processInfo.environment)
    }
}

/// The end of a process that need not be a child.
package final class ProcessEnd: Sendable {
    private let descriptor: Int32

    /// Nil where there is no such process, or the kernel cannot tell (before Linux 5.3).
    package init?(of process: Int32) {
        descriptor = dptrain_process_file(process)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    package func wait() { while !isThere(within: -1) {} }

    /// Whether it has ended, or does so within this time; -1 for any time.
    package func isThere(within milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, milliseconds) > 0
    }
}
