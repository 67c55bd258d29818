import Glibc
import Synchronization

/// The request to save a checkpoint and stop: SIGUSR1 (Slurm before a time limit; mpirun forwards it) or SIGTERM.
public enum StopSignal {
    private static let last = Atomic<Int32>(0)

    /// Catches these signals from now on. To be called before MPI_Init, which takes over what it finds free.
    public static func install(for signals: [Int32] = [SIGUSR1, SIGTERM]) {
        // The first use initialises the atomic here, so that the handler itself does nothing but store.
        last.store(0, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { StopSignal.last.store($0, ordering: .relaxed) }
        action.sa_flags = SA_RESTART
        for signal in signals { sigaction(signal, &action, nil) }
    }

    /// The signal that came last, if any came.
    public static var received: Int32? {
        let signal = last.load(ordering: .relaxed)
        return signal == 0 ? nil : signal
    }
}
