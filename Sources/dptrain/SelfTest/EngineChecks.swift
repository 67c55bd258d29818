import Execution
import Foundation
import Models
import Training

/// Engines against each other, and how fast they are. The subject is not used.
enum EngineChecks {
    static var all: [Check<String>] {
        let speeds = EngineChoice.all.map { engine in
            Check<String>("speed, \(engine.rawValue)") { _ in try speed(engine) }
        }
        return EngineChoice.all.count < 2 ? speeds : comparisons + speeds
    }

    private static let comparisons: [Check<String>] = [
        Check("engines agree") { _ in try agreement() },
        Check("another weight is noticed") { _ in try changedWeight() },
    ]

    private static let models = ["lenet5-keras", "resnet-cifar-8-v1"]
    /// Relative to a tensor's largest value: engines round in other orders, some 1e-7 an operation, which normalising
    /// small batches lifts.
    private static let tolerance = 1e-3
    /// A bias before a normalisation has no gradient but rounding: smaller tensors are measured as if they were of this
    /// size.
    private static let ordinary = 0.2

    private static func agreement() throws -> String {
        var worst = 0.0
        for model in models {
            let network = try Zoo.model(named: model).network()
            let trials = try EngineChoice.all.map { try trial(network, $0, samples: 4) }
            for (engine, other) in zip(EngineChoice.all, trials).dropFirst() {
                for (name, difference) in try differences(other, trials[0]) {
                    try require(
                        difference <= tolerance,
                        "\(model), \(name): \(engine.rawValue) is \(scientific(difference)) off")
                    worst = max(worst, difference)
                }
            }
        }
        return "\(models.joined(separator: ", ")): outputs and gradients within \(scientific(worst))"
    }

    /// The comparison above must see that one of the engines has another weight.
    private static func changedWeight() throws -> String {
        let network = try Zoo.model(named: models[0]).network()
        let trials = try EngineChoice.all.map { try trial(network, $0, samples: 4) }
        var weights = Trial.weights(of: network)
        weights[0][0] += 0.05
        try trials[1].load(weights)
        try trials[1].run()
        let worst = try differences(trials[1], trials[0]).map(\.difference).max() ?? 0
        try require(worst > tolerance, "engines with different weights are taken to agree")
        return "engines with one different weight differ by \(scientific(worst))"
    }

    private static func trial(
        _ network: Network, _ engine: TrainingOptions.EngineName, samples: Int
    ) throws -> Trial {
        let trial = try Trial(network, EngineChoice.engine(engine, threads: 1), samples: samples)
        try trial.run()
        return trial
    }

    private static func differences(_ a: Trial, _ b: Trial) throws -> [(name: String, difference: Double)] {
        try [("outputs", difference(a.outputs, b.outputs))]
            + a.network.trainableIndices.map { parameter in
                (a.network.parameters[parameter].path, try difference(a.gradient(parameter), b.gradient(parameter)))
            }
    }

    private static func difference(_ a: [Float], _ b: [Float]) -> Double {
        let size = b.reduce(ordinary) { max($0, Double(abs($1))) }
        // Not a number is further off than anything.
        return zip(a, b).reduce(0) { worst, pair in
            let difference = Double(abs(pair.0 - pair.1))
            return difference.isNaN ? .infinity : max(worst, difference)
        } / size
    }

    private static func scientific(_ value: Double) -> String { String(format: "%.1e", value) }

    /// A large convolution shows the arithmetic, a small network everything around it.
    private static func speed(_ name: TrainingOptions.EngineName) throws -> String {
        let engine = try EngineChoice.engine(name, threads: 1)
        var graph = GraphBuilder("convolutions", input: [28, 28, 64])
        let first = graph.convolution(graph.input, 64, kernel: 3, padding: .same)
        let second = graph.convolution(first, 64, kernel: 3, padding: .same)
        _ = graph.dense(graph.globalAveragePooling(second), 10, activation: .softmax)
        let network = try graph.network()
        let batch = 8
        let seconds = try Trial(network, engine, samples: batch).time(for: 0.5)
        // Two operations a multiply-add; forward, by weights, and by inputs except the first layer's.
        let operations = Double(2 * network.multiplyAdds * batch) * 2.5
        let images = 128
        let step = try Trial(Zoo.model(named: "lenet5-keras").network(), engine, samples: images).time(for: 0.5)
        return "\(Int(operations / seconds / 1e9)) GFLOP/s in convolutions, "
            + "\(Int(Double(images) / step).grouped) images/s with lenet5-keras, on one core\n\(engine.description)"
    }
}
