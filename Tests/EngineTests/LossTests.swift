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
            _ function: Loss.Function, smoothing: Float = 0, fromLogits: Bool = false,
            set: (inout Loss.Settings) -> Void = { _ in }, _ activation: Activation,
            _ targets: [Batch.Targets], _ value: Double, _ gradient: [Float]
        ) {
            var settings = Loss.Settings()
            set(&settings)
            loss = Loss(function, labelSmoothing: smoothing, isFromLogits: fromLogits, settings: settings)
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
            .sparseCategoricalCrossEntropy, .sigmoid, [labels], 1.85380619, [0.85250409, -0.77504213, -0.07746196]),
        Golden(
            .categoricalCrossEntropy, smoothing: 0.1, .softmax, [labels, oneHot], 1.99380619,
            [0.78583742, -0.74170879, -0.04412863]),
        Golden(
            .categoricalCrossEntropy, smoothing: 0.1, fromLogits: true, .linear, [values], 3.87480619,
            [0.60583742, -0.96670879, 0.36087137]),
        Golden(
            .categoricalCrossEntropy, smoothing: 0.2, .sigmoid, [labels, oneHot], 2.13380619,
            [0.71917075, -0.70837546, -0.01079529]),
        Golden(
            .binaryCrossEntropy, smoothing: 0.1, .sigmoid, [values], 2.01271104, [0.37067233, -0.14789693, 0.22903647]),
        Golden(
            .binaryCrossEntropy, fromLogits: true, .linear, [labels, oneHot], 1.35237771,
            [0.46400566, -0.07289693, 0.09403647]),
        Golden(
            .binaryCrossEntropy, smoothing: 0.1, .softmax, [labels, oneHot], 1.38571104,
            [0.43067233, -0.07289693, 0.09403647]),
        Golden(
            .categoricalFocalCrossEntropy, .softmax, [labels, oneHot], 0.27157672,
            [0.20835250, -0.23472089, 0.02636838]),
        Golden(
            .categoricalFocalCrossEntropy, smoothing: 0.1, fromLogits: true,
            set: { ($0.gamma, $0.alpha) = (1.5, 0.75) }, .linear, [values], 2.42298278,
            [0.49590127, -0.83378856, 0.33788728]),
        Golden(
            .categoricalFocalCrossEntropy, set: { $0.gamma = 0.5 }, .sigmoid, [labels, oneHot], 0.35475874,
            [0.05604960, -0.05665275, 0.02228375]),
        Golden(
            .binaryFocalCrossEntropy, smoothing: 0.1, .sigmoid, [values], 0.77703932,
            [0.34320616, -0.05885602, 0.12894055]),
        Golden(
            .binaryFocalCrossEntropy, fromLogits: true, set: { ($0.gamma, $0.alpha) = (3, 0.3) }, .linear,
            [labels, oneHot], 0.26871923, [0.29663709, -0.01068076, 0.01987067]),
        Golden(
            .binaryFocalCrossEntropy, set: { $0.gamma = 0.5 }, .softmax, [labels, oneHot], 0.89829073,
            [0.54429274, -0.44392060, -0.10037214]),
        Golden(.klDivergence, .softmax, [values], 2.35181645, [0.65250406, -1.02504211, 0.37253805]),
        Golden(.poisson, .sigmoid, [values], 1.67096126, [0.10283109, -0.09882522, 0.05327386]),
        Golden(.meanAbsoluteError, .linear, [values], 2.06666667, [0.66666667, -0.66666667, 0]),
        Golden(.meanAbsolutePercentageError, .linear, [signs], 226.66666667, [66.66666667, 0, 66.66666667]),
        Golden(.meanSquaredLogarithmicError, .linear, [values], 0.63395064, [0.28539171, -0.20960791, 0.18583289]),
        Golden(.huber, set: { $0.delta = 0.5 }, .linear, [values], 0.81, [0.2, -0.33333333, 0]),
        Golden(.logCosh, .linear, [values], 1.09394795, [0.33493875, -0.47864309, 0.12124637]),
        Golden(.cosineSimilarity, .linear, [values], -0.08179624, [-0.11098330, -0.95669248, -0.40060881]),
        Golden(.squaredHinge, .linear, [labels, oneHot], 2.98, [2.53333333, -0.53333333, 0.4]),
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
