#if canImport(Glibc)
import Glibc
#endif

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
