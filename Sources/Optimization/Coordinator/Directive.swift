import Foundation

/// What the coordinator decided at the end of an epoch; broadcast from rank 0, followed by all ranks.
public struct Directive: Hashable, Sendable, Codable {
    /// The learning rates of the next epoch.
    public let nextRates: EpochRates
    /// Why the run ends ahead of its last epoch, or nil.
    public let stopReason: String?
    /// This epoch's weights are the best so far.
    public let isBest: Bool
    /// For people: what changed and why.
    public let messages: [String]

    public var stop: Bool { stopReason != nil }

    init(nextRates: EpochRates, stopReason: String?, isBest: Bool, messages: [String]) {
        self.nextRates = nextRates
        self.stopReason = stopReason
        self.isBest = isBest
        self.messages = messages
    }
}

/// What rank 0 decides and all ranks follow.
public protocol BroadcastValue: Codable {}

extension BroadcastValue {
    /// Bytes for the broadcast.
    public func encoded() throws -> [UInt8] { try CanonicalJSON.encode(self) }

    public init(encoded bytes: [UInt8]) throws {
        self = try CanonicalJSON.decode(Self.self, from: bytes, of: "directive")
    }
}

extension Directive: BroadcastValue {}
extension EpochRates: BroadcastValue {}

/// JSON whose bytes depend on the value alone: sorted members, shortest numbers, NaN and infinities as strings.
enum CanonicalJSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy =
            .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return Array(try encoder.encode(value))
    }

    /// `name` says in an error what the bytes were to be.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], of name: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy =
            .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw UnreadableState(name: name)
        }
    }
}

/// Bytes from a checkpoint or another rank that are not what they were to be.
public struct UnreadableState: Error, CustomStringConvertible {
    public let name: String

    public var description: String {
        "the coordinator's \(name) cannot be read: another version of dptrain wrote it; use the same one throughout"
    }
}
