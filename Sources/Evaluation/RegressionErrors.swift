import Basics
import DataPipeline
import Datasets
import Execution
import MessagePassing

/// How far predictions are from target values, as scikit-learn measures it; of several outputs the mean of their figures.
public struct RegressionErrors: Sendable, Equatable {
    /// `mean_absolute_error`
    public let meanAbsolute: Double
    /// `root_mean_squared_error`
    public let rootMeanSquare: Double
    /// `r2_score`: 1 minus the part of the targets' variance that is left. An output whose targets are all the same counts 1 if
    /// it is right, else 0. Nil for a single sample.
    public let r2: Double?

    /// `absolute`, `squared`: sums over all samples, for each output; `targets`: [N, outputs].
    package init(absolute: [Double], squared: [Double], targets: [Float]) {
        let outputs = absolute.count
        let count = Double(targets.count / outputs)
        let mean = { (values: [Double]) in values.reduce(0, +) / Double(outputs) }
        meanAbsolute = mean(absolute) / count
        rootMeanSquare = mean(squared.map { ($0 / count).squareRoot() })
        guard count > 1 else {
            r2 = nil
            return
        }
        r2 = mean(
            squared.enumerated().map { output, rest in
                let values = stride(from: output, to: targets.count, by: outputs).map { Double(targets[$0]) }
                let center = values.reduce(0, +) / count
                let variation = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
                if variation > 0 { return 1 - rest / variation }
                return rest == 0 ? 1 : 0
            })
    }
}

/// The sums of each of this rank's shards, while it evaluates. They are added in the order of the shards, so that the figures
/// depend on nothing else.
final class RegressionSums {
    private let outputs: Int
    private let shards: Range<Int>
    /// A row a shard: the absolute errors of each output, then the squared ones.
    private let rows: AlignedBuffer<Double>

    init(outputs: Int, shards: Range<Int>) {
        (self.outputs, self.shards) = (outputs, shards)
        rows = AlignedBuffer(count: shards.count * 2 * outputs)
    }

    /// Adds the samples of a shard whose evaluation plan has just run.
    func add(_ batch: ShardBatch, _ plan: BoundPlan, shard: Int) {
        let row = rows.baseAddress + (shard - shards.lowerBound) * 2 * outputs
        for sample in 0..<batch.count {
            for output in 0..<outputs {
                let place = sample * outputs + output
                let error = Double(plan.output[place]) - Double(batch.targets[place])
                row[output] += abs(error)
                row[outputs + output] += error * error
            }
        }
    }

    /// Of all ranks. Collective.
    func combined(_ communicator: Communicator, targets: [Float]) throws -> RegressionErrors {
        let all = try communicator.allGather(Array(rows.elements)).flatMap(\.self)
        let sums = (0..<2 * outputs).map { column in
            stride(from: column, to: all.count, by: 2 * outputs).reduce(0) { $0 + all[$1] }
        }
        return RegressionErrors(
            absolute: Array(sums[..<outputs]), squared: Array(sums[outputs...]), targets: targets)
    }
}
