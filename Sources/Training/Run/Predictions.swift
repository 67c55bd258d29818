import DataPipeline
import Models

/// What a model, or the mean of several, has to say of all samples of a split.
public struct Predictions: Sendable {
    public let split: Split
    public let samples: Int
    /// Outputs a sample.
    public let outputs: Int
    public let samplesPerSecond: Double
    /// [samples, outputs] in the data's order, on rank 0; empty on the others.
    public let values: [Float]
    public let decision: Network.Decision
    /// Empty where neither model nor data name them.
    public let classNames: [String]
    /// The data's answers, where they are classes.
    public let labels: [Int32]?

    /// A class as a reader knows it.
    public func name(of output: Int) -> String { output < classNames.count ? classNames[output] : "\(output)" }

    /// The outputs of a sample from the best on, with their scores; of equal ones the first comes first.
    public func ranking(of sample: Int, count: Int) -> [(output: Int, score: Float)] {
        let row = values[sample * outputs..<(sample + 1) * outputs]
        let best = row.enumerated().sorted { a, b in
            if a.element == b.element { return a.offset < b.offset }
            return decision == .largest ? a.element > b.element : a.element < b.element
        }
        return best.prefix(count).map { ($0.offset, $0.element) }
    }
}
