import Basics
import Checkpoints
import HDF5Storage
import Interchange
import Models
import Optimization
import TestSupport
import Testing

@Suite struct CheckpointCodecTests {
    /// Weights beside the model's, and options that were changed, are read back.
    @Test func averagesAndOverridesReadBack() throws {
        var state = try CheckpointFixture.state()
        let weights = state.weights
        state.otherWeights = [.training: weights.map { $0.map { $0 + 1 } }, .slow: weights.map { $0.map { $0 - 1 } }]
        state.overrides = [.init(option: "learning-rate", was: "0.1", now: "0.01", step: 1)]
        let read = try CheckpointCodec.decode(CheckpointCodec.encode(state), file: "a.h5")
        #expect(read == state)
        #expect(read.trainedWeights == state.otherWeights[.training])
    }

    @Test func roundTrip() throws {
        let state = try CheckpointFixture.state()
        #expect(try CheckpointCodec.decode(CheckpointCodec.encode(state), file: "test") == state)
    }

    @Test func leastStateRoundTrips() throws {
        let network = try CheckpointFixture.network()
        let weights = network.parameters.map { [Float](repeating: 0.5, count: $0.specification.shape.count) }
        let optimizer = OptimizerState(kerasClass: "SGD", configuration: ["name": "sgd"], learningRate: 0.01)
        let state = RunState(network: network, loss: .meanSquaredError, weights: weights, optimizer: optimizer)
        #expect(try CheckpointCodec.decode(CheckpointCodec.encode(state), file: "test") == state)
    }

    /// Keras 2 allowed such names. They make groups within groups.
    @Test(arguments: ["block1/conv", "a/b/c/d/e/f"])
    func layerNamesWithSlashes(_ name: String) throws {
        var graph = GraphBuilder("nested", input: [3])
        _ = graph.dense(graph.dense(graph.input, 2, name: name), 2, activation: .softmax, name: "output")
        let network = try graph.network()
        let weights = network.parameters.map { [Float](repeating: 0.5, count: $0.specification.shape.count) }
        let optimizer = OptimizerState(kerasClass: "SGD", configuration: ["name": "sgd"], learningRate: 0.01)
        let state = RunState(network: network, loss: .meanSquaredError, weights: weights, optimizer: optimizer)
        #expect(try CheckpointCodec.decode(CheckpointCodec.encode(state), file: "test") == state)
    }

    @Test func whatCouldNotBeReadIsNotWritten() throws {
        var state = try CheckpointFixture.state()
        state.classNames = ["a", "b", "c", "d"]
        let error = #expect(throws: FileError.self) { try CheckpointCodec.encode(state) }
        #expect(error?.reason.contains("it names 4 classes, but its network has 3 outputs") == true, "\(error as Any)")
    }

    /// A checkpoint has the weights of auxiliary outputs, and Keras's name for their losses; an exported model has neither.
    @Test func auxiliaryOutputs() throws {
        var graph = GraphBuilder("auxiliary", input: [3])
        graph.auxiliaryOutput(graph.dense(graph.input, 2, activation: .softmax, name: "head"), weight: 0.3)
        _ = graph.dense(graph.input, 2, activation: .softmax, name: "output")
        let network = try graph.network()
        let weights = network.parameters.indices.map { index in
            (0..<network.parameters[index].specification.shape.count).map { Float(10 * index + $0) }
        }
        let state = RunState(
            network: network, loss: Loss(.categoricalCrossEntropy, labelSmoothing: 0.1), weights: weights,
            optimizer: OptimizerState(kerasClass: "SGD", configuration: ["name": "sgd"], learningRate: 0.01))
        let bytes = try CheckpointCodec.encode(state)
        #expect(try CheckpointCodec.decode(bytes, file: "test") == state)
        let training = try JSONValue(parsing: HDF5File.open(image: bytes).root.attributes.string("training_config"))
        #expect(training["loss_weights"] == [1, 0.3] && training["loss"]?.array?.count == 2)
        #expect(training["loss"]?.array?[1]["config"]?["label_smoothing"] == 0.1)

        let folder = try TemporaryDirectory()
        try CheckpointFile.export(state, to: folder.path("model.h5"), as: .h5)
        let exported = try KerasModelFile(folder.path("model.h5"))
        let plain = try network.withoutAuxiliaryOutputs()
        #expect(exported.network == plain)
        #expect(try exported.weights?.weights(for: plain) == Array(weights[2...]))
    }

