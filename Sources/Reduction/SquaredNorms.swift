import Basics
import MessagePassing

/// The squared norm of every parameter, and of all parameters together. No rank has all values; each gives the slices
/// that it owns. The bits are the same for every number of ranks and every way to cut slices.
///
/// A parameter is cut into blocks of 4,096 elements, from its start. Within a block 16 elements at a time are squared and
/// added; these partial sums are added in order, in double precision, and their sum is rounded to single precision: the
/// block's sum. Blocks are added in order, in double precision, and so are parameters. The owner of a whole block gives
/// its sum. Where a slice ends within a block, each owner gives the partial sums of its part.
public final class SquaredNorms {
    /// The squared norm of each parameter.
    public private(set) var squares: [Double]
    /// The squared norm of all parameters together.
    public private(set) var total = 0.0

    private static let block = 4096
    private static let group = 16

    /// A block, or the part of it that lies in one slice.
    private struct Piece {
        let parameter: Int
        let elements: Range<Int>
        let isWhole: Bool
        let endsBlock: Bool
        /// Where its sums lie among those of all ranks. A whole block has one sum, a part has one for each 16 elements.
        let sums: Range<Int>
    }

    /// Of this rank, in the order of the arena.
    private let own: [Piece]
    /// Of all ranks, in the order of the arena.
    private let all: [Piece]
    /// Rank by rank.
    private let sums: AlignedBuffer<Float>
    /// Nil where each rank has everything.
    private let layout: RankLayout?

    /// `parameters` are the arena ranges of the parameters, ascending multiples of 16.
    public init(_ parameters: [Range<Int>], _ ownership: SliceOwnership) throws {
        var end = 0
        let pieces = (ownership.isReplicated ? [ownership.rank] : Array(0..<ownership.buckets.ranks)).map { rank in
            ownership.buckets.buckets.indices.flatMap { bucket in
                Self.pieces(of: ownership.slice(bucket, of: rank), parameters, end: &end)
            }
        }
        own = ownership.isReplicated ? pieces[0] : pieces[ownership.rank]
        all = pieces.joined().sorted { $0.elements.lowerBound < $1.elements.lowerBound }
        sums = AlignedBuffer(count: end)
        layout =
            ownership.isReplicated
            ? nil : try RankLayout(counts: pieces.map { $0.reduce(0) { $0 + $1.sums.count } })
        squares = Array(repeating: 0, count: parameters.count)
    }

    private static func pieces(of slice: Range<Int>, _ parameters: [Range<Int>], end: inout Int) -> [Piece] {
        var pieces: [Piece] = []
        for (index, parameter) in parameters.enumerated() where parameter.overlaps(slice) {
            let part = slice.clamped(to: parameter)
            var start = part.lowerBound
            while start < part.upperBound {
                let first = parameter.lowerBound + (start - parameter.lowerBound) / block * block
                let last = min(first + block, parameter.upperBound)
                let elements = start..<min(last, part.upperBound)
                let isWhole = elements == first..<last
                let count = isWhole ? 1 : elements.count / group
                pieces.append(
                    Piece(
                        parameter: index, elements: elements, isWhole: isWhole,
                        endsBlock: elements.upperBound == last, sums: end..<end + count))
                end += count
                start = elements.upperBound
            }
        }
        return pieces
    }

    /// Squares and adds the values of an owned slice; `values` is the first of them.
    public func add(_ slice: Range<Int>, _ values: UnsafePointer<Float>) {
        var index = own.partitioningIndex { $0.elements.lowerBound >= slice.lowerBound }
        while index < own.count, own[index].elements.lowerBound < slice.upperBound {
            let piece = own[index]
            let start = UnsafeRawPointer(values + piece.elements.lowerBound - slice.lowerBound)
            var block = 0.0
            for group in 0..<piece.elements.count / Self.group {
                let lanes = start.loadUnaligned(fromByteOffset: group * 64, as: SIMD16<Float>.self)
                let sum = (lanes * lanes).sum()
                if piece.isWhole { block += Double(sum) } else { sums[piece.sums.lowerBound + group] = sum }
            }
            if piece.isWhole { sums[piece.sums.lowerBound] = Float(block) }
            index += 1
        }
    }

    /// Sums what all ranks have given since the last call. Collective; all slices must have been given.
    public func combine(_ communicator: Communicator) throws {
        if let layout { try communicator.allGather(inPlace: sums.elements, layout) }
        for index in squares.indices { squares[index] = 0 }
        var block = 0.0
        for piece in all {
            for place in piece.sums { block += Double(sums[place]) }
            guard piece.endsBlock else { continue }
            squares[piece.parameter] += Double(Float(block))
            block = 0
        }
        total = squares.reduce(0, +)
    }
}

extension Array {
    /// The index of the first element for which `isBehind` holds. If it holds for an element, it holds for all later ones.
    fileprivate func partitioningIndex(_ isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
