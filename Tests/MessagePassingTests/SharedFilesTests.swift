import Basics
import Glibc
import MessagePassing
import Testing

/// The files by which MPI's ranks share memory, and their names.
@Suite struct SharedFilesTests {
    /// A file that this process has mapped.
    private static func map(_ path: String) throws -> UnsafeMutableRawPointer {
        try POSIXFileSystem().replace(path, with: [UInt8](repeating: 1, count: 4096))
        let file = open(path, O_RDWR)
        defer { close(file) }
        let memory = try #require(mmap(nil, 4096, PROT_READ, MAP_SHARED, file, 0))
        try #require(memory != MAP_FAILED)
        return memory
    }

    /// As it is found with MPI's own names.
    private static func mapped(in folder: String) throws -> [String] {
        let maps = try #require(SystemText("/proc/self/maps")).text
        return SharedFiles(maps: maps) { OpenMPI().isSharedFile($0) }.paths.filter { $0.hasPrefix(folder) }.sorted()
    }

    @Test func onlyWhatIsMappedLosesItsName() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let place = "\(folder.path)/with a space"
        try POSIXFileSystem().createFolder(place)
        let (shared, later) = ("\(place)/vader_segment.host.0.a2c10001.0", "\(place)/sm_segment.host.0.a2c10001.1")
        let others = ["\(place)/other.host.0.a2c10001.0", "\(place)/vader_segment.host.0.a2c10001.2"]
        let memory = try [shared, later, others[0]].map(Self.map)
        defer { for place in memory { munmap(place, 4096) } }
        // Not mapped.
        try POSIXFileSystem().replace(others[1], with: [1])
        #expect(try Self.mapped(in: place) == [later, shared])

        let files = SharedFiles(maps: try #require(SystemText("/proc/self/maps")).text) {
            OpenMPI().isSharedFile($0) && $0.hasSuffix("a2c10001.0")
        }
        files.removeNames()
        #expect(
            try POSIXFileSystem().names(in: place)
                == [others[0], later, others[1]].map { String($0.dropFirst(place.count + 1)) }.sorted())
        #expect(try Self.mapped(in: place) == [later])
        // Another file of that name is another's.
        try POSIXFileSystem().replace(shared, with: [1, 2])
        #expect(try Self.mapped(in: place) == [later])
        files.restoreNames()
        #expect(try POSIXFileSystem().read(shared) == [1, 2])
        unlink(shared)
        files.restoreNames()
        #expect(try POSIXFileSystem().read(shared) == [])
    }

    /// More than the kernel gives in one read.
    @Test func allThatIsMappedIsSeen() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let paths = (0..<200).map { "\(folder.path)/vader_segment.\(String(repeating: "x", count: 200)).0.1.\($0)" }
        let memory = try paths.map(Self.map)
        defer { for place in memory { munmap(place, 4096) } }
        #expect(try Self.mapped(in: folder.path) == paths.sorted())
    }

    @Test func whatIsNoMapNamesNothing() {
        for maps in [
            "", "\n\n", "words", "1-2 rw-s 0 00:1c 5", "1-2 rw-s 0 zz:1c 5 /dev/shm/vader_segment.a",
            "1-2 rw-s 0 00:1c -5 /",
        ] {
            #expect(SharedFiles(maps: maps) { _ in true }.paths == [])
        }
    }
}
