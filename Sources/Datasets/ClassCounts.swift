/// How often each class occurs among labels. It takes memory by the classes that occur, not by the largest number.
public struct ClassCounts: Sendable {
    /// How many classes there are.
    public let classes: Int
    private let counts: [Int32: Int]

    init(_ labels: [Int32], classes: Int) {
        self.classes = classes
        counts = labels.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    public subscript(label: Int) -> Int { Int32(exactly: label).flatMap { counts[$0] } ?? 0 }

    /// How many classes have no sample.
    public var empty: Int { classes - counts.count }
    public var fewest: Int { empty > 0 ? 0 : counts.values.min() ?? 0 }
    public var most: Int { counts.values.max() ?? 0 }

    /// The classes that occur here and not in `others`.
    func countOfClasses(missingIn others: ClassCounts) -> Int {
        counts.keys.filter { others[Int($0)] == 0 }.count
    }

    /// Every count where there are few classes, else how uneven they are.
    package func text(atMost most: Int) -> String {
        if classes <= most { return (0..<classes).map { "\(self[$0])" }.joined(separator: " ") }
        return "\(fewest) to \(self.most)" + (empty > 0 ? ", \(empty) classes without any" : "")
    }

    /// `class 3 has no sample`, `classes 10 to 254 have no sample`, `all 64 samples are of class 0`; nil where there is
    /// nothing to warn of.
    public var warning: String? {
        if counts.count == 1, let (label, count) = counts.first, count > 1 {
            return "all \(count) samples are of class \(label)"
        }
        guard empty > 0 else { return nil }
        let remedy =
            counts[0] == nil && empty == 1
            ? "; if labels count from 1, say --label-offset 1" : ""
        let runs = emptyRuns(atMost: Self.mostRuns + 1)
        let texts = runs.prefix(Self.mostRuns).map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound - 1)"
        }
        let rest = runs.count > Self.mostRuns ? " and others, \(empty) of \(classes)," : ""
        return empty == 1
            ? "class \(texts.joined()) has no sample\(remedy)"
            : "classes \(texts.joined(separator: ", "))\(rest) have no sample"
    }

    private static let mostRuns = 5

    private func emptyRuns(atMost limit: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var next = 0
        for label in counts.keys.map({ Int($0) }).sorted() + [classes] {
            if label > next { runs.append(next..<label) }
            guard runs.count < limit else { break }
            next = label + 1
        }
        return runs
    }
}

extension SampleSet {
    /// Of the labels; nil without labels.
    public var classCounts: ClassCounts? {
        guard case .labels(let labels) = targets else { return nil }
        return ClassCounts(labels, classes: classes)
    }
}
