import Basics
import Execution
import Interchange

/// What a table tells about an array of numbers. NaN count in none but their own figure.
public struct TensorStatistics: Sendable, Equatable {
    public let minimum: Float
    public let maximum: Float
    public let mean: Double
    public let nanCount: Int

    public init(_ values: [Float]) {
        var minimum = Float.infinity
        var maximum = -Float.infinity
        var sum = 0.0
        var count = 0
        for value in values where !value.isNaN {
            minimum = min(minimum, value)
            maximum = max(maximum, value)
            sum += Double(value)
            count += 1
        }
        self.minimum = count > 0 ? minimum : .nan
        self.maximum = count > 0 ? maximum : .nan
        mean = count > 0 ? sum / Double(count) : .nan
        nanCount = values.count - count
    }
}

/// An array of a run's state with its name: `conv2d/kernel`, `conv2d/kernel (momentum)`.
struct NamedTensor {
    let name: String
    let shape: Shape
    let values: [Float]
}

extension RunState {
    /// All weights, then all optimizer slots; those of the epoch's start behind them.
    var tensors: [NamedTensor] {
        named(weights, optimizer.slots)
            + WeightSet.allCases.flatMap { set in
                otherWeights[set].map { named($0, [], suffix: ", \(set.rawValue)") } ?? []
            }
            + (epochStart.map { named($0.weights, $0.slots, suffix: ", at the epoch's start") } ?? [])
    }

    private func named(
        _ weights: [[Float]], _ slots: [OptimizerState.Slot], suffix: String = ""
    ) -> [NamedTensor] {
        let trainable = network.trainableParameters
        let weights = zip(network.parameters, weights).map {
            NamedTensor(name: $0.path + suffix, shape: $0.specification.shape, values: $1)
        }
        return weights
            + slots.flatMap { slot in
                zip(trainable, slot.values).map {
                    NamedTensor(
                        name: "\($0.path) (\(slot.name))\(suffix)", shape: $0.specification.shape, values: $1)
                }
            }
    }
}
