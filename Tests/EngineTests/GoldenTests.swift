import Basics
import Execution
import Foundation
import HDF5Storage
import Models
import ModelZoo
import Testing

/// Engines against Keras in double precision, on models of the zoo. Golden/generate.py writes the files and says what
/// is in them.
@Suite struct GoldenTests {
    /// Whole networks; those with eighths of the filters are whole in depth.
    static let models = [
        GoldenModel("mlp"), GoldenModel("simple-cnn"), GoldenModel("lenet5-keras"), GoldenModel("lenet5-1998"),
        GoldenModel("resnet-cifar-8-v1"),
        GoldenModel("resnet50", input: [64, 64, 3], kept: 16),
        GoldenModel("cnn-tutorial", kept: 16), GoldenModel("classic-cnn", kept: 16),
        GoldenModel("cats-dogs", input: [46, 46, 3], narrow: 4, kept: 16),
        GoldenModel("alexnet", input: [67, 67, 3], narrow: 8, kept: 16),
        GoldenModel("alexnet-bn", input: [215, 215, 3], narrow: 8, kept: 16, samples: 12),
        GoldenModel("zfnet", input: [64, 64, 3], narrow: 8, kept: 16),
        GoldenModel("vgg11-lrn", input: [32, 32, 3], narrow: 8, kept: 16),
        GoldenModel("vgg16-c", input: [32, 32, 3], narrow: 8, kept: 16),
        GoldenModel("vgg16", input: [32, 32, 3], narrow: 8, kept: 16),
        GoldenModel("vgg19-bn", input: [32, 32, 3], narrow: 8, kept: 16),
        GoldenModel("vgg-cifar-18", narrow: 8, kept: 16),
        GoldenModel("resnet-cifar-8-v1", shortcut: .identity, kept: 16),
        GoldenModel("resnet-cifar-11-v2", kept: 16),
        GoldenModel("resnet18", input: [64, 64, 3], shortcut: .identity, narrow: 8, kept: 16),
        GoldenModel("resnet50-v2", input: [64, 64, 3], narrow: 8, kept: 16),
        GoldenModel("resnet50-transfer", input: [64, 64, 3], narrow: 8, kept: 16),
        GoldenModel("resnet50-cifar100", input: [8, 8, 3], narrow: 8, kept: 16),
        GoldenModel("googlenet-naive", input: [96, 64, 3], narrow: 8, kept: 16),
    ]

    @Test(arguments: TestedEngine.all, models)
    func trainingAgrees(_ engine: TestedEngine, _ model: GoldenModel) throws {
        let golden = try GoldenFile(model)
        let network = try model.network()
        let run = try PlanRun(
            engine.make(), network, loss: model.loss(), kind: .label, shards: [model.samples])
        try run.load(golden.parameters(of: network))
        let result = try run.run(golden.batch(for: network))

        #expect(abs(result.metrics.loss / golden.losses[0] - 1) < model.tolerance)
        let worst = golden.gradients(of: network).worst(of: result.gradients)
        #expect(worst.part < model.gradientTolerance, "off by \(worst.part): \(worst.message)")
    }

    /// A gradient that is 1 % wrong, of any one parameter, is beyond the tolerance.
    @Test(arguments: models)
    func faultsAreSeen(_ model: GoldenModel) throws {
        guard let engine = TestedEngine.all.last else { return }
        let golden = try GoldenFile(model)
        let network = try model.network()
        let run = try PlanRun(engine.make(), network, loss: model.loss(), kind: .label, shards: [model.samples])
        try run.load(golden.parameters(of: network))
        var gradients = try run.run(golden.batch(for: network)).gradients
        let expected = golden.gradients(of: network)
        for (index, parameter) in network.parameters.enumerated()
        where parameter.specification.role == .trainable && !expected.isRounding(index) {
            let right = gradients[index]
            gradients[index] = right.map { $0 * 1.01 }
            let worst = expected.worst(of: gradients)
            #expect(worst.part > model.gradientTolerance, "\(parameter.path): off by only \(worst.part)")
            gradients[index] = right
        }
    }

    /// The margin that the generator states, and what the plain engine measures of it.
    @Test(arguments: models)
    func roundingDecidesNothing(_ model: GoldenModel) throws {
        let golden = try GoldenFile(model)
        let network = try model.network()
        #expect(golden.margin >= GoldenModel.margin)
        try expectDistance(
            0.9 * GoldenModel.margin, of: golden.parameters(of: network), in: network, on: golden.batch(for: network),
            sites: 6)
    }

