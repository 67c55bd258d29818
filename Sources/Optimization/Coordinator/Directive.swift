import Basics

/// What the coordinator decided at the end of an epoch, or when an epoch is begun anew; broadcast from rank 0, followed by all ranks.
public struct Directive: Hashable, Sendable, Codable {
    /// The learning rates of the next epoch.
    public let nextRates: EpochRates
    /// Why the run ends ahead of its last epoch, or nil.
    public let stopReason: String?
    /// This epoch's weights are the best so far.
    public let isBest: Bool
    /// How often the run has begun an epoch anew so far.
    public let rollbacks: Int
    /// For people: what changed and why.
    public let messages: [String]

    public var stop: Bool { stopReason != nil }

    init(nextRates: EpochRates, stopReason: String?, isBest: Bool, rollbacks: Int, messages: [String]) {
        self.nextRates = nextRates
        self.stopReason = stopReason
        self.isBest = isBest
        self.rollbacks = rollbacks
        self.messages = messages
    }
}

/// What rank 0 decides and all ranks follow.
public protocol BroadcastValue: Codable {}

extension BroadcastValue {
    /// Bytes for the broadcast.
    public func encoded() throws -> [UInt8] { try CanonicalJSON.encode(self) }

    public init(encoded bytes: [UInt8]) throws {
        self = try UnreadableState.guarding("directive") { try CanonicalJSON.decode(Self.self, from: bytes) }
    }
}

extension Directive: BroadcastValue {}
extension EpochRates: BroadcastValue {}

/// Bytes from a checkpoint or another rank that cannot be read.
public struct UnreadableState: Error, CustomStringConvertible {
    public let name: String

    /// Every error of `read` becomes this one.
    static func guarding<Value>(_ name: String, _ read: () throws -> Value) throws -> Value {
        do { return try read() } catch { throw UnreadableState(name: name) }
    }

    public var description: String {
        "the coordinator's \(name) cannot be read: another version of dptrain wrote it; use the same one throughout"
    }
}
