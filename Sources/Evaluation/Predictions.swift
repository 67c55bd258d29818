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
    /// Of a network with several outputs that have targets of their own: name and width of each, in the order of their columns.
    /// Empty for others.
    public let heads: [(name: String, width: Int)]
    public let samplesPerSecond: Double
    /// [samples, outputs] in the data's order, on rank 0; empty on the others.
    public let values: [Float]
    public let meaning: Meaning
    public let decision: Network.Decision
    /// Empty where neither model nor data name them.
    public let classNames: [String]
    let dataset: SampleSet

    /// The data's own.
    public var targets: Targets { dataset.targets }

    /// A sample as it is stored, if that is an image.
    package func picture(of sample: Int) throws -> Picture? {
        guard dataset.sample.rank == 3 else { return nil }
        return try Picture(visible: dataset.storedSample(sample))
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
