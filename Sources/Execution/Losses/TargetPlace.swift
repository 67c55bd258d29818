/// Where the targets of an output lie among those of a shard.
struct TargetPlace {
    let kind: TargetKind
    /// In a row of floats that several outputs share.
    private let column: Int
    /// Floats from one sample to the next.
    private let stride: Int
    private let sharesRow: Bool

    /// Those of each output, whose widths are given.
    static func places(of kind: TargetKind, widths: [Int]) -> [TargetPlace] {
        guard case .row(let kinds) = kind else {
            return widths.map { TargetPlace(kind: kind, column: 0, stride: $0, sharesRow: false) }
        }
        let columns = zip(kinds, widths).map { $0 == .label ? 1 : $1 }
        let stride = columns.reduce(0, +)
        return kinds.indices.map { index in
            TargetPlace(
                kind: kinds[index], column: columns[..<index].reduce(0, +), stride: stride, sharesRow: true)
        }
    }

    /// Numbers a sample: a label of its own is an integer, all others are floats.
    var width: Int { kind == .label && !sharesRow ? 1 : stride }

    @inline(__always)
    func label(_ targets: UnsafeRawPointer, _ sample: Int) -> Int {
        sharesRow ? Int(values(targets, sample).pointee) : Int(targets.assumingMemoryBound(to: Int32.self)[sample])
    }

    @inline(__always)
    func values(_ targets: UnsafeRawPointer, _ sample: Int) -> UnsafePointer<Float> {
        targets.assumingMemoryBound(to: Float.self) + sample * stride + column
    }
}