    /// Keras's SGD refuses a momentum that is written as 0.
    @Test(arguments: OptimizerKind.all)
    func optimizerSettingsAreFloats(_ kind: OptimizerKind) throws {
        var state = try CheckpointFixture.state()
        let settings = kind.type.init().kerasConfiguration(learningRate: 1, weightDecay: 0)
        state.optimizer = OptimizerState(
            kerasClass: kind.type.kerasClass, configuration: settings, learningRate: 1, iteration: 7)
        let bytes = try CheckpointCodec.encode(state)
        let text = try HDF5File.open(image: bytes).root.attributes.string("training_config")
        #expect(text.contains(#""learning_rate":1.0,"#))
        if settings["momentum"] != nil { #expect(text.contains(#""momentum":0.0,"#)) }
        // No decay is None, which Keras's AdamW refuses; LARS has always one of its own.
        #expect(text.contains(#""weight_decay":\#(kind.type.defaultWeightDecay > 0 ? "0.0" : "null")"#))
        let integers = try text.matches(of: Regex(#""(\w+)":-?\d+[,}]"#)).map { $0.output[1].substring ?? "" }
        #expect(integers == ["steps_per_execution"])
        #expect(!text.contains("clip"))
        // What exports a checkpoint has read it.
        #expect(try CheckpointCodec.decode(bytes, file: "test").optimizer == state.optimizer)
    }

    @Test(arguments: [GradientClipping.norm(1), .globalNorm(2), .value(0.5)])
    func limitsOfGradientsAreKerass(_ clipping: GradientClipping) throws {
        var state = try CheckpointFixture.state()
        state.optimizer = OptimizerState(
            kerasClass: "SGD",
            configuration: SGD().kerasConfiguration(learningRate: 1, weightDecay: 0, clipping: clipping),
            learningRate: 1, iteration: 7)
        let bytes = try CheckpointCodec.encode(state)
        let training = try JSONValue(parsing: HDF5File.open(image: bytes).root.attributes.string("training_config"))
        let config = try #require(training["optimizer_config"]?["config"]?.object)
        let limits = ["clipnorm", "global_clipnorm", "clipvalue"].filter { config[$0] != nil }
        #expect(limits == [clipping.kerasName])
        #expect(config[clipping.kerasName]?.number == clipping.limit)
        #expect(try CheckpointCodec.decode(bytes, file: "test").optimizer == state.optimizer)
    }

    @Test func bitsOfWeightsSurvive() throws {
        var state = try CheckpointFixture.state()
        let odd: [Float] = [-0.0, .leastNonzeroMagnitude, -.greatestFiniteMagnitude]
        state.weights[state.weights.count - 1] = odd
        let decoded = try CheckpointCodec.decode(CheckpointCodec.encode(state), file: "test")
        #expect(decoded.weights[state.weights.count - 1].map(\.bitPattern) == odd.map(\.bitPattern))
    }

    /// A run could not go on from such a state.
    @Test func valuesThatAreNotFiniteAreNotWritten() throws {
        let spoilings: [(String, (inout RunState, Float) -> Void)] = [
            ("conv2d/kernel", { $0.weights[0][5] = $1 }),
            ("batch_normalization/moving_variance", { $0.weights[$0.weights.count - 3][0] = $1 }),
            ("conv2d/kernel (momentum)", { $0.optimizer.slots[0].values[0][1] = $1 }),
            (
                "dense/bias (velocity)",
                { state, value in
                    let last = state.optimizer.slots[1].values.count - 1
                    state.optimizer.slots[1].values[last][0] = value
                }
            ),
            ("the learning rate", { $0.optimizer.learningRate = Double($1) }),
            ("the epoch's sum of loss", { $0.epochSums["loss"] = Double($1) }),
        ]
        for (name, spoil) in spoilings {
            for value in [Float.nan, .infinity, -.infinity] {
                var state = try CheckpointFixture.state()
                spoil(&state, value)
                let error = #expect(throws: FileError.self) { try CheckpointCodec.encode(state) }
                #expect(
                    error?.kind == .notFinite && error?.reason.hasPrefix("\(name) holds") == true,
                    "\(name): \(error as Any)")
            }
        }
        var state = try CheckpointFixture.state()
        state.optimizer.learningRate = 1e39
        #expect(throws: FileError.self) { try CheckpointCodec.encode(state) }
    }

    @Test func equalStatesGiveEqualBytes() throws {
        let bytes = try CheckpointCodec.encode(CheckpointFixture.state())
        for _ in 0..<3 { #expect(try CheckpointCodec.encode(CheckpointFixture.state()) == bytes) }
        let decoded = try CheckpointCodec.decode(bytes, file: "test")
        #expect(try CheckpointCodec.encode(decoded) == bytes)
        var other = try CheckpointFixture.state()
        other.weights[0][0].negate()
        #expect(try CheckpointCodec.encode(other) != bytes)
    }

    @Test func unmeasuredMetricsAreOneInTheFile() throws {
        var state = try CheckpointFixture.state()
        state.history = [["loss": 1, "val_loss": .nan], ["loss": 1, "val_loss": -.infinity]]
        let decoded = try CheckpointCodec.decode(CheckpointCodec.encode(state), file: "test")
        #expect(decoded.history == [["loss": 1], ["loss": 1]])
        #expect(try CheckpointCodec.encode(decoded) == CheckpointCodec.encode(state))
    }

    @Test func objectsHaveReadableNames() throws {
        let bytes = try CheckpointCodec.encode(CheckpointFixture.state())
        // HDF5 accepts the digest behind its end.
        let root = try HDF5File.open(image: bytes).root
        let names = try root.linkedDatasets().entries.map(\.path)
        for name in [
            "/model_weights/conv2d/conv2d/kernel", "/model_weights/batch_normalization/batch_normalization/moving_mean",
            "/optimizer_weights/adam/iteration", "/optimizer_weights/adam/conv2d_kernel_momentum",
            "/dptrain/position/global_step", "/dptrain/history/val_loss", "/dptrain/epoch_sums/samples",
        ] {
            #expect(names.contains(name))
        }
        #expect(try root.group("model_weights").attributes.strings("layer_names").first == "input_layer")
        #expect(
            try root.group("optimizer_weights").attributes.strings("weight_names").prefix(4)
                == [
                    "adam/iteration", "adam/learning_rate", "adam/conv2d_kernel_momentum",
                    "adam/conv2d_kernel_velocity",
                ])
    }

    @Test func rmspropKeepsASlotOfAllParametersTogether() throws {
        var state = try CheckpointFixture.state()
        state.optimizer.kerasClass = "RMSprop"
        state.optimizer.configuration["name"] = "rm_sprop"
        state.optimizer.slots.reverse()
        let root = try HDF5File.open(image: CheckpointCodec.encode(state)).root
        let names = try root.group("optimizer_weights").attributes.strings("weight_names").dropFirst(2)
        let half = names.count / 2
        #expect(names.first == "rm_sprop/conv2d_kernel_velocity")
        #expect(names.prefix(half).allSatisfy { $0.hasSuffix("_velocity") })
        #expect(names.suffix(half).allSatisfy { $0.hasSuffix("_momentum") })
    }

    // MARK: Damage

    /// The superblock's end of file is any number.
    @Test(arguments: [0, 1, 64, UInt64(Int64.max), .max - 64, .max - 63, .max])
    func anyEndOfFileIsRefused(_ end: UInt64) throws {
        let bytes = try CheckpointCodec.encode(CheckpointFixture.state())
        for length in [48, 60, 64, bytes.count - 64, bytes.count - 1] {
            var forged = Array(bytes.prefix(length))
            forged.replaceSubrange(40..<48, with: (0..<8).map { UInt8(truncatingIfNeeded: end >> (8 * $0)) })
            #expect(throws: FileError.self, "\(length) bytes") { try CheckpointCodec.decode(forged, file: "forged.h5") }
        }
    }

    /// The trailer's own numbers are any numbers too.
    @Test(arguments: [0, UInt64(Int64.max), .max - 1, .max])
    func anyTrailerIsRefused(_ number: UInt64) throws {
        let bytes = try CheckpointCodec.encode(CheckpointFixture.state())
        for place in [bytes.count - 48, bytes.count - 40] {
            var forged = bytes
            forged.replaceSubrange(
                place..<place + 8, with: (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
            #expect(throws: FileError.self) { try CheckpointCodec.decode(forged, file: "forged.h5") }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let bytes = try CheckpointCodec.encode(CheckpointFixture.state())
        let lengths = [0, 1, 8, 47, 48, 100, bytes.count / 2, bytes.count - 65, bytes.count - 64, bytes.count - 63]
        for length in lengths + [bytes.count - 1] {
            let error = #expect(throws: FileError.self) {
                try CheckpointCodec.decode(Array(bytes.prefix(length)), file: "cut.h5")
            }
            #expect(error?.description.hasPrefix("cut.h5: ") == true)
            let expected: FileError.Kind =
                length == 0 ? .empty : length < 8 ? .notHDF5 : length == bytes.count - 64 ? .unsealed : .truncated
            #expect(error?.kind == expected, "\(length) bytes: \(error?.description ?? "")")
        }
    }

    @Test func everyFlippedByteIsNoticed() throws {
        let bytes = try CheckpointCodec.encode(CheckpointFixture.state())
        let places = [0, 9, 40, 100, bytes.count / 3, bytes.count / 2] + (bytes.count - 65..<bytes.count)
        for place in places {
            var damaged = bytes
            damaged[place] ^= 0x10
            #expect(throws: FileError.self, "byte \(place)") {
                try CheckpointCodec.decode(damaged, file: "flipped.h5")
            }
        }
        var damaged = bytes
        damaged[bytes.count / 2] ^= 1
        let error = #expect(throws: FileError.self) { try CheckpointCodec.decode(damaged, file: "flipped.h5") }
        #expect(error?.kind == .altered)
    }

    @Test func appendedBytesAreNoticed() throws {
        let bytes = try CheckpointCodec.encode(CheckpointFixture.state())
        #expect(throws: FileError.self) { try CheckpointCodec.decode(bytes + [0], file: "longer.h5") }
        #expect(throws: FileError.self) { try CheckpointCodec.decode(bytes + bytes, file: "twice.h5") }
    }

    @Test func otherFilesAreRefusedByKind() throws {
        let prose = Array(String(repeating: "not a checkpoint, ", count: 10).utf8)
        let text = #expect(throws: FileError.self) { try CheckpointCodec.decode(prose, file: "x") }
        #expect(text?.kind == .notHDF5)
        let keras = #expect(throws: FileError.self) {
            try CheckpointFile.read(CheckpointFixture.golden("functional-3.h5"))
        }
        #expect(keras?.kind == .unsealed)
        let missing = #expect(throws: FileError.self) { try CheckpointFile.read("/nowhere/x.h5") }
        #expect(missing?.kind == .unreadable)
    }
}
