import CHDF5
import Basics
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Owns one HDF5 id and closes it with the function that belongs to its kind.
///
/// Sendable: the id never changes, `isOpen` is atomic, and Debian's libhdf5 runs every call under one global lock.
final class Handle: Sendable {
    let id: hid_t
    private let closeFunction: @Sendable (hid_t) -> herr_t
    private let isOpen = Atomic(true)

    init(_ id: hid_t, close: @escaping @Sendable (hid_t) -> herr_t) {
        self.id = id
        closeFunction = close
    }

    deinit { _ = close() }

    /// False if HDF5 could not close it, which for a file means that data may not have reached the disk.
    func close() -> Bool {
        guard isOpen.exchange(false, ordering: .acquiringAndReleasing) else { return true }
        return quietly { closeFunction(id) } >= 0
    }
}

/// Where an object lies. It keeps the object and its file open.
public struct Location: Sendable {
    /// The file's path, or the name given to a file in memory.
    public let file: String
    /// The object's absolute path in the file: "/train/images".
    public let path: String
    let handle: Handle
    let fileHandle: Handle

    var id: hid_t { handle.id }

    func error(_ operation: String, _ detail: String, at object: String? = nil, remedy: String? = nil) -> HDF5Error {
        HDF5Error(
            operation, file: file, object: object ?? path, detail: detail,
            remedy: remedy ?? (Self.isFullDisk(detail) ? "make room on the disk, or write to another one" : nil))
    }

    private static func isFullDisk(_ detail: String) -> Bool {
        [ENOSPC, EDQUOT].contains { detail.contains(String(cString: strerror($0))) }
    }

    /// Runs calls that a fault of memory would end, or that may come to no end. It is then reported with the file's name.
    /// `bytes` is what they read or write.
    func quietly<Result>(bytes: Int = 0, _ body: () -> Result) -> Result {
        FaultReport.naming(file, bytes: bytes) { HDF5Storage.quietly(body) }
    }

    /// Runs a call that answers a negative number on failure. `bytes` is what it reads or writes.
    @discardableResult
    func check<Code: SignedInteger>(
        _ operation: String, at object: String? = nil, bytes: Int = 0, _ call: () -> Code
    ) throws(HDF5Error) -> Code {
        let code = quietly(bytes: bytes, call)
        guard code >= 0 else { throw error(operation, errorStackText(), at: object) }
        return code
    }

    /// Runs a call that answers a new id.
    func open(
        _ operation: String, at object: String? = nil, close: @escaping @Sendable (hid_t) -> herr_t, _ call: () -> hid_t
    ) throws(HDF5Error) -> Handle {
        Handle(try check(operation, at: object, call), close: close)
    }

    /// The names that an iteration of libhdf5 visits, in ascending byte order. Its callback gives each one, with the context
    /// that `iterate` was given, to `collect`.
    func names(
        _ operation: String, _ iterate: (_ context: UnsafeMutableRawPointer) -> herr_t
    ) throws(HDF5Error) -> [String] {
        var names: [String] = []
        try check(operation) { withUnsafeMutablePointer(to: &names) { iterate($0) } }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The path of the file that the object lies in, which a link may have led to.
    var fileOfObject: String {
        let name = fileName(of: id)
        return name == fileName(of: fileHandle.id) ? file : name
    }

    private func fileName(of id: hid_t) -> String {
        storedText { H5Fget_name(id, $0, $1) } ?? file
    }

    /// The extents that a file states. Beyond 2^60 bytes they are refused, so that whoever computes with a shape, in elements
    /// of up to 8 bytes, needs no checks. An axis without extent counts as one: the others may be multiplied alone.
    func shape(of extents: [hsize_t], elementSize: Int = 8, _ operation: String) throws(HDF5Error) -> Shape {
        var bytes = hsize_t(max(8, elementSize))
        for extent in extents where extent > 0 {
            let (product, overflows) = bytes.multipliedReportingOverflow(by: extent)
            guard !overflows, product <= 1 << 60 else {
                let text = extents.map(String.init).joined(separator: "x")
                throw error(operation, "no memory could ever hold its shape \(text)")
            }
            bytes = product
        }
        return Shape(extents.map { Int($0) })
    }

    func absolutePath(_ name: String) -> String {
        if name.hasPrefix("/") { return name }
        return path == "/" ? "/" + name : path + "/" + name
    }
}

/// A property list; HDF5 fails here only without memory, and then at the call that uses the list as well.
func propertyList(_ kind: hid_t) -> Handle {
    Handle(quietly { H5Pcreate(kind) }, close: H5Pclose)
}

/// A text that HDF5 writes to a buffer: `read` answers its length, whatever the buffer holds of it; nil if it fails.
func storedText(_ read: (UnsafeMutablePointer<CChar>?, Int) -> Int) -> String? {
    let length = quietly { read(nil, 0) }
    guard length >= 0 else { return nil }
    var text = [CChar](repeating: 0, count: length + 1)
    guard quietly({ read(&text, text.count) }) >= 0 else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// One name of `Location.names`.
func collect(_ name: UnsafePointer<CChar>?, into context: UnsafeMutableRawPointer?) -> herr_t {
    if let name, let context {
        context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
    }
    return 0
}
