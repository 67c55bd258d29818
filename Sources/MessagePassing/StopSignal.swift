import Basics
import Glibc
import Synchronization

/// The request to save a checkpoint and stop: Ctrl-C, SIGTERM, SIGUSR1 (Slurm before a time limit; mpirun forwards it),
/// SIGXCPU (a limit of processor time) or SIGHUP (the terminal is gone).
public enum StopSignal {
    private static let last = Atomic<Int32>(0)
    private static let speaks = Atomic<Bool>(false)
    /// For the terminal, on which Ctrl-C was typed.
    private static let announcement: StaticString =
        "\ndptrain: saves a checkpoint when this step has ended; Ctrl-C once more ends at once\n"

    /// Catches these signals from now on. To be called before MPI_Init, which takes over what it finds free. A signal that
    /// the caller ignores, as under `nohup`, stays ignored. A second Ctrl-C ends the process at once.
    /// `announces`: whether the first Ctrl-C is answered at once.
    package static func install(announces: Bool = false) throws(ThreadError) {
        // The first use initialises these here, so that the handler itself only reads and stores.
        last.store(0, ordering: .relaxed)
        speaks.store(announces && announcement.utf8CodeUnitCount > 0, ordering: .relaxed)
        for signal in [SIGINT, SIGTERM, SIGUSR1, SIGXCPU, SIGHUP] {
            try SignalHandler.install(for: signal) { signal in
                let earlier = StopSignal.last.exchange(signal, ordering: .relaxed)
                guard signal == SIGINT else { return }
                guard earlier == SIGINT else {
                    if StopSignal.speaks.load(ordering: .relaxed) { Alert.write(StopSignal.announcement) }
                    return
                }
                Glibc.signal(signal, SIG_DFL)
                raise(signal)
            }
        }
    }

    /// Whether the next first Ctrl-C is answered: not while there is no step that could end.
    package static func announce(_ announces: Bool) { speaks.store(announces, ordering: .relaxed) }

    /// The signal that came last, if any came.
    public static var received: Int32? {
        let signal = last.load(ordering: .relaxed)
        return signal == 0 ? nil : signal
    }
}

/// The request to save a checkpoint and go on: SIGUSR2.
package enum SaveSignal {
    private static let isPending = Atomic<Bool>(false)

    package static func install() throws(ThreadError) {
        isPending.store(false, ordering: .relaxed)
        try SignalHandler.install(for: SIGUSR2) { _ in SaveSignal.isPending.store(true, ordering: .relaxed) }
    }

    /// Whether the signal came since the last call.
    package static func take() -> Bool { isPending.exchange(false, ordering: .relaxed) }
}

/// What signals, or a limit of time, ask a run to do when its step has ended. One rank's request is carried out by all.
package enum SignalRequest: Sendable, Equatable {
    /// And go on.
    case save
    /// Save, then stop; with the signal.
    case stop(Int32)
    /// Save, then stop: a file asks for it.
    case stopByFile
    /// Save, then stop: the time that the run may take is over.
    case outOfTime

    /// What this process has been asked since the last call. A request to stop stays.
    package static func take() -> SignalRequest? {
        if let signal = StopSignal.received { return .stop(signal) }
        return SaveSignal.take() ? .save : nil
    }

    /// No signals have these numbers.
    private static let outOfTimeCode: Int32 = -1
    private static let stopByFileCode: Int32 = -2

    /// As a number that ranks can send; 0 is no request.
    package static func code(_ request: SignalRequest?) -> Int32 {
        switch request {
        case nil: 0
        case .save: SIGUSR2
        case .stop(let signal): signal
        case .stopByFile: stopByFileCode
        case .outOfTime: outOfTimeCode
        }
    }

    package init?(code: Int32) {
        switch code {
        case 0: return nil
        case SIGUSR2: self = .save
        case Self.stopByFileCode: self = .stopByFile
        case Self.outOfTimeCode: self = .outOfTime
        default: self = .stop(code)
        }
    }
}

/// Handlers run on a thread of their own. All threads that are started after the first `install` leave signals to it, and so
/// does the caller.
///
/// A handler needs a stack below the stack pointer. A thread in a matrix product of oneDNN has none: for long rows oneDNN lets
/// the stack pointer point to a block of the heap, and the handler would overwrite what lies before that block.
private enum SignalHandler {
    /// `action` runs inside the signal handler: it must not allocate or lock.
    static func install(
        for signal: Int32, _ action: @escaping @convention(c) (Int32) -> Void
    ) throws(ThreadError) {
        try thread.get()
        var current = sigaction()
        sigaction(signal, nil, &current)
        let isIgnored =
            unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
        if isIgnored { return }
        var wanted = sigaction()
        wanted.__sigaction_handler.sa_handler = action
        wanted.sa_flags = SA_RESTART
        sigaction(signal, &wanted, nil)
    }

    private static let thread = Result { () throws(ThreadError) in
        change(SIG_BLOCK)
        do throws(ThreadError) {
            try BackgroundThread.start("dptrain signals") {
                change(SIG_UNBLOCK)
                while true { pause() }
            }
        } catch {
            change(SIG_UNBLOCK)
            throw error
        }
    }

    /// Whether this thread, and those that it starts, take the signals that may have a handler.
    private static func change(_ how: Int32) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(how, &signals, nil)
    }
}
