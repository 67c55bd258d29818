import Glibc

/// The name by which the kernel knows this machine.
package enum HostName {
    package static var current: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 257) { buffer in
            buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, gethostname(start, 256) == 0 else { return "this host" }
            return String(cString: start)
        }
    }
}
