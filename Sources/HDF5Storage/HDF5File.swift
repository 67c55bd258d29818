import CHDF5
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// An HDF5 file, on disk or in memory.
///
/// Equal content written in equal order gives equal bytes: objects carry no times. Files are written in the oldest
/// format that holds their content, so h5py, Keras and old tools open them. A file closes when the last value that
/// refers to it goes, or at `close`.
public struct HDF5File: Sendable {
    /// The file's path, or the name given to a file in memory.
    public let path: String
    public let root: Group
    private let handle: Handle

    /// Opens a file for reading.
    public static func open(_ path: String) throws(HDF5Error) -> HDF5File {
        try refuseUnreadable(path)
        let access = try accessToDisk(path)
        let id = FaultReport.naming(path) { quietly { H5Fopen(path, chdf5_read_only(), access.id) } }
        guard id >= 0 else { throw openingError(path, errorStackText()) }
        return try HDF5File(id, path)
    }

    /// Creates a file for writing; one of that name is replaced.
    public static func create(_ path: String) throws(HDF5Error) -> HDF5File {
        let file = try create(path, access: accessToDisk(path), path)
        _ = FileDriver.takeFailure(at: FileDriver.place(of: file.handle.id))
        return file
    }

    /// Creates a file that lives in memory only; `image` takes its bytes. `label` names it in errors.
    public static func createInMemory(label: String = "file in memory") throws(HDF5Error) -> HDF5File {
        let access = accessList()
        H5Pset_fapl_core(access.id, 1 << 20, false)
        return try create(uniqueMemoryName(), access: access, label)
    }

    /// Opens a copy of a file's bytes for reading. `label` names it in errors.
    public static func open(image: [UInt8], label: String = "file in memory") throws(HDF5Error) -> HDF5File {
        try open(image, label, chdf5_read_only())
    }

    /// Opens a copy of a file's bytes for reading and writing; `image` takes the result.
    package static func openForChanges(
        image: [UInt8], label: String = "file in memory"
    ) throws(HDF5Error) -> HDF5File {
        try open(image, label, chdf5_read_write())
    }

