import Basics

/// A file in memory with its digest, ready to be written from where HDF5 composed it: there is no second copy.
package struct SealedFile: FileContent {
    private let file: HDF5File
    /// Lies in the memory of `file`.
    private let image: UnsafeRawBufferPointer
    private let trailer: [UInt8]

    /// `file` comes from `HDF5File.createInMemory`, and is not written to from now on.
    package init(_ file: HDF5File) throws(HDF5Error) {
        self.file = file
        image = try file.imageInPlace()
        trailer = FileSeal.trailer(of: image)
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
