import FoundationEssentials
import Glibc

/// The program and the C library of this process. Ranks compare both: another build, or another `pow` or `log`, may compute
/// other bits.
package enum RunningProgram {
    /// A digest of the program's file; nil where /proc does not show it.
    package static let digest: [UInt8]? = {
        guard let file = try? Data(contentsOf: URL(fileURLWithPath: "/proc/self/exe"), options: .mappedIfSafe) else {
            return nil
        }
        return file.withUnsafeBytes(SHA256.digest)
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