    private static func open(_ image: [UInt8], _ label: String, _ mode: UInt32) throws(HDF5Error) -> HDF5File {
        let access = accessList()
        H5Pset_fapl_core(access.id, 1 << 20, false)
        // HDF5 copies the image and does not write to it.
        image.withUnsafeBytes { bytes in
            _ = H5Pset_file_image(access.id, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        }
        let id = FaultReport.naming(label) { quietly { H5Fopen(uniqueMemoryName(), mode, access.id) } }
        guard id >= 0 else { throw openingError(label, errorStackText()) }
        return try HDF5File(id, label)
    }

    /// A copy of the bytes that a file in memory would have on disk.
    public func image() throws(HDF5Error) -> [UInt8] {
        let image = try imageInPlace()
        return withExtendedLifetime(handle) { Array(image) }
    }

    /// The same bytes where HDF5 has them: until the file is written to or closed.
    func imageInPlace() throws(HDF5Error) -> UnsafeRawBufferPointer {
        try flush()
        let operation = "take the file's image"
        let size = try root.location.check(operation) { H5Fget_file_image(handle.id, nil, 0) }
        // The core driver's handle is the address of the pointer to its memory, which after a flush holds the whole
        // file.
        var driver: UnsafeMutableRawPointer?
        try root.location.check(operation) { H5Fget_vfd_handle(handle.id, hid_t(H5P_DEFAULT), &driver) }
        guard let start = driver?.load(as: UnsafeMutableRawPointer?.self), size >= Self.stateFlags.upperBound else {
            throw root.location.error(operation, "the file is not in memory")
        }
        // As a copy by HDF5 would have them: of a file that nobody writes to.
        if start.load(fromByteOffset: Self.superblockVersion, as: UInt8.self) <= 1 {
            start.storeBytes(of: 0, toByteOffset: Self.stateFlags.lowerBound, as: UInt32.self)
        }
        return UnsafeRawBufferPointer(start: start, count: size)
    }

    /// Where the oldest superblock says that a file is open for writing ("File Consistency Flags").
    private static let stateFlags = 20..<24
    private static let superblockVersion = 8

    /// Hands what was written to the operating system; it is not yet certain to be on the disk.
    public func flush() throws(HDF5Error) {
        try root.location.check("write the file") { H5Fflush(handle.id, H5F_SCOPE_GLOBAL) }
    }

    /// Closes the file and all that was opened through it. Writers call it, since only it reports what could not be written
    /// meanwhile, such as to a full disk.
    public func close() throws(HDF5Error) {
        let place = FileDriver.place(of: handle.id)
        let isClosed = handle.close()
        let reason = isClosed ? nil : errorStackText()
        guard let reason = FileDriver.takeFailure(at: place) ?? reason else { return }
        throw HDF5Error("write the file", file: path, detail: reason, remedy: "see that the disk is not full")
    }

    private init(_ id: hid_t, _ path: String) throws(HDF5Error) {
        let handle = Handle(id, close: H5Fclose)
        let group = FaultReport.naming(path) { quietly { H5Gopen2(id, "/", hid_t(H5P_DEFAULT)) } }
        guard group >= 0 else {
            throw HDF5Error("open the root group", file: path, detail: errorStackText())
        }
        self.path = path
        self.handle = handle
        root = Group(
            Location(file: path, path: "/", handle: Handle(group, close: H5Gclose), fileHandle: handle))
    }

    private static func create(_ name: String, access: Handle, _ label: String) throws(HDF5Error) -> HDF5File {
        let creation = propertyList(chdf5_file_create())
        H5Pset_obj_track_times(creation.id, false)
        let id = quietly { H5Fcreate(name, chdf5_truncate(), creation.id, access.id) }
        guard id >= 0 else {
            throw HDF5Error(
                "create the file", file: label, detail: errorStackText(),
                remedy: "see that its folder exists and is writable, and that no other program has it open")
        }
        return try HDF5File(id, label)
    }

    /// A strong close degree lets `close` mean what it says, however many values still refer to the file's objects.
    private static func accessList() -> Handle {
        _ = leaveExitAlone
        let list = propertyList(chdf5_file_access())
        H5Pset_fclose_degree(list.id, H5F_CLOSE_STRONG)
        return list
    }

    /// The same for a file on disk. `path` names it in errors.
    private static func accessToDisk(_ path: String) throws(HDF5Error) -> Handle {
        let list = accessList()
        guard quietly({ H5Pset_driver(list.id, FileDriver.id, nil) }) >= 0 else {
            throw HDF5Error("open the file", file: path, detail: errorStackText())
        }
        return list
    }

    /// At exit libhdf5 would close what is still open: it crashes there if a full disk kept a file from closing, and
    /// races with threads that still read. Writers close their files themselves. Comes before any other call.
    private static let leaveExitAlone: Void = { _ = H5dont_atexit() }()

    /// HDF5 takes two files in memory for one if they share a name.
    private static func uniqueMemoryName() -> String {
        "memory-\(memoryFiles.add(1, ordering: .relaxed).newValue)"
    }
    private static let memoryFiles = Atomic(0)

    /// What the operating system says about a path is clearer than HDF5's stack.
    private static func refuseUnreadable(_ path: String) throws(HDF5Error) {
        var status = stat()
        let reason: String
        if stat(path, &status) != 0 || access(path, R_OK) != 0 {
            reason = String(cString: strerror(errno))
        } else if status.st_mode & S_IFMT == S_IFDIR {
            reason = "it is a folder"
        } else {
            return
        }
        throw HDF5Error("open the file", file: path, detail: reason, remedy: "check the path and its permissions")
    }

    private static func openingError(_ path: String, _ stack: String) -> HDF5Error {
        if stack.contains("truncated") {
            return HDF5Error(
                "open the file", file: path, detail: "it is truncated (\(stack))",
                remedy: "copy or create it again; its writing did not finish")
        }
        if stack.contains("signature") {
            return HDF5Error("open the file", file: path, detail: "it is not an HDF5 file")
        }
        if stack.contains("unable to lock") {
            return HDF5Error(
                "open the file", file: path, detail: "it is locked (\(stack))",
                remedy: "wait for the program that writes it, or, where the file system has no locks, set "
                    + "HDF5_USE_FILE_LOCKING=FALSE")
        }
        return HDF5Error("open the file", file: path, detail: stack)
    }
}
