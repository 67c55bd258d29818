import Optimization
import Testing

/// Against Keras (Golden/generate_keras_golden.py says how the numbers were made), and against themselves on slices.
@Suite struct OptimizerTests {
    struct Golden: Decodable {
        let cases: [Case]
    }

    struct Case: Decodable {
        struct Arguments: Decodable {
            var momentum: Double?
            var nesterov: Bool?
            var beta_1: Double?
            var beta_2: Double?
            var epsilon: Double?
            var rho: Double?
            var initial_accumulator_value: Double?
        }
        let optimizer: String
        let arguments: Arguments
        let l2: Float
        let weight_decay: Float
        let learning_rate: Float
        let slot_names: [String]
        let initial: [Float]
        let gradients: [[Float]]
        let weights: [[Float]]
        let slots: [[Float]]

        var subject: Optimizer {
            let a = arguments
            switch optimizer {
            case "sgd": return .sgd(SGD(momentum: a.momentum ?? 0, nesterov: a.nesterov ?? false))
            case "adam":
                return .adam(Adam(beta1: a.beta_1 ?? 0.9, beta2: a.beta_2 ?? 0.999, epsilon: a.epsilon ?? 1e-7))
            case "rmsprop":
                return .rmsprop(RMSprop(rho: a.rho ?? 0.9, momentum: a.momentum ?? 0, epsilon: a.epsilon ?? 1e-7))
            default:
                return .adagrad(
                    AdaGrad(initialAccumulator: a.initial_accumulator_value ?? 0.1, epsilon: a.epsilon ?? 1e-7))
            }
        }
    }

    /// Weights and slots of one optimizer, updated in pieces cut at `cuts`.
    struct Run {
        let optimizer: Optimizer
        var weights: [Float]
        var slots: [[Float]]

        init(_ optimizer: Optimizer, weights: [Float]) {
            self.optimizer = optimizer
            self.weights = weights
            slots = optimizer.slots.map { [Float](repeating: $0.initialValue, count: weights.count) }
        }

        mutating func update(gradient: [Float], step: UpdateStep, cuts: [Int] = []) {
            var state = slots.flatMap { $0 }
            let count = weights.count
            let bounds = [0] + cuts + [count]
            weights.withUnsafeMutableBufferPointer { w in
                gradient.withUnsafeBufferPointer { g in
                    state.withUnsafeMutableBufferPointer { s in
                        for (from, to) in zip(bounds, bounds.dropFirst()) {
                            optimizer.update(
                                weights: w.baseAddress! + from, gradient: g.baseAddress! + from,
                                slots: slots.indices.map { s.baseAddress! + $0 * count + from },
                                count: to - from, step: step)
                        }
                    }
                }
            }
            slots = slots.indices.map { Array(state[$0 * count..<($0 + 1) * count]) }
        }
    }

    private func agree(_ a: [Float], _ b: [Float]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 * max(abs($1), 0.1) }
    }

    @Test func agreesWithKeras() throws {
        let golden = try GoldenFile.read(Golden.self, "keras_optimizers.json")
        #expect(golden.cases.count == 13)
        for item in golden.cases {
            var run = Run(item.subject, weights: item.initial)
            #expect(item.subject.slots.map(\.name) == item.slot_names)
            for (iteration, gradient) in item.gradients.enumerated() {
                // The batch of four: gradients arrive as sums.
                let step = UpdateStep(
                    scale: 0.25, learningRate: item.learning_rate, iteration: iteration, l2: item.l2,
                    weightDecay: item.weight_decay)
                run.update(gradient: gradient.map { $0 * 4 }, step: step)
                #expect(
                    agree(run.weights, item.weights[iteration]),
                    "\(item.optimizer) \(item.arguments) at update \(iteration)")
            }
            for (slot, expected) in zip(run.slots, item.slots) {
                #expect(agree(slot, expected), "slots of \(item.optimizer) \(item.arguments)")
            }
        }
    }

    @Test(arguments: [
        Optimizer.sgd(SGD()), .sgd(SGD(momentum: 0.9)), .sgd(SGD(momentum: 0.9, nesterov: true)), .adam(Adam()),
        .rmsprop(RMSprop()), .rmsprop(RMSprop(momentum: 0.5)), .adagrad(AdaGrad()),
    ])
    func anyCutGivesTheSameBits(_ optimizer: Optimizer) {
        let count = 203
        let weights = (0..<count).map { Float($0 * 37 % 101) / 50 - 1 }
        var whole = Run(optimizer, weights: weights)
        var sliced = whole
        for iteration in 0..<4 {
            let gradient = (0..<count).map { Float(($0 + iteration) * 53 % 97) / 31 - 1.5 }
            let step = UpdateStep(
                scale: 1 / 7, learningRate: 0.013, iteration: iteration, l2: 1e-3, weightDecay: 1e-2)
            whole.update(gradient: gradient, step: step)
            sliced.update(gradient: gradient, step: step, cuts: [1, 2, 5, 16, 33, 97, 202])
        }
        #expect(whole.weights.map(\.bitPattern) == sliced.weights.map(\.bitPattern))
        #expect(whole.slots == sliced.slots)
        #expect(whole.weights != weights)
    }

    @Test func paddingStaysZero() {
        for optimizer in [Optimizer.sgd(SGD(momentum: 0.9)), .adam(Adam()), .rmsprop(RMSprop()), .adagrad(AdaGrad())] {
            var run = Run(optimizer, weights: [0, 0, 0])
            for iteration in 0..<3 {
                let step = UpdateStep(
                    scale: 0.1, learningRate: 0.1, iteration: iteration, l2: 0.1, weightDecay: 0.1)
                run.update(gradient: [0, 0, 0], step: step)
            }
            #expect(run.weights == [0, 0, 0])
        }
    }
}
