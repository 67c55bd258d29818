import Execution
import Foundation
import Models
import Testing

/// The Inception networks, whole and on small images, against Keras in double precision.
@Suite struct InceptionGoldenTests {
    static let networks = [
        InceptionGolden("googlenet-auxiliary", [96, 64, 3]),
        InceptionGolden("bn-inception", [96, 64, 3]),
        InceptionGolden("inception-v3-auxiliary", [139, 123, 3]),
        InceptionGolden("inception-v4", [139, 123, 3]),
        InceptionGolden("inception-resnet-v1", [139, 123, 3]),
        InceptionGolden("inception-resnet-v2", [139, 123, 3]),
        InceptionGolden("inception-resnet-v2-paper", [139, 123, 3]),
    ]

    /// The first loss, its gradients, and the losses after each of three steps along them.
    @Test(arguments: TestedEngine.all, networks)
    func trainingAgrees(_ engine: TestedEngine, _ golden: InceptionGolden) throws {
        let network = try golden.network()
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label,
            shards: [InceptionGolden.samples])
        try run.load(InceptionGolden.parameters(of: network))
        let (losses, rate) = try golden.losses()
        for (step, expected) in losses.enumerated() {
            let result = try run.run(InceptionGolden.batch(for: network), givesGradients: step == 0)
            let tolerance = step == 0 ? golden.tolerance : golden.gradientTolerance
            let difference = abs(result.metrics.loss / expected - 1)
            #expect(difference < tolerance, "the loss after \(step) steps is off by \(difference)")
            if step == 0 {
                let outputs = probabilities(result.outputs)
                expectAgreement(outputs, try golden.outputs(), within: golden.tolerance, "outputs")
                try expectGradients(result.gradients, golden, network)
            }
            run.descend(rate: Float(rate))
        }
    }

    /// The naive GoogLeNet too, whose training would take more memory than a test should.
    @Test(arguments: TestedEngine.all, networks + [InceptionGolden("googlenet-naive", [96, 64, 3])])
    func predictionsAgree(_ engine: TestedEngine, _ golden: InceptionGolden) throws {
        let network = try golden.network()
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label,
            shards: [InceptionGolden.samples], purpose: .prediction)
        try run.load(InceptionGolden.parameters(of: network))
        let outputs = try run.run(InceptionGolden.batch(for: network)).outputs
        expectAgreement(outputs, try golden.predictions(), within: golden.tolerance, "predictions")
    }

    /// Samples answer differently by many times the tolerance, and no class takes all: what agrees is not a constant.
    @Test(arguments: networks)
    func expectedAnswersDiffer(_ golden: InceptionGolden) throws {
        for answers in [try golden.predictions(), try golden.outputs()] {
            let (first, second) = (answers.prefix(answers.count / 2), answers.suffix(answers.count / 2))
            #expect(zip(first, second).contains { abs($0 - $1) > 50 * golden.tolerance })
            #expect(answers.allSatisfy { $0 < 0.9 })
        }
    }

    /// A training pass ends in logits: the loss takes the softmax over.
    private func probabilities(_ logits: [Float]) -> [Double] {
        let classes = logits.count / InceptionGolden.samples
        return (0..<InceptionGolden.samples).flatMap { sample in
            let powers = logits[sample * classes..<(sample + 1) * classes].map { exp(Double($0)) }
            return powers.map { $0 / powers.reduce(0, +) }
        }
    }

    /// Norms, and a few elements of each gradient.
    private func expectGradients(_ gradients: ParameterValues, _ golden: InceptionGolden, _ network: Network) throws {
        let expected = try golden.gradients()
        #expect(expected.count == network.parameters.count)
        var worst = (0.0, "")
        for ((index, parameter), order) in zip(network.parameters.enumerated(), InceptionGolden.order(of: network)) {
            let gradient = gradients[index]
            let norm = gradient.withUnsafeBufferPointer { values in
                var sum = 0.0
                for i in 0..<values.count { sum += Double(values[i]) * Double(values[i]) }
                return sum.squareRoot()
            }
            let row = expected[order]
            let size = max(row.norm, InceptionGolden.ordinary)
            let kept = InceptionGolden.places(order, of: gradient.count).map { gradient[$0] }
            let differences = [norm - row.norm] + zip(kept, row.elements).map { Double($0) - $1 }
            let difference = differences.reduce(0) { max($0, $1.isFinite ? abs($1) : .infinity) } / size
            if difference > worst.0 { worst = (difference, parameter.path) }
        }
        #expect(worst.0 < golden.gradientTolerance, "\(worst.1): off by \(worst.0) of the gradient's norm")
    }
}
