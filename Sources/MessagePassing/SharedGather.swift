/// Gathers small parts of ranks that share a node, in memory that they share: a message between ranks that share a core takes
/// several turns of each.
final class SharedGather {
    /// Of a rank's part, in bytes.
    static let largest = 16 << 10
    /// Each rank's parts of this gather and of the one before, which others may still read.
    private let window: SharedWindow<UInt8>
    private let places: [UnsafeMutableRawPointer]
    private let counters: SharedCounters
    private let rank: Int
    private var gathers: UInt64 = 0

    /// `node`: all ranks that gather. Collective.
    init(_ node: Communicator) throws {
        window = try SharedWindow(count: 2 * Self.largest, node)
        places = window.parts.compactMap { $0.baseAddress.map { UnsafeMutableRawPointer($0) } }
        counters = try SharedCounters(count: 1, node)
        rank = node.rank
    }

    /// As `MPI_Allgatherv` in place does; no part has more than `largest` bytes. Collective.
    func gather(_ buffer: UnsafeMutableRawPointer, _ layout: RankLayout, stride: Int) {
        gathers += 1
        let own = part(of: rank, layout, stride)
        own.shared.copyMemory(from: buffer + own.offset, byteCount: own.bytes)
        counters.raise(0, to: gathers)
        counters.wait { counters.least(0) >= gathers }
        for other in places.indices where other != rank {
            let part = part(of: other, layout, stride)
            (buffer + part.offset).copyMemory(from: part.shared, byteCount: part.bytes)
        }
    }

    /// Where a rank's part of this gather lies in shared memory, and in the buffer.
    private func part(
        of rank: Int, _ layout: RankLayout, _ stride: Int
    ) -> (shared: UnsafeMutableRawPointer, offset: Int, bytes: Int) {
        let start = places[rank] + Int(gathers % 2) * Self.largest
        return (start, Int(layout.offsets[rank]) * stride, Int(layout.counts[rank]) * stride)
    }
}
