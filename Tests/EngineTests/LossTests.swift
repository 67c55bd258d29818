import Execution
import Models
import Basics
import Testing

/// Losses and their gradients against Keras's (Golden/losses.py made the numbers).
@Suite struct LossTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let loss: Loss
        let activation: Activation
        let targets: [Batch.Targets]
        let value: Double
        /// By what comes before the activation.
        let gradient: [Float]

        init(
            _ function: Loss.Function, smoothing: Float = 0, fromLogits: Bool = false, _ activation: Activation,
            _ targets: [Batch.Targets], _ value: Double, _ gradient: [Float]
        ) {
            loss = Loss(function, labelSmoothing: smoothing, isFromLogits: fromLogits)
            (self.activation, self.targets, self.value, self.gradient) = (activation, targets, value, gradient)
        }

        var testDescription: String { "\(loss), \(activation)" }
    }

    private static let labels = Batch.Targets.labels([2, 1])
    private static let oneHot = Batch.Targets.values([0, 0, 1, 0, 1, 0])
    private static let values = Batch.Targets.values([0.2, 0.5, 0.3, 0, 0.75, 0.25])
    private static let signs = Batch.Targets.values([-1, 1, 1, 1, -1, -1])

    private static let goldens = [
        Golden(
            .sparseCategoricalCrossEntropy, .softmax, [labels], 1.85380619, [0.85250409, -0.77504213, -0.07746196]),
        Golden(
            .sparseCategoricalCrossEntropy, fromLogits: true, .linear, [labels], 1.85380619,
            [0.85250409, -0.77504213, -0.07746196]),
        Golden(
            .sparseCategoricalCrossEntropy, .sigmoid, [labels], 1.81810620, [0.22925609, -0.20475699, 0.07888317]),
        Golden(
            .categoricalCrossEntropy, smoothing: 0.1, .softmax, [labels, oneHot], 1.99380619,
            [0.78583742, -0.74170879, -0.04412863]),
        Golden(
            .categoricalCrossEntropy, smoothing: 0.1, fromLogits: true, .linear, [values], 3.87480619,
            [0.60583742, -0.96670879, 0.36087137]),
        Golden(
            .categoricalCrossEntropy, smoothing: 0.2, .sigmoid, [labels, oneHot], 1.93023503,
            [0.18872389, -0.19596985, 0.05486438]),
        Golden(
            .binaryCrossEntropy, smoothing: 0.1, .sigmoid, [values], 2.01271104, [0.37067233, -0.14789693, 0.22903647]),
        Golden(
            .binaryCrossEntropy, fromLogits: true, .linear, [labels, oneHot], 1.35237771,
            [0.46400566, -0.07289693, 0.09403647]),
        Golden(
            .binaryCrossEntropy, smoothing: 0.1, .softmax, [labels, oneHot], 1.23248486,
            [0.49328458, -0.39609512, -0.09718946]),
        Golden(.meanSquaredError, .softmax, [labels, oneHot], 0.40524624, [0.19267494, -0.14453517, -0.04813977]),
        Golden(.hinge, .linear, [labels, oneHot], 1.73333333, [0.66666667, -0.33333333, 0.33333333]),
        Golden(.hinge, .tanh, [signs], 1.69107258, [0.24481011, 0.21867433, 0.26166265]),
        Golden(.categoricalHinge, .linear, [labels, oneHot], 2.3, [1, -1, 0]),
        Golden(.maximumAPosteriori, .linear, [labels], 4.56387114, [-0.26460751, -0.11434487, 0.37895238]),
        Golden(.categoricalHinge, .softmax, [values], 2.81358426, [0.25653783, -0.27190724, 0.01536941]),
    ]

    @Test(arguments: TestedEngine.all, goldens)
    func losses(_ engine: TestedEngine, _ golden: Golden) throws {
        // An identity in front: the gradient of its bias is that of the loss, summed over the samples.
        let network = try Network.build([3]) { g, x in _ = g.dense(x, 3, activation: golden.activation) }
        for targets in golden.targets {
            var batch = Batch(for: network, samples: 2, kind: .label)
            batch.inputs = [0.3, -1.2, 2, 1.5, 0.2, -0.4]
            batch.targets = targets
            let run = try PlanRun(engine.make(), network, loss: golden.loss, kind: batch.kind, shards: [2])
            try run.load([[1, 0, 0, 0, 1, 0, 0, 0, 1], [0, 0, 0]])
            let result = try run.run(batch)
            expectAgreement([result.metrics.loss], [golden.value], within: 1e-6, "loss")
            expectAgreement(result.gradients[1], golden.gradient, within: 1e-5, "gradient")
        }
    }

    /// Probabilities are cut off 1e-7 from 0 and 1, as in Keras, and so the loss has an end.
    @Test func probabilitiesOfZeroHaveAFiniteLoss() throws {
        let network = try Network.build([2]) { g, x in _ = g.dense(x, 2) }
        for loss in [Loss.categoricalCrossEntropy, .binaryCrossEntropy] {
            var batch = Batch(for: network, samples: 1, kind: .label)
            batch.inputs = [1, 0]
            batch.targets = .labels([1])
            let run = try PlanRun(TestedEngine.blas.make(), network, loss: loss, kind: .label, shards: [1])
            try run.load([[1, 0, 0, 1], [0, 0]])
            let result = try run.run(batch)
            expectAgreement([result.metrics.loss], [16.11809565], within: 1e-2, "\(loss)")
            #expect(result.gradients[1] == [0, 0])
        }
    }
}
