import Basics

/// Packs buffers whose lives do not overlap into the same memory.
///
/// Greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020): the largest
/// first, each at the lowest offset where it overlaps no other that lives at the same time.
struct MemoryPlan {
    private(set) var offsets: [Int]
    private(set) var byteCount = 0

    static let alignment = AlignedBuffer<UInt8>.alignment

    /// `requests`: bytes and life of each buffer; those without a life get no memory. Unless it `packs`, all others
    /// live forever.
    init(_ requests: [(bytes: Int, life: ClosedRange<Int>?)], packs: Bool) {
        offsets = Array(repeating: 0, count: requests.count)
        var placed: [(offset: Int, end: Int, life: ClosedRange<Int>)] = []
        let order = requests.indices.sorted {
            (requests[$0].bytes, $1) > (requests[$1].bytes, $0)
        }
        for index in order {
            guard var life = requests[index].life else { continue }
            if !packs { life = 0...Int.max }
            let bytes = requests[index].bytes.rounded(upToMultipleOf: Self.alignment)
            var offset = 0
            for other in placed.filter({ $0.life.overlaps(life) }).sorted(by: { $0.offset < $1.offset }) {
                if offset + bytes <= other.offset { break }
                offset = max(offset, other.end)
            }
            offsets[index] = offset
            placed.append((offset, offset + bytes, life))
            byteCount = max(byteCount, offset + bytes)
        }
    }
}
