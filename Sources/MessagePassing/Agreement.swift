import Basics
import FoundationEssentials

/// Something that all ranks must hold alike: a version, an option, a digest.
public struct SharedFact: Sendable, Equatable, Codable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Ranks that were started differently: which facts differ, and which ranks hold what.
public struct DisagreementError: Error, CustomStringConvertible, Sendable, Equatable {
    public struct Difference: Sendable, Equatable {
        public let name: String
        /// The values, nil for a rank that lacks the fact, in the order of the first rank that holds each.
        public let holdings: [Holding]
    }

    public struct Holding: Sendable, Equatable {
        public let value: String?
        public let ranks: [Int]
    }

    public let differences: [Difference]

    public var description: String {
        let sentences = differences.map { difference in
            let holdings = difference.holdings.map { holding in
                "\(Self.text(holding.ranks)) \(holding.value.map { "`\($0)`" } ?? "nothing")"
            }
            return "\(difference.name): \(holdings.joined(separator: ", "))"
        }
        return "The ranks do not agree on \(sentences.joined(separator: "; ")). "
            + "Start every rank with the same program, options and data."
    }

    /// `ranks 0-2, 5 have`
    private static func text(_ ranks: [Int]) -> String {
        if ranks.count == 1 { return "rank \(ranks[0]) has" }
        var runs: [ClosedRange<Int>] = []
        for rank in ranks {
            if let last = runs.last, last.upperBound + 1 == rank {
                runs[runs.count - 1] = last.lowerBound...rank
            } else {
                runs.append(rank...rank)
            }
        }
        let names = runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        return "ranks \(names.joined(separator: ", ")) have"
    }
}

extension Communicator {
    /// Every rank's value, by rank. Collective.
    package func allGather<Value: Codable>(encoding value: Value) throws -> [Value] {
        try allGather([UInt8](JSONEncoder().encode(value))).map {
            try JSONDecoder().decode(Value.self, from: Data($0))
        }
    }

    /// Compares facts between all ranks; throws the same `DisagreementError` on all of them if they differ. Collective.
    /// The lists may differ in length and order.
    public func agree(on facts: [SharedFact]) throws {
        let differences = Self.differences(between: try allGather(encoding: facts))
        if !differences.isEmpty { throw DisagreementError(differences: differences) }
    }

    /// `lists[r]` are the facts of rank r.
    public static func differences(between lists: [[SharedFact]]) -> [DisagreementError.Difference] {
        var names: [String] = []
        var valuesByName: [String: [String?]] = [:]
        for (rank, facts) in lists.enumerated() {
            for fact in facts {
                if valuesByName[fact.name] == nil { names.append(fact.name) }
                valuesByName[fact.name, default: Array(repeating: nil, count: lists.count)][rank] = fact.value
            }
        }
        return names.compactMap { name in
            let values = valuesByName[name, default: []]
            if values.allSatisfy({ $0 == values[0] }) { return nil }
            var holdings: [DisagreementError.Holding] = []
            for value in values where !holdings.contains(where: { $0.value == value }) {
                holdings.append(.init(value: value, ranks: values.indices.filter { values[$0] == value }))
            }
            return .init(name: name, holdings: holdings)
        }
    }
}

/// Facts that are too long to be quoted: ranks compare a digest of them.
extension SharedFact {
    package init(_ name: String, digest: [UInt8]) { self.init(name, Self.text(digest)) }

    package init(_ name: String, digestOf text: String) {
        self.init(name, digest: Array(text.utf8).withUnsafeBytes(SHA256.digest))
    }

    package init(_ name: String, digestOf values: AlignedBuffer<Float>) {
        self.init(name, digest: SHA256.digest(of: UnsafeRawBufferPointer(values.elements)))
    }

    package init(_ name: String, digestOf lists: [[Float]]) {
        self.init(
            name, digest: lists.flatMap { $0.withUnsafeBytes(SHA256.digest) }.withUnsafeBytes(SHA256.digest))
    }

    /// 16 hexadecimal digits are enough to tell mistakes apart.
    private static func text(_ digest: [UInt8]) -> String {
        digest.prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

/// Something that went wrong on some rank and that all ranks know of, so that rank 0 can tell it for all.
public struct SharedFailure: Error, Sendable, CustomStringConvertible {
    public let description: String
}

extension Communicator {
    /// Does something on every rank; if it fails on any, all ranks throw, and none waits for another in vain. Collective;
    /// `body` itself is not.
    package func together<T>(_ body: () throws -> T) throws -> T {
        let result = Result { try body() }
        var failure: [UInt8] = []
        if case .failure(let error) = result { failure = Array("\(error)".utf8) }
        let failures = try allGather(failure)
        let failed = failures.indices.filter { !failures[$0].isEmpty }
        guard let first = failed.first else { return try result.get() }
        let text = String(decoding: failures[first], as: UTF8.self)
        let isOfAll = failed.count == size
        throw SharedFailure(description: isOfAll ? text : "rank \(first) of \(size): \(text)")
    }

    /// Does something on rank 0 alone; if it fails there, all ranks throw. Collective.
    package func onRoot<T>(_ body: () throws -> T) throws -> T? {
        let result = rank == 0 ? Result { try body() } : nil
        var failure: [UInt8] = []
        if case .failure(let error) = result { failure = Array("\(error)".utf8) }
        failure = try broadcast(failure, from: 0)
        guard failure.isEmpty else { throw SharedFailure(description: String(decoding: failure, as: UTF8.self)) }
        return try result?.get()
    }
}
