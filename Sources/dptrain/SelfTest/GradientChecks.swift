import Models
import Basics
import Training

/// Gradients of small networks against differences of their losses, on every engine. The subject is not used.
enum GradientChecks {
    static var all: [Check<String>] {
        EngineChoice.all.map { engine in
            Check("gradients, \(engine.rawValue)") { _ in try agreement(engine) }
        } + [Check("a wrong gradient is noticed") { _ in try wrongGradient() }]
    }

    /// Relative; an error in a kernel (a border pixel, a factor, a wrong count) is far larger.
    private static let tolerance = 0.01

    /// Smooth but for the maxima, so that differences have a limit.
    private static let networks = [
        SmallNetwork("dense") { g, x in g.dense(g.dense(g.flatten(x), 7, activation: .tanh), 5, activation: .sigmoid) },
        SmallNetwork("convolution") { g, x in
            let y = g.convolution(x, 4, kernel: 3, padding: .same, activation: .tanh)
            return g.flatten(g.convolution(y, 5, kernel: 3, stride: 2, padding: .same))
        },
        SmallNetwork("pooling") { g, x in
            let y = g.maxPooling(g.convolution(x, 6, kernel: 3))
            return g.flatten(g.averagePooling(g.convolution(y, 5, kernel: 1, activation: .tanh), 2))
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
            let trial = try Trial(tested.network(), EngineChoice.engine(engine, threads: 1), samples: 3)
            for parameter in trial.network.trainableIndices {
                try trial.load(Trial.weights(of: trial.network))
                try trial.run()
                let deviation = try GradientComparison(trial, parameter).deviation(of: trial.gradient(parameter))
                let path = trial.network.parameters[parameter].path
                try require(
                    deviation <= tolerance,
                    "\(tested.name): the gradient of \(path) is \((deviation * 100).rounded(to: 2)) % off")
                worst = max(worst, deviation)
                count += 1
            }
        }
        let names = networks.map(\.name).joined(separator: ", ")
        return "\(names): \(count) within \((worst * 100).rounded(to: 2)) % of finite differences"
    }

    /// The comparison above must see a gradient that is a little too large.
    private static func wrongGradient() throws -> String {
        let network = try networks[0].network()
        let trial = try Trial(network, EngineChoice.engine(EngineChoice.standard, threads: 1), samples: 3)
        try trial.run()
        let wrong = try trial.gradient(0).map { $0 * 1.03 }
        let deviation = try GradientComparison(trial, 0).deviation(of: wrong)
        try require(deviation > tolerance, "a gradient that is 3 % too large is taken for right")
        return "one that is 3 % too large is found \((deviation * 100).rounded(to: 1)) % off"
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
/// the slope. So steps are halved, and of two neighbouring differences those are taken that agree best: a choice that
/// never looks at the gradient under test.
private struct GradientComparison {
    private let trial: Trial
    private let parameter: Int
    private let weights: [[Float]]

    init(_ trial: Trial, _ parameter: Int) {
        self.trial = trial
        self.parameter = parameter
        weights = Trial.weights(of: trial.network)
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
        let slopes = try (4...11).map { exponent in
            let step = 1 / Float(1 << exponent)
            return (try loss(direction, step) - loss(direction, -step)) / Double(2 * step)
        }
        let pairs = zip(slopes, slopes.dropFirst())
        return pairs.min { abs($0.0 - $0.1) < abs($1.0 - $1.1) }?.1 ?? 0
    }

    private func loss(_ direction: [Float], _ step: Float) throws -> Double {
        var moved = weights
        for i in direction.indices { moved[parameter][i] += step * direction[i] }
        try trial.load(moved)
        try trial.run()
        return trial.loss
    }
}
