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
