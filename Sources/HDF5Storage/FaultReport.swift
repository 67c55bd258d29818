import Basics
import CHDF5
import Glibc

/// What the process says if libhdf5 breaks off with a fault of memory or comes to no end, as it can on a damaged file or on one
/// made to do so: which file it was at, and what to do. Without it the process would end without a word, or never.
///
/// The fault cannot be undone, so the process ends. A process of its own for such files would end in the same way, and the command
/// with it: nothing has begun yet when files are opened.
enum FaultReport {
    /// Processor time that calls may take which read no more than descriptions: ordinary ones take milliseconds.
    private static let longest = 20
    /// Bytes a second that even slow filters give, and chunks of one number each.
    private static let slowestRate = 1 << 16

    /// Runs calls of libhdf5 on a file, which the report names if they break off, or take too much of the processor's time to come
    /// to an end. `bytes` is what they read or write.
    static func naming<Result>(_ file: String, bytes: Int = 0, _ body: () -> Result) -> Result {
        _ = isInstalled
        guard let place = ThreadPlace.current else { return body() }
        return file.withCString { name in
            let outer = place.pointee.file
            place.pointee.file = name
            defer { place.pointee.file = outer }
            guard outer == nil, place.pointee.hasTimer else { return body() }
            chdf5_start_timer(place.pointee.timer, longest + bytes / slowestRate)
            defer { chdf5_start_timer(place.pointee.timer, 0) }
            return body()
        }
    }

    private static let isInstalled: Bool = {
        for signal in signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { FaultReport.report($0) }
            // Deep recursion uses up the thread's own stack.
            action.sa_flags = SA_ONSTACK
            sigaction(signal, &action, nil)
        }
        return true
    }()

    private static let signals = [SIGSEGV, SIGBUS, SIGFPE, SIGABRT, timeout]
    /// What a thread's timer sends. Nothing else here makes use of it.
    static let timeout = SIGVTALRM

    /// The signal handler. It neither allocates nor locks.
    private static func report(_ signal: Int32) {
        guard let file = ThreadPlace.known?.pointee.file else {
            // The call has just come to its end.
            if signal == timeout { return }
            // A fault of something else ends the process as if there were no handler.
            Glibc.signal(signal, SIG_DFL)
            raise(signal)
            return
        }
        Alert.write("dptrain: ")
        Alert.write(UnsafeRawBufferPointer(start: file, count: strlen(file)))
        Alert.write(
            signal == timeout ? ": libhdf5 came to no end on it" : ": libhdf5 broke off on it with a fault of memory")
        Alert.write(": it is damaged, or made to do this; get it again from its source\n")
        _exit(EXIT_FAILURE)
    }
}

/// What a thread is doing with a file. It lies in the thread's own memory, with a stack for the signal handler.
private struct ThreadPlace {
    var file: UnsafePointer<CChar>?
    /// Of the thread's processor time. The first timer of a process is a null pointer.
    var timer: timer_t?
    /// False where the system has no more timers.
    var hasTimer = false

    /// Of the calling thread; nil where there is no memory for it.
    static var current: UnsafeMutablePointer<ThreadPlace>? {
        known ?? begin()
    }

    /// That of a thread which has had a file before.
    static var known: UnsafeMutablePointer<ThreadPlace>? {
        pthread_getspecific(key)?.assumingMemoryBound(to: ThreadPlace.self)
    }

    private static let handlerStack = 1 << 16
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { memory in
            if let place = memory?.assumingMemoryBound(to: ThreadPlace.self).pointee, place.hasTimer {
                timer_delete(place.timer)
            }
            var stack = stack_t()
            if sigaltstack(nil, &stack) == 0, let memory, stack.ss_sp == memory + MemoryLayout<ThreadPlace>.stride {
                stack.ss_flags = Int32(SS_DISABLE)
                sigaltstack(&stack, nil)
            }
            free(memory)
        }
        return key
    }()

    private static func begin() -> UnsafeMutablePointer<ThreadPlace>? {
        guard let memory = malloc(MemoryLayout<ThreadPlace>.stride + handlerStack) else { return nil }
        let place = memory.initializeMemory(as: ThreadPlace.self, to: ThreadPlace())
        pthread_setspecific(key, memory)
        place.pointee.hasTimer = chdf5_create_thread_timer(FaultReport.timeout, &place.pointee.timer) == 0
        // A sanitizer, or a library that was preloaded, may have given the thread one already, which it takes back itself.
        var stack = stack_t()
        guard sigaltstack(nil, &stack) == 0, stack.ss_flags & Int32(SS_DISABLE) != 0 else { return place }
        stack.ss_flags = 0
        stack.ss_sp = memory + MemoryLayout<ThreadPlace>.stride
        stack.ss_size = handlerStack
        sigaltstack(&stack, nil)
        return place
    }
}
