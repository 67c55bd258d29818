import Datasets
import Transforms
import Models
import DataPipeline
import Pictures

/// What a model, or the mean of several, has to say of all samples of a split.
public struct Predictions: Sendable {
    /// What outputs stand for.
    public enum Meaning: Sendable, Equatable {
        /// A score a class.
        case classes
        /// One score, of the second of two classes: a probability, of which the first class has the rest, or a number
        /// that speaks for the second above 0 and for the first below.
        case twoClasses(isProbability: Bool)
        /// Numbers that are the prediction themselves: regression.
        case values
    }

    public let split: Split
    public let samples: Int
    /// Outputs a sample.
    public let outputs: Int
    /// Of a network with several outputs that have targets of their own, in the order of their columns. Empty for others.
    public let heads: [Head]
    public let samplesPerSecond: Double
    /// [samples, outputs] in the data's order, on rank 0; empty on the others.
    public let values: [Float]
    public let meaning: Meaning
    public let decision: Network.Decision
    /// Empty where neither model nor data name them.
    public let classNames: [String]
    let dataset: SampleSet

    /// One of several outputs.
    public struct Head: Sendable {
        public let name: String
        /// In a row of outputs.
        public let columns: Range<Int>
        public let meaning: Meaning
        let decision: Network.Decision
        let classNames: [String]
        /// In a row of targets; nil for samples that have none.
        let target: Int?

        package var isOfClasses: Bool { meaning != .values }
    }

    /// The data's own.
    public let targets: Targets

    /// How many samples have an output that is not finite: neither a score nor a number.
    package var samplesNotFinite: Int {
        stride(from: 0, to: values.count, by: max(outputs, 1)).count { start in
            values[start..<min(start + outputs, values.count)].contains { !$0.isFinite }
        }
    }

    /// A sample as it is stored, if that is an image.
    package func picture(of sample: Int) throws -> Picture? {
        guard dataset.sample.rank == 3 else { return nil }
        return try Picture(visible: dataset.storedSample(sample))
    }

    /// Those of one of several outputs, as if the network had no other.
    package func of(_ head: Head) -> Predictions {
        let all = dataset.targets
        let targets: Targets
        switch (all, head.target) {
        case (.targets(let values, let width), let first?):
            let rows = stride(from: first, to: values.count, by: width)
            let classes = Float(max(head.columns.count, 2))
            if head.meaning == .values {
                targets = .targets(rows.flatMap { values[$0..<$0 + head.columns.count] }, width: head.columns.count)
            } else {
                let isKnown = rows.allSatisfy { (0..<classes).contains(values[$0]) }
                targets = isKnown ? .labels(rows.map { Int32(values[$0]) }) : .none
            }
        default: targets = .none
        }
        return Predictions(
            split: split, samples: samples, outputs: head.columns.count, heads: [], samplesPerSecond: samplesPerSecond,
            values: stride(from: 0, to: values.count, by: outputs).flatMap { row in
                values[row + head.columns.lowerBound..<row + head.columns.upperBound]
            },
            meaning: head.meaning, decision: head.decision, classNames: head.classNames, dataset: dataset,
            targets: targets)
    }

    /// A class as a reader knows it.
    public func name(of label: Int) -> String { label < classNames.count ? classNames[label] : "\(label)" }

    public func values(of sample: Int) -> ArraySlice<Float> { values[sample * outputs..<(sample + 1) * outputs] }

    /// The classes of a sample from the best on, with their scores; of equal ones the first comes first.
    public func ranking(of sample: Int, count: Int) -> [(label: Int, score: Float)] {
        var scores = Array(values(of: sample))
        if case .twoClasses(let isProbability) = meaning {
            scores.insert(isProbability ? 1 - scores[0] : -scores[0], at: 0)
        }
        let best = scores.enumerated().sorted { a, b in
            if a.element == b.element { return a.offset < b.offset }
            return decision == .largest ? a.element > b.element : a.element < b.element
        }
        return best.prefix(count).map { ($0.offset, $0.element) }
    }
}
