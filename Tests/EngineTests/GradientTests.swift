import Execution
import Models
import Basics
import Testing

/// Every layer's backward pass against differences of its forward pass, on every engine.
@Suite struct GradientTests {
    @Test(arguments: TestedEngine.all, LayerCase.convolutions)
    func convolution(_ engine: TestedEngine, _ layer: LayerCase) throws {
        try check(engine, layer, shards: [[1], [3]])
    }

    @Test(arguments: TestedEngine.all, LayerCase.winograds)
    func winograd(_ engine: TestedEngine, _ layer: LayerCase) throws { try check(engine, layer, shards: [[1], [3]]) }

    @Test(arguments: TestedEngine.all, LayerCase.paddings)
    func padding(_ engine: TestedEngine, _ layer: LayerCase) throws { try check(engine, layer, shards: [[1], [3]]) }

    /// Whole groups of samples, groups with a few too few, and too few for a group.
    @Test(arguments: TestedEngine.all, LayerCase.fewChannels)
    func fewChannels(_ engine: TestedEngine, _ layer: LayerCase) throws {
        try check(engine, layer, shards: [[16], [30, 11], [1]])
    }

    @Test(arguments: TestedEngine.all, LayerCase.vectors)
    func vector(_ engine: TestedEngine, _ layer: LayerCase) throws { try check(engine, layer, shards: [[1], [3]]) }

    @Test(arguments: TestedEngine.all, LayerCase.poolings + LayerCase.activations)
    func pooling(_ engine: TestedEngine, _ layer: LayerCase) throws { try check(engine, layer, shards: [[1], [3]]) }

    @Test(arguments: TestedEngine.all, LayerCase.merges + LayerCase.responses + LayerCase.resamplings)
    func zooLayer(_ engine: TestedEngine, _ layer: LayerCase) throws { try check(engine, layer, shards: [[1], [3]]) }

    @Test(arguments: TestedEngine.all, LayerCase.dilations + LayerCase.strips)
    func window(_ engine: TestedEngine, _ layer: LayerCase) throws { try check(engine, layer, shards: [[1], [3]]) }

    @Test(arguments: TestedEngine.all, LayerCase.frozen)
    func frozenLayers(_ engine: TestedEngine, _ layer: LayerCase) throws {
        for mode in BatchNormalizationMode.allCases { try check(engine, layer, shards: [[3], [2, 1]], mode: mode) }
    }

    @Test(arguments: TestedEngine.all, LayerCase.plain + LayerCase.operations)
    func plain(_ engine: TestedEngine, _ layer: LayerCase) throws { try check(engine, layer, shards: [[1], [3]]) }

    @Test(arguments: TestedEngine.all, LayerCase.composed)
    func composed(_ engine: TestedEngine, _ layer: LayerCase) throws { try check(engine, layer, shards: [[1], [3]]) }

    /// From distances to the codes of classes.
    @Test(arguments: TestedEngine.all)
    func maximumAPosteriori(_ engine: TestedEngine) throws {
        let layer = LayerCase("loss", [5], front: 6) { g, x in
            _ = g.radialBasis(g.dense(x, 7, activation: .scaledTanh), 4)
        }
        try check(engine, layer, shards: [[1], [4]], loss: Loss(.maximumAPosteriori), kind: .label)
    }

    @Test(arguments: TestedEngine.all, LayerCase.graphs)
    func graph(_ engine: TestedEngine, _ layer: LayerCase) throws {
        try check(engine, layer, shards: [[1], [3], [2, 1]])
    }

    @Test(arguments: TestedEngine.all, LayerCase.normalizations)
    func normalizationByShard(_ engine: TestedEngine, _ layer: LayerCase) throws {
        try check(engine, layer, shards: [[1], [3], [3, 2]])
    }

    /// Behind the barriers each shard's loss depends on all shards' samples.
    @Test(arguments: TestedEngine.all, LayerCase.normalizations + LayerCase.graphs)
    func normalizationOfTheWholeBatch(_ engine: TestedEngine, _ layer: LayerCase) throws {
        try check(engine, layer, shards: [[3], [2, 1], [1, 2, 1]], mode: .global)
    }

    @Test(arguments: TestedEngine.all, BatchNormalizationMode.allCases)
    func normalizationOfVectors(_ engine: TestedEngine, _ mode: BatchNormalizationMode) throws {
        let layer = LayerCase("vector", [5], front: 3) { g, x in _ = g.dense(g.batchNormalization(x), 4) }
        try check(engine, layer, shards: [[6], [3, 4]], mode: mode)
    }

