import HDF5Storage
import Basics

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

/// Reads a split's targets: labels as [N], [N, 1], [N, 1, 1, 1] or one-hot [N, K], in integers of any width or floats
/// that hold integers; or regression targets as [N] or [N, K].
struct TargetReader {
    let dataset: Dataset
    /// How many samples there are.
    let samples: Int
    let kind: TargetForm?

    /// `width` is the number of columns if the labels were one-hot: so many classes there are.
    func read() throws -> (targets: Targets, width: Int?) {
        guard dataset.elementType.isNumeric else {
            throw error("targets are of type \(dataset.elementType), not numbers")
        }
        guard dataset.rows == samples, dataset.shape.rank > 0 else {
            throw error("it has \(dataset.rows) rows, but there are \(samples) samples")
        }
        let width = dataset.rowCount
        guard dataset.shape.extents.dropFirst().filter({ $0 != 1 }).count <= 1, width > 0 else {
            throw error(
                "targets of shape \(dataset.shape) are neither labels [N] nor one-hot labels or regression targets [N, K]"
            )
        }
        try dataset.requireMemory(dataset.shape.count * MemoryLayout<Double>.stride, for: "all of it")
        if kind == .targets || (kind == nil && isNamedTargets) { return (try targets(width), nil) }
        if width > 1 {
            guard width <= Self.mostClasses else {
                throw error("\(width) columns are more than \(Self.mostClasses) classes")
            }
            if let labels = try oneHot(width) { return (.labels(labels), width) }
            if kind == nil && !dataset.elementType.isInteger { return (try targets(width), nil) }
            let several = try targets(width)
            guard several.isMultiHot else {
                throw error("rows of \(width) numbers are no one-hot labels", remedy: "store class numbers as [N]")
            }
            return (several, nil)
        }
        if kind == nil && !dataset.elementType.isInteger && !isNamedLabels {
            let values = try dataset.read(as: Double.self)
            if values.contains(where: { $0 != $0.rounded() }) { return (try targets(width), nil) }
        }
        return (.labels(try labels()), nil)
    }

    /// More than any network has outputs for. A label beyond it is a mistake.
    static let mostClasses = 1 << 24

    private var name: String { dataset.path.split(separator: "/").last.map { $0.lowercased() } ?? "" }
    private var isNamedTargets: Bool { name.contains("target") }
    private var isNamedLabels: Bool { name.contains("label") }

    private func targets(_ width: Int) throws -> Targets {
        let values = try dataset.read(as: Float.self)
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw error("the target of sample \(index / width) is \(values[index])")
        }
        return .targets(values, width: width)
    }

    private func labels() throws -> [Int32] {
        let values = try dataset.read(as: Double.self)
        return try values.enumerated().map { index, value in
            guard let label = Int32(exactly: value) else {
                throw error("the label of sample \(index) is \(value), not a class number")
            }
            guard label < Self.mostClasses else {
                throw error("the label of sample \(index) is \(label), beyond \(Self.mostClasses) classes")
            }
            return label
        }
    }

    private func oneHot(_ width: Int) throws -> [Int32]? {
        let values = try dataset.read(as: Float.self)
        var labels = [Int32]()
        labels.reserveCapacity(samples)
        for sample in 0..<samples {
            let row = values[sample * width..<(sample + 1) * width]
            guard let hot = row.firstIndex(of: 1), row.allSatisfy({ $0 == 0 || $0 == 1 }), row.reduce(0, +) == 1
            else { return nil }
            labels.append(Int32(hot - row.startIndex))
        }
        return labels
    }

    private func error(_ detail: String, remedy: String? = nil) -> DatasetError {
        DatasetError(file: dataset.location.file, object: dataset.path, detail, remedy: remedy)
    }
}
