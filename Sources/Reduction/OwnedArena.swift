import Basics
import MessagePassing

/// An arena of which a rank has only the slices that it owns, one behind the other. It holds an optimizer's slot: one
/// value for each weight.
public final class OwnedArena {
    public let ownership: SliceOwnership
    public let initialValue: Float
    private let memory: AlignedBuffer<Float>
    /// Where each bucket's slice begins in the memory.
    private let starts: [Int]

    public init(_ ownership: SliceOwnership, initialValue: Float = 0) {
        self.ownership = ownership
        self.initialValue = initialValue
        memory = AlignedBuffer(count: ownership.count)
        memory.elements.update(repeating: initialValue)
        var end = 0
        starts = ownership.ranges.map { range in
            defer { end += range.count }
            return end
        }
    }

    /// Where an element lies that this rank owns. The rest of its slice follows.
    public func address(of element: Int) -> UnsafeMutablePointer<Float> {
        guard let bucket = ownership.ranges.firstIndex(where: { $0.contains(element) }) else {
            preconditionFailure("element \(element) belongs to another rank")
        }
        return memory.baseAddress + starts[bucket] + element - ownership.ranges[bucket].lowerBound
    }

    /// Copies those `values` that this rank owns. They belong to the arena's elements from `offset` on.
    public func store(_ values: UnsafeBufferPointer<Float>, at offset: Int) {
        guard let first = values.baseAddress else { return }
        let stored = offset..<offset + values.count
        for range in ownership.ranges where range.overlaps(stored) {
            let part = range.clamped(to: stored)
            address(of: part.lowerBound).update(from: first + part.lowerBound - offset, count: part.count)
        }
    }

    /// The whole arena on rank 0, nil on the other ranks. Collective. If every rank has everything, it is this memory itself.
    public func gathered(_ communicator: Communicator) throws -> AlignedBuffer<Float>? {
        let isRoot = communicator.rank == 0
        if ownership.isReplicated { return isRoot ? memory : nil }
        let arena = isRoot ? AlignedBuffer<Float>(count: ownership.buckets.count) : nil
        for (bucket, range) in ownership.buckets.buckets.enumerated() {
            let slices = (0..<communicator.size).map { ownership.slice(bucket, of: $0) }
            let layout = try RankLayout(
                counts: slices.map(\.count), offsets: slices.map { max(0, $0.lowerBound - range.lowerBound) })
            let own = UnsafeBufferPointer(
                start: memory.baseAddress + starts[bucket], count: ownership.ranges[bucket].count)
            try communicator.gather(own, into: arena.map { $0.baseAddress + range.lowerBound }, layout)
        }
        return arena
    }
}