    /// With labels and with values, from logits where the loss takes the last activation over, with one output and
    /// several.
    @Test(arguments: TestedEngine.all, LossCase.all)
    func loss(_ engine: TestedEngine, _ loss: LossCase) throws {
        let layer = LayerCase("loss", [5], front: 4) { g, x in
            _ = g.dense(x, loss.outputs, activation: loss.activation)
        }
        try check(engine, layer, shards: [[1], [4]], loss: loss.loss, kind: loss.kind)
    }

    private func check(
        _ engine: TestedEngine, _ layer: LayerCase, shards: [[Int]], mode: BatchNormalizationMode = .shard,
        loss: Loss = .meanSquaredError, kind: TargetKind = .values, location: SourceLocation = #_sourceLocation
    ) throws {
        let network = try layer.network()
        for sizes in shards {
            let run = try PlanRun(
                engine.make(), network, loss: loss, kind: kind, shards: sizes, batchNormalization: mode)
            let batch = Batch(for: network, samples: run.batchSize, kind: kind)
            try GradientCheck(run: run, batch: batch).check(at: network.randomParameters(), location)
        }
    }
}

/// A loss with the end of a network that it fits.
struct LossCase: Sendable, CustomTestStringConvertible {
    let loss: Loss
    let activation: Activation
    let outputs: Int
    let kind: TargetKind

    var testDescription: String { "\(loss), \(activation), \(outputs) outputs, \(kind)" }

    static let all = [
        LossCase(loss: .sparseCategoricalCrossEntropy, activation: .softmax, outputs: 5, kind: .label),
        LossCase(
            loss: Loss(.sparseCategoricalCrossEntropy, isFromLogits: true), activation: .linear, outputs: 3,
            kind: .label),
        LossCase(loss: .sparseCategoricalCrossEntropy, activation: .sigmoid, outputs: 4, kind: .label),
        LossCase(
            loss: Loss(.categoricalCrossEntropy, labelSmoothing: 0.1), activation: .softmax, outputs: 5, kind: .label),
        LossCase(
            loss: Loss(.categoricalCrossEntropy, labelSmoothing: 0.2), activation: .sigmoid, outputs: 3, kind: .label),
        LossCase(
            loss: Loss(.binaryCrossEntropy, labelSmoothing: 0.1), activation: .sigmoid, outputs: 1, kind: .label),
        LossCase(loss: .binaryCrossEntropy, activation: .softmax, outputs: 4, kind: .label),
        LossCase(loss: Loss(.hinge), activation: .tanh, outputs: 1, kind: .label),
        LossCase(loss: Loss(.hinge), activation: .linear, outputs: 3, kind: .values),
        LossCase(loss: Loss(.categoricalFocalCrossEntropy), activation: .softmax, outputs: 5, kind: .label),
        LossCase(loss: Loss(.categoricalFocalCrossEntropy), activation: .sigmoid, outputs: 4, kind: .label),
        LossCase(
            loss: Loss(.binaryFocalCrossEntropy, labelSmoothing: 0.1), activation: .sigmoid, outputs: 1, kind: .label),
        LossCase(loss: Loss(.klDivergence), activation: .softmax, outputs: 4, kind: .values),
        LossCase(loss: Loss(.poisson), activation: .sigmoid, outputs: 3, kind: .values),
        LossCase(loss: Loss(.huber), activation: .linear, outputs: 3, kind: .values),
        LossCase(loss: Loss(.logCosh), activation: .linear, outputs: 3, kind: .values),
        LossCase(loss: Loss(.cosineSimilarity), activation: .tanh, outputs: 4, kind: .values),
        LossCase(loss: Loss(.squaredHinge), activation: .tanh, outputs: 3, kind: .values),
        LossCase(loss: Loss(.categoricalHinge), activation: .linear, outputs: 5, kind: .label),
        LossCase(loss: .binaryCrossEntropy, activation: .sigmoid, outputs: 1, kind: .label),
        LossCase(loss: .binaryCrossEntropy, activation: .sigmoid, outputs: 4, kind: .label),
        LossCase(loss: .binaryCrossEntropy, activation: .sigmoid, outputs: 3, kind: .values),
        LossCase(loss: .meanSquaredError, activation: .linear, outputs: 1, kind: .label),
        LossCase(loss: .meanSquaredError, activation: .softmax, outputs: 5, kind: .label),
        LossCase(loss: .meanSquaredError, activation: .sigmoid, outputs: 3, kind: .values),
    ]
}
