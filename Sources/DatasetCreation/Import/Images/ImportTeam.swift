import MessagePassing
import Transforms

/// The ranks that share an import, or this process alone. Rank 0 writes.
struct ImportTeam {
    private let world: Communicator?
    /// Bytes of a rank that travel in one message.
    private static let mostBytes = 1 << 24

    init(_ world: Communicator?) { self.world = world }

    var size: Int { world?.size ?? 1 }
    var rank: Int { world?.rank ?? 0 }
    var isWriter: Bool { rank == 0 }

    /// Refuses ranks that see other files. Collective.
    func agree(_ what: String, _ value: String) throws { try world?.agree(on: [SharedFact(what, value)]) }

    /// What the writer knows. Collective.
    func fromWriter(_ values: [UInt8]) throws -> [UInt8] { try world?.broadcast(values) ?? values }

    /// The writer does `work`, and the other ranks wait for its end. It calls what it is given from time to time, so that nobody
    /// takes it for stuck. Collective.
    func whileWriterWorks(_ work: (_ beat: () throws -> Void) throws -> Void) throws {
        if isWriter {
            try work { _ = try fromWriter([1]) }
            _ = try fromWriter([0])
        } else {
            while try fromWriter([]) == [1] {}
        }
    }

    /// Each rank's batch, in the order of ranks, on the writer; nothing on the others. Collective.
    func gather(_ batch: PreparedBatch) throws -> [PreparedBatch] {
        guard let world, size > 1 else { return [batch] }
        let outcomes = try world.gather(batch.outcomes.map { Int64($0.code) << 40 | Int64($0.byteCount) })
        let digests = try world.gather(batch.digests)
        let counts = try world.gather(batch.statistics?.flatCounts.map { Int64($0) } ?? [])
        let bytes = try gatherInPieces(batch.bytes, world)
        guard isWriter else { return [] }
        return (0..<size).map { rank in
            PreparedBatch(
                outcomes: outcomes[rank].map {
                    PreparedBatch.Outcome(code: Int($0 >> 40), byteCount: Int($0 & (1 << 40 - 1)))
                },
                bytes: bytes[rank], digests: digests[rank],
                statistics: ChannelStatistics(flatCounts: counts[rank].map { Int($0) }))
        }
    }

    /// MPI counts the bytes of one message with 32 bits.
    private func gatherInPieces(_ bytes: [UInt8], _ world: Communicator) throws -> [[UInt8]] {
        let longest = try world.allGather([Int64(bytes.count)]).reduce(0) { max($0, Int($1[0])) }
        var whole = [[UInt8]](repeating: [], count: size)
        for start in stride(from: 0, to: longest, by: Self.mostBytes) {
            let piece = bytes.dropFirst(start).prefix(Self.mostBytes)
            for (rank, part) in try world.gather(Array(piece)).enumerated() { whole[rank] += part }
        }
        return whole
    }
}

/// A few images in a row, made ready to be stored.
struct PreparedBatch {
    struct Outcome {
        /// The raw value of an `ImageChange`, or `bad`.
        let code: Int
        /// Of the stored bytes, or of the reason why there are none.
        let byteCount: Int

        static let bad = 255
    }

    /// One for each image.
    var outcomes: [Outcome] = []
    /// Stored bytes and reasons, one after the other.
    var bytes: [UInt8] = []
    /// 32 bytes for each image that is stored: the SHA-256 of its bytes.
    var digests: [UInt8] = []
    /// Of the decoded pixels; nil where nobody needs them.
    var statistics: ChannelStatistics?
}
