import Basics
import Glibc

/// The files by which MPI's ranks of a node share memory, some megabytes a rank. MPI removes them when a job ends. Where all
/// that could do so are killed, they would stay until the node is started anew. So they lose their names as soon as each rank of the
/// node has mapped all of them, and end with the last of these ranks, however it ends. The file of a process alone, which Open MPI 5
/// leaves even if the process ends well, ends with it too.
package struct SharedFiles: Sendable, Equatable {
    package let paths: [String]

    /// Those that this process has mapped and that still have names.
    package static var mapped: SharedFiles { SharedFiles(maps: SystemText("/proc/self/maps")?.text ?? "") }

    /// `maps`: what a process has mapped, as /proc shows it: address, rights, offset, device, file number and path.
    package init(maps: String, areShared: (Substring) -> Bool = MPI.implementation.isSharedFile) {
        var paths: [String] = []
        for line in maps.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 5)
            guard words.count == 6, let number = UInt64(words[4]) else { continue }
            let path = String(words[5].drop { $0 == " " })
            guard let name = path.split(separator: "/").last, areShared(name), !paths.contains(path),
                Self.isFile(path, device: words[3], number: number)
            else { continue }
            paths.append(path)
        }
        self.paths = paths
    }

    /// Whether the path leads to this file. It may have lost its name, and another may have got it.
    private static func isFile(_ path: String, device: Substring, number: UInt64) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        // As Linux makes one number of a device's two.
        let (major, minor) = (status.st_dev >> 8 & 0xfff, status.st_dev & 0xff | status.st_dev >> 12 & 0xfff00)
        return status.st_ino == number
            && device.split(separator: ":").map { UInt64($0, radix: 16) } == [UInt64(major), UInt64(minor)]
    }

    package func removeNames() { for path in paths { unlink(path) } }

    /// To files of no bytes: MPI says at its end if it does not find what it removes.
    package func restoreNames() {
        for path in paths {
            let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
            if file >= 0 { close(file) }
        }
    }
}

extension Communicator {
    /// Takes the names of the files that the ranks of each node share, if all of them have mapped all. The first rank of a node
    /// gets the files, to give them names again; nobody does in a process alone, whose names MPI does not look for. Collective.
    func hideSharedFiles(_ nodes: NodeMap) throws -> SharedFiles? {
        let files = SharedFiles.mapped
        let counts = try allGather([Int64(files.paths.count)])
        let neighbours = nodes.neighbours(of: rank)
        guard neighbours.first == rank,
            neighbours.allSatisfy({ counts[$0] == [Int64(neighbours.count)] })
        else { return nil }
        files.removeNames()
        return LaunchEnvironment.current.isUnderLauncher ? files : nil
    }
}
