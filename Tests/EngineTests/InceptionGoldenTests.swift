import Execution
import Foundation
import Models
import Testing

/// The Inception networks, whole and on small images, against Keras in double precision.
@Suite struct InceptionGoldenTests {
    static let networks = rectified + smooth
    static let rectified = [
        InceptionGolden("googlenet-auxiliary", [96, 64, 3], gradientTolerance: 2e-3),
        InceptionGolden("bn-inception", [96, 64, 3], gradientTolerance: 1e-2),
        InceptionGolden("inception-v3-auxiliary", [139, 123, 3], gradientTolerance: 1e-2),
        InceptionGolden("inception-v4", [139, 123, 3], gradientTolerance: 2e-2),
        InceptionGolden("inception-resnet-v1", [139, 123, 3], gradientTolerance: 1e-2),
        InceptionGolden("inception-resnet-v2", [139, 123, 3], gradientTolerance: 1e-2),
        InceptionGolden("inception-resnet-v2-paper", [139, 123, 3], gradientTolerance: 1e-2),
    ]
    static let smooth = [
        InceptionGolden("inception-v4", [139, 123, 3], isSmooth: true, gradientTolerance: 1.5e-3),
        InceptionGolden("inception-resnet-v1", [139, 123, 3], isSmooth: true, gradientTolerance: 1e-4),
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
                let worst = try distance(of: result.gradients, from: golden, network)
                #expect(
                    worst.part < golden.gradientTolerance, "\(worst.path): off by \(worst.part) of the gradient's norm")
            }
            run.descend(rate: Float(rate))
        }
    }

    /// The naive GoogLeNet too, whose training would take more memory than a test should; GoldenTests has a narrow one.
    @Test(
        arguments: TestedEngine.all,
        networks + [InceptionGolden("googlenet-naive", [96, 64, 3], gradientTolerance: 2e-3)])
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
    @Test(arguments: rectified)
    func expectedAnswersDiffer(_ golden: InceptionGolden) throws {
        for answers in [try golden.predictions(), try golden.outputs()] {
            let (first, second) = (answers.prefix(answers.count / 2), answers.suffix(answers.count / 2))
            #expect(zip(first, second).contains { abs($0 - $1) > 50 * golden.tolerance })
            #expect(answers.allSatisfy { $0 < 0.9 })
        }
    }

    /// The tolerances are tight enough: a fault in one layer of dozens moves gradients beyond them.
    @Test(arguments: Fault.allCases, smooth)
    func faultsAreSeen(_ fault: Fault, _ golden: InceptionGolden) throws {
        guard let engine = TestedEngine.all.last, let network = try golden.network().with(fault) else { return }
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label,
            shards: [InceptionGolden.samples])
        try run.load(InceptionGolden.parameters(of: network))
        let result = try run.run(InceptionGolden.batch(for: network))
        let worst = try distance(of: result.gradients, from: golden, network)
        #expect(worst.part > golden.gradientTolerance, "gradients are only \(worst.part) off")
    }

    /// A training pass ends in logits: the loss takes the softmax over.
    private func probabilities(_ logits: [Float]) -> [Double] {
        let classes = logits.count / InceptionGolden.samples
        return (0..<InceptionGolden.samples).flatMap { sample in
            let powers = logits[sample * classes..<(sample + 1) * classes].map { exp(Double($0)) }
            return powers.map { $0 / powers.reduce(0, +) }
        }
    }

    /// The largest difference of a norm, or of one of a few elements, as a part of the gradient's norm, and where it is.
    private func distance(
        of gradients: ParameterValues, from golden: InceptionGolden, _ network: Network
    ) throws -> (part: Double, path: String) {
        let expected = try golden.gradients()
        #expect(expected.count == network.parameters.count)
        var worst = (part: 0.0, path: "")
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
            let part = differences.reduce(0) { max($0, $1.isFinite ? abs($1) : .infinity) } / size
            if part > worst.part { worst = (part, parameter.path) }
        }
        return worst
    }
}

/// Mistakes in a network that no shape gives away, in one place of many.
enum Fault: CaseIterable {
    case epsilon, residualScale, missingActivation, averageForMaximum, transposedKernel
}

extension Network {
    /// This network with a fault about its middle; nil where there is no place for it.
    func with(_ fault: Fault) throws -> Network? {
        let places = nodes.indices.filter { fault.changed(self.nodes[$0].layer) != nil }
        guard !places.isEmpty else { return nil }
        let place = places[places.count / 2]
        var nodes = nodes
        let node = nodes[place]
        nodes[place] = Node(
            name: node.name, layer: fault.changed(node.layer) ?? node.layer, inputs: node.inputs,
            isTrainable: node.isTrainable)
        return try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
    }
}

extension Fault {
    fileprivate func changed(_ layer: Layer) -> Layer? {
        switch (self, layer) {
        case (.epsilon, .batchNormalization(let old)):
            .batchNormalization(
                BatchNormalization(
                    momentum: old.momentum, epsilon: old.epsilon / 100, usesScale: old.usesScale,
                    usesCenter: old.usesCenter))
        case (.residualScale, .scale(let old)): .scale(Scale(old.factor * 1.01))
        case (.missingActivation, .activation): .activation(ActivationLayer(.linear))
        case (.averageForMaximum, .pooling(let old)) where old.kind == .max:
            .pooling(Pooling2D(.average, size: old.window.size, stride: old.window.stride, padding: old.window.padding))
        case (.transposedKernel, .convolution(let old))
        where old.window.size.height != old.window.size.width && old.window.padding == .same:
            .convolution(
                Convolution2D(
                    filters: old.filters,
                    kernel: Extent2D(height: old.window.size.width, width: old.window.size.height),
                    stride: old.window.stride, padding: .same, activation: old.activation, usesBias: old.usesBias))
        default: nil
        }
    }
}
