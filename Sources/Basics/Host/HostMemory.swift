import Glibc

/// The memory of the machine that this process runs on.
package enum HostMemory {
    /// What the kernel can give without swapping, and what the process's control group leaves of it.
    package static var availableBytes: Int? {
        [machine, controlGroup].compactMap(\.self).min()
    }

    /// The most memory this process has had; nil where the kernel does not say. `getrusage` would count what it was
    /// started from, too.
    package static var peakBytes: Int? { SystemText("/proc/self/status")?.number(after: "VmHWM:").map { $0 * 1024 } }

    /// Counts the peak from here on. False where the kernel does not let a process do so.
    package static func forgetPeak() -> Bool {
        let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return write(file, "5", 1) == 1
    }

    /// What this process has in memory: pages of its own, and pages that it may share with others, such as those of
    /// libraries. How many processes do share them is left out, since it changes with what else runs on the machine. Nil
    /// where the kernel does not say.
    package static var resident: (own: Int, shared: Int)? {
        guard let text = SystemText("/proc/self/smaps_rollup"), let all = text.number(after: "Rss:"),
            let own = text.number(after: "Anonymous:"), all >= own
        else { return nil }
        return (own * 1024, (all - own) * 1024)
    }

    private static var machine: Int? {
        SystemText("/proc/meminfo")?.number(after: "MemAvailable:").map { $0 * 1024 }
    }

    /// Version 2, or version 1; nil where there is no limit. Cached file pages count as used, but are given back.
    private static var controlGroup: Int? {
        let lines = SystemText("/proc/self/cgroup")?.text.split(separator: "\n") ?? []
        for line in lines {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[0] == "0" {
                return room("/sys/fs/cgroup", String(fields[2]), limit: "memory.max", usage: "memory.current")
            }
            if fields[1].split(separator: ",").contains("memory") {
                return room(
                    "/sys/fs/cgroup/memory", String(fields[2]), limit: "memory.limit_in_bytes",
                    usage: "memory.usage_in_bytes")
            }
        }
        return nil
    }

    /// A container sees its own group at the mount point.
    private static func room(_ mount: String, _ group: String, limit: String, usage: String) -> Int? {
        for folder in [mount + group, mount] {
            guard let limit = SystemText("\(folder)/\(limit)")?.number,
                let usage = SystemText("\(folder)/\(usage)")?.number
            else { continue }
            let cached = SystemText("\(folder)/memory.stat")?.number(after: "inactive_file ") ?? 0
            return max(0, limit - usage + cached)
        }
        return nil
    }
}
