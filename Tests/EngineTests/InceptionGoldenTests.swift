import Execution
import Foundation
import Models
import Testing

/// The Inception networks, whole and on small images, against Keras in double precision.
@Suite struct InceptionGoldenTests {
    static let networks = [
        InceptionGolden("googlenet-auxiliary", [96, 64, 3]),
        InceptionGolden("bn-inception", [96, 64, 3]),
        InceptionGolden("inception-v3-auxiliary", samples: 6, [107, 75, 3]),
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
            shards: [golden.samples])
        try run.load(golden.parameters(of: network))
        let (losses, rate) = try golden.losses()
        for (step, expected) in losses.enumerated() {
            let result = try run.run(golden.batch(for: network), givesGradients: step == 0)
            let tolerance =
                step == 0 ? golden.tolerance : step == 1 ? golden.gradientTolerance : GoldenModel.laterTolerance
            let difference = abs(result.metrics.loss / expected - 1)
            #expect(
                difference < tolerance,
                "after \(step) steps the loss is \(result.metrics.loss), not \(expected): off by \(difference)")
            if step == 0 {
                let outputs = probabilities(result.outputs, samples: golden.samples)
                expectAgreement(outputs, try golden.outputs(), within: golden.tolerance, "outputs")
                let worst = try golden.gradients(of: network).worst(of: result.gradients)
                #expect(worst.part < golden.gradientTolerance, "off by \(worst.part): \(worst.message)")
            }
            run.descend(rate: Float(rate))
        }
    }

    /// The naive GoogLeNet too, whose training would take more memory than a test should; GoldenTests has a narrow one.
    @Test(
        arguments: TestedEngine.all,
        networks + [InceptionGolden("googlenet-naive", [96, 64, 3])])
    func predictionsAgree(_ engine: TestedEngine, _ golden: InceptionGolden) throws {
        let network = try golden.network()
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label,
            shards: [golden.samples], purpose: .prediction)
        try run.load(golden.parameters(of: network))
        let outputs = try run.run(golden.batch(for: network)).outputs
        expectAgreement(outputs, try golden.predictions(), within: golden.tolerance, "predictions")
    }

    /// Samples answer differently by many times the tolerance, and no class takes all: what agrees is not a constant.
    @Test(arguments: networks)
    func expectedAnswersDiffer(_ golden: InceptionGolden) throws {
        for answers in [try golden.predictions(), try golden.outputs()] {
            let classes = answers.count / golden.samples
            let (first, second) = (answers.prefix(classes), answers.suffix(classes))
            #expect(zip(first, second).contains { abs($0 - $1) > 50 * golden.tolerance })
            #expect(answers.allSatisfy { $0 < 0.9 })
        }
    }

    /// The margin that the generator states, and what the plain engine measures of it.
    @Test(arguments: networks)
    func roundingDecidesNothing(_ golden: InceptionGolden) throws {
        let network = try golden.network()
        #expect(try golden.margin() >= GoldenModel.margin)
        try expectDistance(
            0.9 * GoldenModel.margin, of: golden.parameters(of: network), in: network,
            on: golden.batch(for: network), sites: 3)
    }

    /// The tolerances are tight enough: a fault in one layer of dozens moves gradients beyond them.
    @Test(arguments: Fault.allCases, networks)
    func faultsAreSeen(_ fault: Fault, _ golden: InceptionGolden) throws {
        guard let engine = TestedEngine.all.last, let network = try golden.network().with(fault) else {
            #expect(!golden.hasPlace(for: fault), "the network has a place for it, but got no fault")
            return
        }
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label,
            shards: [golden.samples])
        try run.load(golden.parameters(of: network))
        let result = try run.run(golden.batch(for: network))
        let worst = try golden.gradients(of: network).worst(of: result.gradients)
        #expect(worst.part > golden.gradientTolerance, "gradients are only \(worst.part) off")
    }

    /// A training pass ends in logits: the loss takes the softmax over.
    private func probabilities(_ logits: [Float], samples: Int) -> [Double] {
        let classes = logits.count / samples
        return (0..<samples).flatMap { sample in
            let powers = logits[sample * classes..<(sample + 1) * classes].map { exp(Double($0)) }
            return powers.map { $0 / powers.reduce(0, +) }
        }
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

extension InceptionGolden {
    /// Whether the network has a layer that the fault is made in.
    fileprivate func hasPlace(for fault: Fault) -> Bool {
        switch fault {
        case .averageForMaximum: true
        case .epsilon, .missingActivation: !testDescription.hasPrefix("googlenet")
        case .residualScale: testDescription.hasPrefix("inception-resnet")
        case .transposedKernel: testDescription.hasPrefix("inception-")
        }
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
