import Basics

/// Partial sums that travel rounded to bf16: packed where they are sent, unpacked where they are added.
final class RoundedPartials {
    /// This partner's partial sums as they travel, one a level.
    let packed: [AlignedBuffer<UInt16>]
    /// A stack of single-precision values, one block a partial sum of any partner.
    private let stack: AlignedBuffer<Float>
    private static let block = 1024

    /// `levels` partial sums of this partner's, `total` of all.
    init(count: Int, levels: Int, total: Int) {
        packed = (0..<levels).map { _ in AlignedBuffer(count: count) }
        stack = AlignedBuffer(count: total * Self.block)
    }

    /// What `init` allocates.
    static func bytes(count: Int, levels: Int, total: Int) -> Int {
        levels * count * MemoryLayout<UInt16>.stride + total * block * MemoryLayout<Float>.stride
    }

    /// `values`: an arena.
    func pack(_ values: UnsafePointer<Float>, _ range: Range<Int>, level: Int) {
        WireRounding.pack(
            values + range.lowerBound, into: packed[level].baseAddress + range.lowerBound,
            count: range.count)
    }

    /// Adds the partial sums of `slice` in tree order, block by block, so that what is unpacked stays in cache.
    /// `received` holds those of the other partners, one slice behind the other.
    func add(
        _ partials: [TreeSchedule.Partial], endsInRoot: Bool, received: UnsafePointer<UInt16>, _ slice: Range<Int>,
        into sum: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: 0, to: slice.count, by: Self.block) {
            let count = min(Self.block, slice.count - start)
            var top = stack.baseAddress - Self.block
            for (index, partial) in partials.enumerated() {
                let words =
                    partial.place.map { received + $0 * slice.count }
                    ?? UnsafePointer(packed[partial.level].baseAddress + slice.lowerBound)
                top += Self.block
                WireRounding.unpack(words + start, into: top, count: count)
                let isLast = index == partials.count - 1
                for addition in 0..<partial.additions {
                    WireRounding.add(
                        top, into: top - Self.block, count: count,
                        root: endsInRoot && isLast && addition == partial.additions - 1)
                    top -= Self.block
                }
            }
            (sum + start).update(from: top, count: count)
        }
    }
}
