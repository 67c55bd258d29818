import Glibc

/// Time since the machine was booted: one clock for all processes of a host.
public enum BootClock {
    /// Nanoseconds.
    public static var now: UInt64 { nanoseconds(CLOCK_BOOTTIME) }

    /// Nanoseconds that all threads of this process have computed.
    public static var processorTime: UInt64 { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    public static func seconds(since start: UInt64) -> Double { Double(now - start) / 1e9 }
}

/// When the kernel started this process, to a hundredth of a second. A re-execution goes on in the same process, so what
/// was done before it counts.
package enum ProcessStart {
    /// Nil where /proc does not say.
    package static var secondsAgo: Double? {
        guard let status = SystemText("/proc/self/stat"),
            // The second field, the program's name in brackets, may hold blanks.
            let fields = status.text.split(separator: ")").last?.split(separator: " "), fields.count > startField,
            let ticks = Double(fields[startField])
        else { return nil }
        return Double(BootClock.now) / 1e9 - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Field 22 of proc(5), counted from 0 behind the name.
    private static let startField = 19
}
