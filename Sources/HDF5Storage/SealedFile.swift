import Basics

/// A file that HDF5 composed in memory, where it stays: there is no second copy. Nothing writes to that memory any more, so
/// another thread may compute the digest and write the file.
package struct FileImage: @unchecked Sendable {
    fileprivate let file: HDF5File
    /// Lies in the memory of `file`.
    fileprivate let bytes: UnsafeRawBufferPointer

    /// `file` comes from `HDF5File.createInMemory`, and is not written to from now on.
    package init(_ file: HDF5File) throws(HDF5Error) {
        self.file = file
        bytes = try file.imageInPlace()
    }

    /// With its digest, for which every byte is read.
    package func sealed() -> SealedFile { SealedFile(self) }
}

/// A file in memory with its digest, ready to be written.
package struct SealedFile: FileContent {
    private let file: HDF5File
    /// Lies in the memory of `file`.
    private let image: UnsafeRawBufferPointer
    private let trailer: [UInt8]

    fileprivate init(_ image: FileImage) {
        file = image.file
        self.image = image.bytes
        trailer = FileSeal.trailer(of: image.bytes)
    }

    package var byteCount: Int { image.count + trailer.count }

    package func forEachPart(
        _ body: (UnsafeRawBufferPointer) throws(FileSystemError) -> Void
    ) throws(FileSystemError) {
        // The memory stays as long as the file does.
        defer { withExtendedLifetime(file) {} }
        try body(image)
        try trailer.forEachPart(body)
    }

    /// A copy of it.
    package var bytes: [UInt8] {
        withExtendedLifetime(file) {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(image.count + trailer.count)
            bytes.append(contentsOf: image)
            bytes += trailer
            return bytes
        }
    }
}