    /// The loss before and after each of three steps of SGD; not of networks of millions of weights, which a debug build
    /// takes long to update.
    @Test(arguments: TestedEngine.all, models.filter { $0.testDescription != "resnet50" })
    func stepsAgree(_ engine: TestedEngine, _ model: GoldenModel) throws {
        let golden = try GoldenFile(model)
        let network = try model.network()
        let run = try PlanRun(engine.make(), network, loss: model.loss(), kind: .label, shards: [model.samples])
        let batch = golden.batch(for: network)
        var parameters = golden.parameters(of: network)
        for (step, expected) in golden.losses.enumerated() {
            try run.load(parameters)
            let result = try run.run(batch)
            let tolerance =
                step == 0 ? model.tolerance : step == 1 ? model.gradientTolerance : GoldenModel.laterTolerance
            let difference = abs(result.metrics.loss / expected - 1)
            #expect(
                difference < tolerance,
                "after \(step) steps the loss is \(result.metrics.loss), not \(expected): off by \(difference)")
            for (index, parameter) in network.parameters.enumerated() where parameter.specification.role == .trainable {
                parameters[index] = zip(parameters[index], result.gradients[index]).map { $0 - golden.rate * $1 }
            }
        }
        #expect(zip(golden.losses, golden.losses.dropFirst()).allSatisfy { $0 > $1 * 1.005 }, "steps are to be seen")
    }

    /// Samples have different answers, and no class takes all: what agrees is no constant.
    @Test(arguments: models)
    func expectedAnswersDiffer(_ model: GoldenModel) throws {
        let golden = try GoldenFile(model)
        for answers in [golden.predictions, golden.outputs] {
            let width = answers.count / model.samples
            let samples = (0..<model.samples).map { answers[$0 * width..<($0 + 1) * width] }
            #expect(zip(samples[0], samples[1]).contains { abs($0 - $1) > 20 * model.tolerance })
            #expect(zip(samples[1], samples[2]).contains { abs($0 - $1) > 20 * model.tolerance })
            if answers.allSatisfy({ (0...1).contains($0) }) { #expect(answers.allSatisfy { $0 < 0.99 }) }
        }
    }

    @Test(arguments: TestedEngine.all, models)
    func predictionsAgree(_ engine: TestedEngine, _ model: GoldenModel) throws {
        let golden = try GoldenFile(model)
        let network = try model.network()
        let run = try PlanRun(
            engine.make(), network, loss: model.loss(), kind: .label, shards: [model.samples], purpose: .prediction)
        try run.load(golden.parameters(of: network))
        let outputs = try run.run(golden.batch(for: network)).outputs
        expectAgreement(outputs, golden.predictions, within: model.tolerance, "predictions")
    }
}

/// A model of the zoo with golden data, and how its file was made.
struct GoldenModel: Sendable, CustomTestStringConvertible {
    let testDescription: String
    private let name: String
    private let options: ModelOptions
    /// All layers but the last have this part of their filters and units: a small network of the same structure.
    private let narrow: Int
    /// Normalising vectors of few samples multiplies rounding errors.
    let samples: Int
    /// How near its kink a ReLU or a maximum may come, as a part of the root mean square of what it reads. Engines round
    /// some hundredth of it.
    static let margin = 1e-4
    /// How many elements of each gradient the file has at most.
    let kept: Int
    /// Keras's values are exact for this purpose, so what differs is the engine's rounding: some 1e-7 an operation,
    /// which sums of up to 8,192 products and normalisations of small batches, one after another, lift to the
    /// tolerance. Errors are relative to the largest value of the tensor.
    let tolerance = 2e-5
    /// Of gradients, as a part of their size, and of losses after steps along them. Weights are such that rounding decides no
    /// ReLU and no maximum; what it changes otherwise, normalisations of three samples amplify on the way back.
    let gradientTolerance = 1e-4
    /// Of losses after the second step and the third, before which no margin is kept: a ReLU that rounding tips moves a
    /// gradient by up to 1 %, and a step lowers the loss by 3 %.
    static let laterTolerance = 5e-4

    init(
        _ name: String, input: Shape? = nil, shortcut: Shortcut? = nil, narrow: Int = 1, kept: Int = 256,
        samples: Int = 3
    ) {
        testDescription = name + (shortcut.map { "-\($0.rawValue)" } ?? "")
        (self.name, self.narrow, self.kept, self.samples) = (name, narrow, kept, samples)
        var options = ModelOptions(classes: name == "cats-dogs" ? 1 : 10, input: input)
        options.shortcut = shortcut
        // Masks are not Keras's.
        options.dropout = 0
        self.options = options
    }

    var isNarrow: Bool { narrow > 1 }
    func network() throws -> Network { try Zoo.model(named: name).network(options).narrowed(by: narrow) }
    func loss() throws -> Loss { try network().loss(Zoo.model(named: name).loss.function) }
}

