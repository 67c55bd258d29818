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
