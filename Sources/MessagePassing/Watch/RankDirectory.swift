/// Where each rank is, and how its watch can be asked.
package struct RankDirectory: Sendable, Equatable {
    package struct Entry: Sendable, Equatable, Codable {
        let host: String
        /// IPv4 addresses of its node in network byte order.
        let addresses: [UInt32]
        /// UDP, in host byte order; 0 if the rank cannot be asked.
        let port: UInt16

        package init(host: String, addresses: [UInt32], port: UInt16) {
            self.host = host
            self.addresses = addresses
            self.port = port
        }
    }

    /// Known to the ranks of this job alone.
    package let token: UInt64
    /// By rank.
    package let entries: [Entry]

    package init(token: UInt64, entries: [Entry]) {
        self.token = token
        self.entries = entries
    }

    /// Collective.
    init(_ communicator: Communicator, port: UInt16) throws {
        let own = Entry(
            host: communicator.processorName, addresses: NetworkInterface.all.map(\.address), port: port)
        token =
            try communicator.broadcast([UInt64.random(in: .min ... .max)].map { Int64(bitPattern: $0) })
            .first.map { UInt64(bitPattern: $0) } ?? 0
        entries = try communicator.allGather(encoding: own)
    }
}
