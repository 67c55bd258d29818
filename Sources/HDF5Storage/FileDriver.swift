import CHDF5
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// The driver through which HDF5 reads and writes files on disk: its own driver for files of the operating system, "sec2", but for
/// two things by which data would get lost in silence.
///
/// - Where a read finds the end of a file too early, sec2 goes on with zeros, without an error. A file that is shortened while it is
///   in use would become other data.
/// - HDF5 writes some of its buffers when an object is closed, and ends are not asked whether they succeeded. So the driver remembers
///   a write that has failed until the file is closed.
enum FileDriver {
    /// Negative if HDF5 does not take it.
    static let id: hid_t = {
        guard var driver = sec2 else { return -1 }
        driver.terminate = nil
        driver.read = read
        driver.write = write
        return quietly { H5FDregister(&driver) }
    }()

    /// The functions of HDF5's own driver. Any open file shows them.
    nonisolated(unsafe) fileprivate static let sec2: H5FD_class_t? = {
        let list = propertyList(chdf5_file_access())
        H5Pset_fapl_sec2(list.id)
        let anyFile = quietly { H5FDopen("/dev/null", chdf5_read_only(), list.id, chdf5_undefined_address()) }
        guard let anyFile else { return nil }
        defer { H5FDclose(anyFile) }
        return anyFile.pointee.cls?.pointee
    }()

    /// Why a write has failed, by the place of the open file's descriptor, which is the file's own as long as it is open.
    private static let failures = Mutex<[UInt: String]>([:])

    fileprivate static func noteFailedWrite(at place: UnsafeMutableRawPointer) {
        let reason = errorStackText()
        failures.withLock { failures in
            let first = failures[UInt(bitPattern: place)]
            failures[UInt(bitPattern: place)] = first ?? reason
        }
    }

    /// Why a write to an open file has failed, if one has. Forgets it.
    static func takeFailure(at place: UnsafeMutableRawPointer?) -> String? {
        failures.withLock { $0.removeValue(forKey: UInt(bitPattern: place)) }
    }

    /// Where an open file has its descriptor; nil for one that has been closed.
    static func place(of file: hid_t) -> UnsafeMutableRawPointer? {
        var place: UnsafeMutableRawPointer?
        return quietly { H5Fget_vfd_handle(file, hid_t(H5P_DEFAULT), &place) } >= 0 ? place : nil
    }
}

/// All bytes that the file had when it was opened, or an error. Behind them there are zeros, as sec2 has it: HDF5 looks for the
/// beginning of its format in files that are shorter than that. C calls it, so it is a function on its own.
private func read(
    _ file: UnsafeMutablePointer<H5FD_t>?, _ kind: H5FD_mem_t, _ list: hid_t, _ address: haddr_t, _ size: Int,
    _ output: UnsafeMutableRawPointer?
) -> herr_t {
    guard let file, let output, let end = FileDriver.sec2?.get_eof?(file, kind),
        let descriptor = place(file)?.load(as: Int32.self)
    else { return -1 }
    let there = address < end ? Int(clamping: min(haddr_t(size), end - address)) : 0
    var done = 0
    while done < there {
        let got = pread(descriptor, output + done, there - done, off_t(clamping: address + haddr_t(done)))
        if got > 0 {
            done += got
        } else if got == 0 {
            chdf5_push_read_error("the file has become shorter while it was in use; restore it")
            return -1
        } else if errno != EINTR {
            chdf5_push_read_error("file read failed: \(String(cString: strerror(errno)))")
            return -1
        }
    }
    memset(output + there, 0, size - there)
    return 0
}

/// As sec2 does, but remembers failure.
private func write(
    _ file: UnsafeMutablePointer<H5FD_t>?, _ kind: H5FD_mem_t, _ list: hid_t, _ address: haddr_t, _ size: Int,
    _ input: UnsafeRawPointer?
) -> herr_t {
    guard let file, let place = place(file), let code = FileDriver.sec2?.write?(file, kind, list, address, size, input)
    else { return -1 }
    if code < 0 { FileDriver.noteFailedWrite(at: place) }
    return code
}

/// Where a file has its descriptor.
private func place(_ file: UnsafeMutablePointer<H5FD_t>) -> UnsafeMutableRawPointer? {
    var place: UnsafeMutableRawPointer?
    guard let code = FileDriver.sec2?.get_handle?(file, hid_t(H5P_DEFAULT), &place), code >= 0 else { return nil }
    return place
}
