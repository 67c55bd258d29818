import Glibc

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
