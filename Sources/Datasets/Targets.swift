import Transforms

/// What a network should predict for the samples of a split, all in memory.
public enum Targets: Sendable, Equatable {
    /// A class number a sample.
    case labels([Int32])
    /// `width` numbers a sample.
    case targets([Float], width: Int)
    case none

    subscript(rows: Range<Int>) -> Targets {
        switch self {
        case .labels(let values): .labels(Array(values[rows]))
        case .targets(let values, let width):
            .targets(Array(values[rows.lowerBound * width..<rows.upperBound * width]), width: width)
        case .none: .none
        }
    }
}
