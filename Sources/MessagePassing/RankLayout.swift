/// How much of a buffer belongs to each rank, and where it starts, in elements.
///
/// Non-blocking collectives read these numbers until they are complete, so they lie in memory of their own.
public final class RankLayout: @unchecked Sendable {
    // Never written after init, hence safe to share.
    let counts: UnsafeMutablePointer<Int32>
    let offsets: UnsafeMutablePointer<Int32>
    /// The elements of all ranks together.
    public let total: Int
    /// Those of the rank that has most.
    let largest: Int

    /// `counts` and `offsets` have one entry a rank. Throws where one does not fit MPI's 32 bits.
    public init(counts: [Int], offsets: [Int]) throws {
        precondition(counts.count == offsets.count, "a count and an offset for every rank")
        if let large = (counts + offsets).first(where: { $0 > Int32.max }) {
            throw MessagePassingError(
                rank: LaunchEnvironment.current.rank, operation: "laying out a message",
                reason: "\(large) elements, where MPI takes 2,147,483,647", remedy: "send it in parts")
        }
        self.counts = .allocate(capacity: counts.count)
        self.offsets = .allocate(capacity: offsets.count)
        for rank in counts.indices {
            (self.counts + rank).initialize(to: Int32(counts[rank]))
            (self.offsets + rank).initialize(to: Int32(offsets[rank]))
        }
        total = counts.reduce(0, +)
        largest = counts.max() ?? 0
    }

    /// Parts that follow one another.
    public convenience init(counts: [Int]) throws {
        var start = 0
        try self.init(
            counts: counts,
            offsets: counts.map { count in
                defer { start += count }
                return start
            })
    }

    deinit {
        counts.deallocate()
        offsets.deallocate()
    }
}
