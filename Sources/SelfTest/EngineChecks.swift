import Engines
import Execution
import Models
import ModelZoo
import Options

/// Engines against each other, and how fast they are. The subject is not used.
package enum EngineChecks {
    package static var all: [Check<String>] {
        let speeds = EngineChoice.all.map { engine in
            Check<String>("speed, \(engine.rawValue)") { _ in try speed(engine) }
        }
        return EngineChoice.all.count < 2 ? speeds : comparisons + speeds
    }

    private static let comparisons: [Check<String>] = [
        Check("engines agree") { _ in try agreement() },
        Check("another weight is noticed") { _ in try changedWeight() },
    ]

    /// Relative to a tensor's largest value: engines round in other orders, some 1e-7 an operation, of which a layer adds
    /// up hundreds, and normalising small batches lifts it. It stays as small because no ReLU and no maximum hangs on it.
    private static let tolerance = 1e-4
    /// Rounding moves the inputs of ReLUs and maxima by a twentieth of that, and less.
    private static let margin = 2e-5
    /// A bias before a normalisation has no gradient but rounding: smaller tensors are measured as if they were of this
    /// size.
    private static let ordinary = 0.2

    /// One with ReLUs and maxima, few enough to find values that keep all of them away from their kinks; and a deep one
    /// with normalisations, in which there are too many, and tanh is in their place.
    private static func trialValues() throws -> [TrialValues] {
        let name = "resnet-cifar-8-v1"
        let residual = try Zoo.model(named: name).network()
        let smooth = try Network(
            name: "\(name) with tanh",
            nodes: residual.nodes.map { node in
                guard case .activation(let layer) = node.layer, layer.function == .relu else { return node }
                return Node(name: node.name, layer: .activation(ActivationLayer(.tanh)), inputs: node.inputs)
            })
        return [
            try TrialValues(convolutions(), samples: 4, margin: margin), TrialValues(smooth, samples: 4),
        ]
    }

    private static func convolutions() throws -> Network {
        var graph = GraphBuilder("convolutions with ReLU and maxima", input: [16, 16, 3])
        var x = graph.activation(graph.convolution(graph.input, 16, kernel: 3, padding: .same), .relu)
        x = graph.activation(graph.convolution(graph.maxPooling(x), 16, kernel: 3, padding: .same), .relu)
        x = graph.activation(graph.convolution(x, 32, kernel: 1), .relu)
        x = graph.activation(graph.dense(graph.flatten(graph.maxPooling(x)), 24), .relu)
        _ = graph.dense(x, 10, activation: .softmax)
        return try graph.network()
    }

    private static func agreement() throws -> String {
        var worst = 0.0
        let tested = try trialValues()
        for values in tested {
            let trials = try EngineChoice.all.map { try trial(values, $0) }
            for (engine, other) in zip(EngineChoice.all, trials).dropFirst() {
                for (name, difference) in try differences(other, trials[0]) {
                    try require(
                        difference <= tolerance,
                        "\(values.network.name), \(name): \(engine.rawValue) is \(scientific(difference)) off, "
                            + "\(scientific(tolerance)) is allowed")
                    worst = max(worst, difference)
                }
            }
        }
        let names = tested.map(\.network.name).joined(separator: ", ")
        return "\(names): outputs and gradients within \(scientific(worst))"
    }

    /// The comparison above must see that one of the engines has another weight.
    private static func changedWeight() throws -> String {
        let values = try TrialValues(convolutions(), samples: 4, margin: margin)
        let trials = try EngineChoice.all.map { try trial(values, $0) }
        var weights = values.weights
        weights[0][0] *= 1.01
        try trials[1].load(weights)
        try trials[1].run()
        let worst = try differences(trials[1], trials[0]).map(\.difference).max() ?? 0
        try require(worst > tolerance, "engines with different weights are taken to agree")
        return "engines with one weight 1 % off differ by \(scientific(worst))"
    }

    private static func trial(_ values: TrialValues, _ engine: TrainingOptions.EngineName) throws -> Trial {
        let trial = try Trial(values, EngineChoice.engine(engine, threads: 1))
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

    private static func scientific(_ value: Double) -> String { .formatted("%.1e", value) }

    /// A large convolution shows the arithmetic, a small network everything around it.
    private static func speed(_ name: TrainingOptions.EngineName) throws -> String {
        let engine = try EngineChoice.engine(name, threads: 1)
        var graph = GraphBuilder("convolutions", input: [28, 28, 64])
        let first = graph.convolution(graph.input, 64, kernel: 3, padding: .same)
        let second = graph.convolution(first, 64, kernel: 3, padding: .same)
        _ = graph.dense(graph.globalAveragePooling(second), 10, activation: .softmax)
        let network = try graph.network()
        let batch = 8
        let seconds = try Trial(TrialValues(network, samples: batch), engine).time(for: 0.5)
        // Two operations a multiply-add; forward, by weights, and by inputs except the first layer's.
        let operations = Double(2 * network.multiplyAdds * batch) * 2.5
        let images = 128
        let step = try Trial(
            TrialValues(Zoo.model(named: "lenet5-keras").network(), samples: images), engine
        ).time(for: 0.5)
        return "\(Int(operations / seconds / 1e9)) GFLOP/s in convolutions, "
            + "\(Int(Double(images) / step).grouped) images/s with lenet5-keras, on one core\n\(engine.description)"
    }
}
