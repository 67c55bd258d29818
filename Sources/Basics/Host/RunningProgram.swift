import Glibc

/// The program and the C library of this process. Ranks compare both: another build, or another `pow` or `log`, may compute
/// other bits.
package enum RunningProgram {
    /// A digest of the program's file; nil where /proc does not show it. The file is read a block at a time: it has tens of
    /// megabytes, which the memory of a run should not show.
    package static let digest: [UInt8]? = {
        let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let block = AlignedBuffer<UInt8>(count: 1 << 18)
        var digest = SHA256()
        while true {
            let got = read(descriptor, block.baseAddress, block.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { return digest.digest() }
            digest.add(UnsafeRawBufferPointer(start: block.baseAddress, count: got))
        }
    }()

    /// `glibc 2.36`
    package static var cLibrary: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, confstr(Int32(_CS_GNU_LIBC_VERSION), start, 63) > 0 else { return "" }
            return String(cString: start)
        }
    }
}
