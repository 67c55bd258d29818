import Basics
import CSharedMemory
import Glibc

/// Memory that the ranks of one node share: each rank has a part, which all of them can read and write where it lies.
///
/// Each part is a file in memory without a name, which the other ranks open through `/proc`. So it takes no room in /dev/shm,
/// and nothing is left of it when the ranks end, however they end.
///
/// What a rank has written, others see after a message, a barrier or a `SharedCounters` that says so.
public final class SharedWindow<Element: BitwiseCopyable> {
    /// The parts, by rank in the communicator. Each begins at a page, and is zero at first.
    public let parts: [UnsafeMutableBufferPointer<Element>]
    private let mappings: [SharedMapping]

    /// `count`: the elements of this rank's part. `node`: ranks that share a node (`NodeMap`). Collective; if it fails on one
    /// rank, it fails on all.
    public init(count: Int, _ node: Communicator) throws {
        let own = try node.together { try SharedMapping.create(count: count, of: Element.self, rank: node.rank) }
        let places = try node.allGather(encoding: own.place)
        mappings = try node.together {
            try places.enumerated().map { try $0.offset == node.rank ? own : SharedMapping(of: $0.element) }
        }
        // The others have opened it.
        own.closeFile()
        parts = zip(mappings, places).map { mapping, place in
            UnsafeMutableBufferPointer(
                start: mapping.elements.bindMemory(to: Element.self, capacity: place.count), count: place.count)
        }
    }
}

/// A part of a `SharedWindow`, mapped into this process.
private final class SharedMapping {
    /// Where other processes find a part, and how they know that it is the right one.
    struct Place: Codable {
        let process: Int32
        let descriptor: Int32
        let bytes: Int
        let count: Int
        /// Stands at the beginning of the file. In another container the same process number is another process.
        let token: UInt64
    }

    let place: Place
    /// Behind the token.
    var elements: UnsafeMutableRawPointer { start + Self.header }
    private let start: UnsafeMutableRawPointer
    private var file: Int32?

    /// A cache line, so that the elements are aligned as those of an `AlignedBuffer`.
    private static var header: Int { 64 }

    private init(_ place: Place, mapping file: Int32) throws(SharedMemoryError) {
        guard let start = mmap(nil, place.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), start != MAP_FAILED
        else {
            throw SharedMemoryError("mmap of \(place.bytes) bytes")
        }
        // The fewer pages a large block has, the fewer of them miss the processor's tables. It is a wish.
        madvise(start, place.bytes, MADV_HUGEPAGE)
        (self.place, self.start) = (place, start)
    }

    deinit {
        munmap(start, place.bytes)
        closeFile()
    }

    func closeFile() {
        if let file { close(file) }
        file = nil
    }

    /// A new part of this process.
    static func create<Element>(count: Int, of: Element.Type, rank: Int) throws(SharedMemoryError) -> SharedMapping {
        let (size, overflows) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard count >= 0, !overflows, size < Int.max - header else {
            throw SharedMemoryError("\(count) elements", reason: "they are more than memory can hold")
        }
        let file = dptrain_memory_file("dptrain")
        guard file >= 0 else { throw SharedMemoryError("memfd_create") }
        let bytes = size + header
        guard ftruncate(file, bytes) == 0 else {
            defer { close(file) }
            throw SharedMemoryError("ftruncate to \(bytes) bytes")
        }
        var random = SystemRandomNumberGenerator()
        let place = Place(process: getpid(), descriptor: file, bytes: bytes, count: count, token: random.next())
        do {
            let mapping = try SharedMapping(place, mapping: file)
            mapping.file = file
            mapping.start.storeBytes(of: place.token, as: UInt64.self)
            // The first to touch a page decides in whose memory it lies.
            (mapping.elements).initializeMemory(as: UInt8.self, repeating: 0, count: size)
            return mapping
        } catch {
            close(file)
            throw error
        }
    }

    /// Another process's part.
    convenience init(of place: Place) throws(SharedMemoryError) {
        let path = "/proc/\(place.process)/fd/\(place.descriptor)"
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw SharedMemoryError(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size == place.bytes else {
            throw SharedMemoryError(path, reason: "it is another process's file")
        }
        try self.init(place, mapping: file)
        guard start.load(as: UInt64.self) == place.token else {
            throw SharedMemoryError(path, reason: "it is another process's memory")
        }
    }
}

/// Ranks of a node cannot share memory.
struct SharedMemoryError: Error, CustomStringConvertible {
    let description: String

    /// The system's own reason where none is given.
    init(_ operation: String, reason: String? = nil) {
        description = "\(operation): \(reason ?? String(cString: strerror(errno)))"
    }
}
