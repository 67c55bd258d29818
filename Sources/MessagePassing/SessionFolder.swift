import Basics
import FoundationEssentials
import Glibc

/// The folder in which Open MPI keeps what the processes of a node share while they run. Where it is full, mpirun
/// does not come to its end after MPI_Init has failed; so this is found out first.
struct SessionFolder {
    /// Open MPI's tables take about 5 MB there.
    private static let neededBytes = 8 << 20

    let path: String

    init(_ environment: [String: String]) {
        let names = ["OMPI_MCA_orte_tmpdir_base", "TMPDIR", "TEMP", "TMP"]
        path = names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "/tmp"
    }

    /// Removes what a launcher that is gone has kept there: it has said so to its ranks.
    static func remove(of launcher: Int32, _ environment: [String: String]) {
        var status = stat()
        guard let path = environment["PMIX_SERVER_TMPDIR"], let name = path.split(separator: "/").last,
            isOf(launcher, name), lstat(path, &status) == 0,
            status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid()
        else { return }
        // Other ranks do the same.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// As Open MPI 4 names it, or PRRTE: `prterun.HOST.PROCESS.USER`.
    private static func isOf(_ launcher: Int32, _ name: Substring) -> Bool {
        name == "pid.\(launcher)" || name.hasPrefix("prterun.") && name.hasSuffix(".\(launcher).\(geteuid())")
    }

    /// What the file system of a folder has left; nil if it does not say.
    static func freeBytes(of path: String) -> UInt64? {
        var system = statvfs()
        guard statvfs(path, &system) == 0 else { return nil }
        let free = UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize))
        return free.overflow ? nil : free.partialValue
    }

    /// Throws if the file system of the folder has no room left.
    func requireRoom(rank: Int) throws(MessagePassingError) {
        guard let free = Self.freeBytes(of: path), free < UInt64(Self.neededBytes) else { return }
        throw MessagePassingError(
            rank: rank, operation: "MPI_Init_thread",
            reason: "Open MPI keeps its files in \(path), which has \(free >> 10) KiB left of the "
                + "\(Self.neededBytes >> 10) it may need",
            remedy: "make room there, or set TMPDIR to another folder for mpirun and all ranks")
    }
}
