import Glibc

/// The processors of this machine.
package enum Processors {
    /// Those that this process may run on: a launcher may have bound it to some.
    package static var allowed: Int {
        let mask = SystemText("/proc/self/status")?.word(after: "Cpus_allowed:") ?? ""
        let count = mask.compactMap { $0.hexDigitValue?.nonzeroBitCount }.reduce(0, +)
        return count > 0 ? count : online
    }

    package static var online: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// How many of the allowed processors each of `processes` of this machine can use besides the `busy` ones that it keeps
    /// busy. Processes that are bound share what they are bound to evenly.
    package static func idle(processes: Int, busy: Int, allowed: Int = allowed, online: Int = online) -> Int {
        let sharing = max(1, (processes * allowed).dividedRoundingUp(by: max(1, online)))
        return max(0, allowed - sharing * busy) / sharing
    }
}
