import Basics
import Engines
import Models
import Options

/// Gradients of small networks against differences of their losses, on every engine. The subject is not used.
package enum GradientChecks {
    package static var all: [Check<String>] {
        EngineChoice.all.map { engine in
            Check("gradients, \(engine.rawValue)") { _ in try agreement(engine) }
        } + [Check("a wrong gradient is noticed") { _ in try wrongGradient() }]
    }

    /// Relative; what rounding leaves of the differences of losses, some 1e-7 divided by a step. An error in a kernel (a
    /// border pixel, a factor, a wrong count) is far larger.
    private static let tolerance = 1e-4
    /// So far a step may move the inputs of ReLUs and maxima before one of them turns: as far as the steps that are best
    /// for rounding do.
    private static let margin = 0.02

    private static let networks = [
        SmallNetwork("dense") { g, x in g.dense(g.dense(g.flatten(x), 7, activation: .tanh), 5, activation: .sigmoid) },
        SmallNetwork("convolution") { g, x in
            let y = g.convolution(x, 4, kernel: 3, padding: .same, activation: .tanh)
            return g.flatten(g.convolution(y, 5, kernel: 3, stride: 2, padding: .same))
        },
        SmallNetwork("pooling") { g, x in
            let y = g.averagePooling(g.convolution(x, 6, kernel: 3), 2)
            return g.flatten(g.convolution(y, 5, kernel: 1, activation: .tanh))
        },
        SmallNetwork("ReLU and maximum") { g, x in
            g.flatten(g.maxPooling(g.activation(g.convolution(x, 3, kernel: 3), .relu)))
        },
        SmallNetwork("batch normalization") { g, x in
            let y = g.batchNormalization(g.convolution(x, 5, kernel: 3, bias: false))
            return g.flatten(g.activation(y, .tanh))
        },
    ]

    private static func agreement(_ engine: TrainingOptions.EngineName) throws -> String {
        var worst = 0.0
        var count = 0
        for tested in networks {
            let values = try TrialValues(tested.network(), samples: 3, margin: margin)
            let trial = try Trial(values, EngineChoice.engine(engine, threads: 1))
            for parameter in trial.network.trainableIndices {
                try trial.load(values.weights)
                try trial.run()
                let deviation = try GradientComparison(trial, parameter).deviation(of: trial.gradient(parameter))
                let path = trial.network.parameters[parameter].path
                try require(
                    deviation <= tolerance,
                    "\(tested.name): the gradient of \(path) is \((deviation * 100).rounded(to: 3)) % off, "
                        + "\((tolerance * 100).rounded(to: 3)) % is allowed")
                worst = max(worst, deviation)
                count += 1
            }
        }
        let names = networks.map(\.name).joined(separator: ", ")
        return "\(names): \(count) within \((worst * 100).rounded(to: 4)) % of finite differences"
    }

    /// The comparison above must see a gradient that is a little too large.
    private static func wrongGradient() throws -> String {
        let network = try networks[0].network()
        let values = TrialValues(network, samples: 3)
        let trial = try Trial(values, EngineChoice.engine(EngineChoice.standard, threads: 1))
        try trial.run()
        let wrong = try trial.gradient(0).map { $0 * 1.001 }
        let deviation = try GradientComparison(trial, 0).deviation(of: wrong)
        try require(deviation > tolerance, "a gradient that is 0.1 % too large is taken for right")
        return "one that is 0.1 % too large is found \((deviation * 100).rounded(to: 2)) % off"
    }
}

/// Some layers around the tested kind, and a softmax over four classes behind them.
private struct SmallNetwork: Sendable {
    let name: String
    private let body: @Sendable (inout GraphBuilder, GraphBuilder.Tensor) -> GraphBuilder.Tensor

    init(
        _ name: String, _ body: @escaping @Sendable (inout GraphBuilder, GraphBuilder.Tensor) -> GraphBuilder.Tensor
    ) {
        self.name = name
        self.body = body
    }

    func network() throws -> Network {
        var graph = GraphBuilder(name, input: [6, 7, 2])
        let last = body(&graph, graph.input)
        _ = graph.dense(last, 4, activation: .softmax)
        return try graph.network()
    }
}

/// The derivatives of a trial's loss by one parameter, along a few directions, by central differences.
///
/// In single precision the loss carries an error that a difference divides by its step, and a large step sees more than
/// the slope. So steps are halved; of the differences of two neighbouring steps a slope is made that is free of the third
/// derivative, which allows for larger steps; and that slope is taken which agrees best with its neighbour and suffers
/// least from rounding: a choice that never looks at the gradient under test.
private struct GradientComparison {
    private let trial: Trial
    private let parameter: Int
    private let weights: [[Float]]

    init(_ trial: Trial, _ parameter: Int) {
        self.trial = trial
        self.parameter = parameter
        weights = trial.values.weights
    }

    /// How far `gradient` is off, relative to its own length: the largest over the directions.
    func deviation(of gradient: [Float]) throws -> Double {
        let length = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        return try directions(gradient).reduce(0) { worst, direction in
            let expected = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            let deviation = abs(try slope(direction) - expected) / length
            // Not a number is further off than anything.
            return deviation.isNaN ? .infinity : max(worst, deviation)
        }
    }

    /// Along the gradient, along the signs of its elements, and along random ones, all of length 1.
    private func directions(_ gradient: [Float]) -> [[Float]] {
        let random = CounterRandom(seed: 9, purpose: .generatedData, stream: UInt64(parameter))
        let patterns = [
            gradient, gradient.map { $0 < 0 ? -1 : 1 },
            gradient.indices.map { random.bits(UInt64($0)) & 1 == 0 ? 1 : -1 },
        ]
        return patterns.map { pattern in
            let length = pattern.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return pattern.map { $0 / length }
        }
    }

    private func slope(_ direction: [Float]) throws -> Double {
        let differences = try Self.steps.map { step in
            (try loss(direction, step) - loss(direction, -step)) / Double(2 * step)
        }
        let slopes = zip(differences, differences.dropFirst()).map { (4 * $1 - $0) / 3 }
        // How far apart two are, and what rounding can do to both: by chance the two may lie together.
        func doubt(_ index: Int) -> Double {
            abs(slopes[index] - slopes[index - 1]) + Self.rounding * trial.loss / Double(Self.steps[index + 1])
        }
        return (1..<slopes.count).min { doubt($0) < doubt($1) }.map { slopes[$0] } ?? 0
    }

    private static let steps = (1...10).map { 1 / Float(1 << $0) }
    /// Of a loss, relative.
    private static let rounding = 1e-7

    private func loss(_ direction: [Float], _ step: Float) throws -> Double {
        var moved = weights
        for i in direction.indices { moved[parameter][i] += step * direction[i] }
        try trial.load(moved)
        try trial.run()
        return trial.loss
    }
}
