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

    /// Takes over the values of an arena of the same ownership.
    public func copy(_ other: OwnedArena) {
        precondition(other.memory.count == memory.count, "arenas of other ranks")
        memory.baseAddress.update(from: other.memory.baseAddress, count: memory.count)
    }

    /// Whether none of the elements in `range` that this rank owns is NaN or infinite.
    public func isFinite(in range: Range<Int>) -> Bool {
        ownership.ranges.allSatisfy { owned in
            let part = owned.clamped(to: range)
            return part.isEmpty || allFinite(address(of: part.lowerBound), count: part.count)
        }
    }

    /// Writes the values of all ranks to the beginning of an arena of parameters. Collective.
    public func spread(into parameters: AlignedBuffer<Float>, _ communicator: Communicator) throws {
        for (bucket, range) in ownership.ranges.enumerated() {
            if !range.isEmpty {
                (parameters.baseAddress + range.lowerBound).update(
                    from: address(of: range.lowerBound), count: range.count)
            }
            if ownership.isReplicated { continue }
            let whole = ownership.buckets.buckets[bucket]
            let slices = (0..<communicator.size).map { ownership.slice(bucket, of: $0) }
            let layout = try RankLayout(
                counts: slices.map(\.count), offsets: slices.map { max(0, $0.lowerBound - whole.lowerBound) })
            try communicator.allGather(inPlace: parameters[whole], layout)
        }
    }

    /// Gathers a range of the arena on rank 0, into memory for all of it; other ranks give nil. Collective.
    public func gather(
        _ wanted: Range<Int>, into output: UnsafeMutablePointer<Float>?, _ communicator: Communicator
    ) throws {
        if ownership.isReplicated {
            output?.update(from: address(of: wanted.lowerBound), count: wanted.count)
            return
        }
        for (bucket, range) in ownership.buckets.buckets.enumerated() where range.overlaps(wanted) {
            let part = range.clamped(to: wanted)
            let slices = (0..<communicator.size).map { ownership.slice(bucket, of: $0).clamped(to: part) }
            let layout = try RankLayout(
                counts: slices.map(\.count), offsets: slices.map { max(0, $0.lowerBound - part.lowerBound) })
            let own = slices[communicator.rank]
            try communicator.gather(
                UnsafeBufferPointer(start: own.isEmpty ? nil : address(of: own.lowerBound), count: own.count),
                into: output.map { $0 + part.lowerBound - wanted.lowerBound }, layout)
        }
    }
}
