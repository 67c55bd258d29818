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

    /// `width` numbers a sample; empty for labels.
    package var values: [Float] { if case .targets(let values, _) = self { values } else { [] } }

    /// Whether they say of several classes which of them a sample belongs to: 0 or 1 for each.
    public var isMultiHot: Bool {
        guard case .targets(let values, let width) = self, width > 1 else { return false }
        return values.allSatisfy { $0 == 0 || $0 == 1 }
    }

    /// The first sample with several classes or none, and their number.
    package var firstNotOneHot: (sample: Int, classes: Int)? {
        guard case .targets(let values, let width) = self, width > 1 else { return nil }
        for sample in 0..<values.count / width {
            let classes = values[sample * width..<(sample + 1) * width].count { $0 == 1 }
            if classes != 1 { return (sample, classes) }
        }
        return nil
    }

    subscript(samples: [Int]) -> Targets {
        switch self {
        case .labels(let values): .labels(samples.map { values[$0] })
        case .targets(let values, let width):
            .targets(samples.flatMap { values[$0 * width..<($0 + 1) * width] }, width: width)
        case .none: .none
        }
    }
}
