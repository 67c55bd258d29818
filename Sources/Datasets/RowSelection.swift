/// Which rows of a data set make up a set of samples, in ascending order: sample i is row `self[i]`.
public enum RowSelection: Sendable, Equatable {
    case run(Range<Int>)
    case list([Int])

    public var count: Int {
        switch self {
        case .run(let range): range.count
        case .list(let rows): rows.count
        }
    }

    public subscript(sample: Int) -> Int {
        switch self {
        case .run(let range): range.lowerBound + sample
        case .list(let rows): rows[sample]
        }
    }

    /// The sample that a row is, which is among them.
    package func sample(atRow row: Int) -> Int {
        switch self {
        case .run(let range): return row - range.lowerBound
        case .list(let rows):
            var (low, high) = (0, rows.count - 1)
            while low < high {
                let middle = (low + high + 1) / 2
                if rows[middle] <= row { low = middle } else { high = middle - 1 }
            }
            return low
        }
    }

    /// `0 to 6`; `14 rows, 0 to 19`.
    var text: String {
        switch self {
        case .run(let range): "\(range.lowerBound) to \(range.upperBound - 1)"
        case .list(let rows): "\(rows.count) rows, \(rows[0]) to \(rows[rows.count - 1])"
        }
    }

    /// The rows of some of the samples.
    subscript(part: Range<Int>) -> RowSelection {
        switch self {
        case .run(let range): .run(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
        case .list(let rows): .list(Array(rows[part]))
        }
    }

    /// The rows of some of the samples, whose numbers ascend.
    subscript(samples: [Int]) -> RowSelection { .list(samples.map { self[$0] }) }
}