extension Network {
    fileprivate func narrowed(by factor: Int) throws -> Network {
        guard factor > 1 else { return self }
        let narrow = nodes.dropLast().map { node in
            let layer: Layer =
                switch node.layer {
                case .convolution(let layer):
                    .convolution(
                        Convolution2D(
                            filters: layer.filters / factor, kernel: layer.window.size, stride: layer.window.stride,
                            padding: layer.window.padding, activation: layer.activation, usesBias: layer.usesBias))
                case .dense(let layer):
                    .dense(Dense(units: layer.units / factor, activation: layer.activation))
                case .identityShortcut(let layer):
                    .identityShortcut(IdentityShortcut(filters: layer.filters / factor, stride: layer.stride))
                default: node.layer
                }
            return Node(name: node.name, layer: layer, inputs: node.inputs, isTrainable: node.isTrainable)
        }
        return try Network(name: name, nodes: narrow + nodes.suffix(1))
    }
}

/// A file of the Golden folder, and what its generator computed by the same hash.
private struct GoldenFile {
    let model: GoldenModel
    let outputs: [Double]
    let predictions: [Double]
    /// Before and after each step of the rate.
    let losses: [Double]
    let rate: Float
    /// How near to its kink a ReLU or a maximum comes in training, as a part of what it reads.
    let margin: Double
    /// In the order of paths: norm, and elements.
    private let gradients: [Double]
    private let choices: WeightChoices

    init(_ model: GoldenModel) throws {
        self.model = model
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
        let root = try HDF5File.open(folder.appendingPathComponent("\(model.testDescription).h5").path).root
        outputs = try root.dataset("outputs").read()
        predictions = try root.dataset("predictions").read()
        losses = try root.dataset("losses").read()
        rate = Float(try root.dataset("losses").attributes.double("rate"))
        gradients = try root.dataset("gradients").read()
        margin = try root.attributes.double("margin")
        choices = try WeightChoices(root)
    }

    func gradients(of network: Network) -> GoldenGradients {
        let rows = zip(network.parameters, Self.order(of: network)).map { parameter, order in
            let count = parameter.specification.shape.count
            let start = order * (1 + model.kept)
            return GoldenGradients.Row(
                norm: gradients[start], elements: gradients[start + 1..<start + 1 + min(count, model.kept)],
                places: places(order, of: count))
        }
        return GoldenGradients(network: network, rows: rows)
    }

    private static let (input, labels, places, draw): (UInt64, UInt64, UInt64, UInt64) = (1000, 1001, 2000, 1_000_000)

    /// Multiples of 2^-23 in [-1, 1).
    private static func number(_ stream: UInt64, _ index: Int) -> Float {
        Float(CounterRandom.mix(stream, UInt64(index)) >> 40) * 0x1p-23 - 1
    }

    /// To few filters noise of one strength looks all alike.
    func batch(for network: Network) -> Batch {
        let samples = model.samples
        var batch = Batch(for: network, samples: samples, kind: .label)
        let size = network.inputShape.count
        batch.inputs = batch.inputs.indices.map {
            Self.number(Self.input, $0) / (model.isNarrow ? Float(1 << ($0 / size % 3)) : 1)
        }
        let classes: UInt64 = network.outputShape.count == 1 ? 2 : 10
        batch.targets = .labels((0..<samples).map { Int32(CounterRandom.mix(Self.labels, UInt64($0)) % 10 % classes) })
        return batch
    }

    /// Each parameter's place in the order of paths, which numbers the streams.
    static func order(of network: Network) -> [Int] {
        let sorted = network.parameters.map(\.path).sorted().enumerated()
        let places = Dictionary(uniqueKeysWithValues: sorted.map { ($1, $0) })
        return network.parameters.map { places[$0.path] ?? 0 }
    }

    func parameters(of network: Network) -> ParameterValues {
        let paths = Set(network.parameters.map(\.path))
        return choices.values(of: network, order: Self.order(of: network)) { parameter, order, index, draw in
            let specification = parameter.specification
            let value = Self.number(UInt64(order) + Self.draw * UInt64(draw), index)
            if specification.isKernel {
                let fanIn = specification.shape.extents.dropLast().reduce(1, *)
                return value * (6 / Float(fanIn)).squareRoot()
            }
            let first: Float = ["gamma", "moving_variance"].contains(specification.name) ? 1 : 0
            return (value * 0.25 + first) * (Self.endsResidual(parameter.path, paths) ? 0.25 : 1)
        }
    }

    /// Whether this scales the last normalisation of a residual branch.
    private static func endsResidual(_ path: String, _ paths: Set<String>) -> Bool {
        guard path.contains("_block") else { return false }
        if path.hasSuffix("_3_bn/gamma") { return true }
        let suffix = "_2_bn/gamma"
        return path.hasSuffix(suffix) && !paths.contains(path.dropLast(suffix.count) + "_3_bn/gamma")
    }

    /// Which elements of a gradient the file keeps.
    func places(_ order: Int, of count: Int) -> [Int] {
        if count <= model.kept { return Array(0..<count) }
        return (0..<model.kept).map { Int(CounterRandom.mix(Self.places + UInt64(order), UInt64($0)) % UInt64(count)) }
    }
}
