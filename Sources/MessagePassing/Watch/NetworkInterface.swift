import Glibc

/// The network interfaces of this node that are up, with their IPv4 addresses.
package struct NetworkInterface: Sendable, Equatable {
    let name: String
    /// In network byte order.
    let address: UInt32

    package init(name: String, address: UInt32) {
        self.name = name
        self.address = address
    }

    var description: String { "\(name) \(addressText)" }

    /// Without the loopback interface.
    package static var all: [NetworkInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [NetworkInterface] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            let isUp = entry.ifa_flags & UInt32(IFF_UP) != 0
            let isLoopback = entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0
            guard isUp, !isLoopback, let address = entry.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET)
            else { continue }
            let value = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
            found.append(NetworkInterface(name: String(cString: entry.ifa_name), address: value))
        }
        return found
    }

    /// `10.0.0.1`
    package var addressText: String {
        withUnsafeBytes(of: address) { bytes in bytes.map { String($0) }.joined(separator: ".") }
    }
}
