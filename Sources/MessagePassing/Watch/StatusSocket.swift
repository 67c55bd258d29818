import Basics
import Glibc

/// Asks other ranks' watches what their ranks do, and answers them, over UDP: MPI cannot be asked, since it is what
/// waits. Without trouble nothing is sent.
///
/// A message is 24 bytes: the job's token, then kind, activity, two zeros, rank, quiet seconds and four zeros; numbers in the
/// host's byte order.
package final class StatusSocket: @unchecked Sendable {
    // Used by the watch's thread alone, except `port`, which never changes.
    private let descriptor: Int32
    /// In host byte order.
    package let port: UInt16

    private enum Kind: UInt8 {
        case question = 1
        case answer
    }

    private struct Message {
        static let size = 24
        var token: UInt64
        var kind: UInt8
        var activity: UInt8
        var reserved: UInt16 = 0
        var rank: UInt32
        var quiet: UInt32
        var end: UInt32 = 0
    }

    /// Nil if the system gives no socket: the rank is then not asked, and does not answer.
    package init?() {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let file = descriptor
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let code = bind(file, address, length)
                return code == 0 ? getsockname(file, address, &length) : code
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        if code != 0 {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Answers questions for a while. Returns the answers to questions of its own, by rank; at once when there are as many
    /// as it is awaiting.
    package func serve(
        milliseconds: Int, _ directory: RankDirectory?, rank: Int, _ own: RankStatus, awaiting: Int = .max
    ) -> [Int: RankStatus] {
        var answers: [Int: RankStatus] = [:]
        let end = BootClock.now + UInt64(milliseconds) * 1_000_000
        while case let now = BootClock.now, now < end, answers.count < awaiting {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&wanted, 1, Int32((end - now) / 1_000_000) + 1) > 0 else { continue }
            guard let (message, sender) = receive(), let directory, message.token == directory.token else { continue }
            switch Kind(rawValue: message.kind) {
            case .question:
                send(Self.message(.answer, directory, rank: rank, own), to: sender)
            case .answer where directory.entries.indices.contains(Int(message.rank)):
                let activity = RankActivity(rawValue: message.activity) ?? .preparing
                answers[Int(message.rank)] = RankStatus(activity: activity, quiet: Int(message.quiet))
            case .answer, nil: break
            }
        }
        return answers
    }

    /// Asks all other ranks except those whose answers are known.
    package func ask(_ directory: RankDirectory, rank: Int, _ own: RankStatus, except answers: [Int: RankStatus]) {
        let question = Self.message(.question, directory, rank: rank, own)
        for (other, entry) in directory.entries.enumerated() where other != rank && answers[other] == nil {
            let isHere = entry.host == directory.entries[rank].host
            for address in isHere ? [UInt32(0x7F00_0001).bigEndian] : entry.addresses {
                var receiver = sockaddr_in()
                receiver.sin_family = sa_family_t(AF_INET)
                receiver.sin_addr.s_addr = address
                receiver.sin_port = entry.port.bigEndian
                send(question, to: receiver)
            }
        }
    }

    private static func message(_ kind: Kind, _ directory: RankDirectory, rank: Int, _ own: RankStatus) -> Message {
        Message(
            token: directory.token, kind: kind.rawValue, activity: own.activity.rawValue,
            rank: UInt32(truncatingIfNeeded: rank), quiet: UInt32(clamping: own.quiet))
    }

    private func receive() -> (Message, sockaddr_in)? {
        var message = Message(token: 0, kind: 0, activity: 0, rank: 0, quiet: 0)
        var sender = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &message, Message.size, Int32(MSG_DONTWAIT), $0, &length)
            }
        }
        return count == Message.size ? (message, sender) : nil
    }

    /// A message that does not arrive is a rank that does not answer.
    private func send(_ message: Message, to receiver: sockaddr_in) {
        var (message, receiver) = (message, receiver)
        _ = withUnsafePointer(to: &receiver) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, &message, Message.size, Int32(MSG_DONTWAIT), $0,
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
