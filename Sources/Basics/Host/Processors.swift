import Glibc

/// The processors of this machine.
package enum Processors {
    /// How many this process may run on: a launcher may have bound it to some.
    package static var allowed: Int { ProcessorSet.allowed()?.numbers.count ?? online }

    package static var online: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// How many of the allowed processors each of `processes` of this machine can use besides the `busy` ones that it keeps
    /// busy. Processes that are bound share what they are bound to evenly.
    package static func idle(processes: Int, busy: Int, allowed: Int = allowed, online: Int = online) -> Int {
        let sharing = max(1, (processes * allowed).dividedRoundingUp(by: max(1, online)))
        return max(0, allowed - sharing * busy) / sharing
    }
}

/// Processors as the kernel lists them: `0-3,8`.
package struct ProcessorSet: Equatable, LosslessStringConvertible {
    package let description: String
    package let numbers: Set<Int>

    /// Nil for a text that is no list of processors.
    package init?(_ list: String) {
        var numbers: Set<Int> = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], 0 <= first,
                first <= last, last < Self.most
            else { return nil }
            numbers.formUnion(first...last)
        }
        (description, self.numbers) = (list, numbers)
    }

    /// Far more than kernels can number.
    private static let most = 1 << 20

    /// Those that a process may run on; nil where /proc does not say.
    package static func allowed(to process: String = "self") -> ProcessorSet? {
        SystemText("/proc/\(process)/status")?.word(after: "Cpus_allowed_list:").flatMap { ProcessorSet(String($0)) }
    }
}
