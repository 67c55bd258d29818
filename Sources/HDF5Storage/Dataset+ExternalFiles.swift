import CHDF5
import Basics

#if canImport(Glibc)
import Glibc
#endif

/// Raw bytes in files that are no HDF5 files (`H5Pset_external`).
extension Dataset {
    func refusal(ofExternal list: hid_t) -> HDF5Error {
        location.error(
            Self.operation, "its bytes lie in \(externalFile(list, 0).name), which is no HDF5 file",
            remedy: "if you trust the data file to name such files, say --allow-external")
    }

    /// Throws unless the files are there and long enough.
    func requireExternalFiles() throws(HDF5Error) {
        let list = try location.open(Self.operation, close: H5Pclose) { H5Dget_create_plist(location.id) }
        var missing = UInt64(byteCount)
        for index in 0..<max(0, H5Pget_external_count(list.id)) where missing > 0 {
            let part = externalFile(list.id, UInt32(index))
            let path = Self.path(ofExternal: part.name)
            let wanted = min(part.size, missing)
            guard let size = sizeOfFile(path), access(path, R_OK) == 0 else {
                throw location.error(
                    Self.operation,
                    "its bytes lie in \(path), which cannot be read: \(String(cString: strerror(errno)))",
                    remedy: "HDF5 looks in the current folder, or where HDF5_EXTFILE_PREFIX says")
            }
            guard part.offset <= UInt64(size), wanted <= UInt64(size) - part.offset else {
                throw location.error(
                    Self.operation,
                    "its bytes lie in \(path), which has \(size) bytes, not \(wanted) from byte \(part.offset) on",
                    remedy: "restore that file")
            }
            missing -= wanted
        }
        guard missing == 0 else {
            throw location.error(Self.operation, "its files are \(missing) bytes too short for its shape \(shape)")
        }
    }

    private func externalFile(_ list: hid_t, _ index: UInt32) -> (name: String, offset: UInt64, size: UInt64) {
        var name = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        var offset: off_t = 0
        var size: hsize_t = 0
        _ = quietly { H5Pget_external(list, index, name.count - 1, &name, &offset, &size) }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        // A negative offset lies in no file.
        return (String(decoding: bytes, as: UTF8.self), UInt64(exactly: offset) ?? .max, size)
    }

    /// Where HDF5 looks for it.
    private static func path(ofExternal name: String) -> String {
        guard !name.hasPrefix("/"), let prefix = getenv("HDF5_EXTFILE_PREFIX") else { return name }
        return String(cString: prefix) + "/" + name
    }
}

/// Bytes of a regular file; nil for others and where there is none.
func sizeOfFile(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
}
