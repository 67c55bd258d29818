import Basics
import Foundation
import KerasNetworks
import Models
import Optimization
import ModelZoo
import Testing

/// A file that Tests/Golden/Keras/generate.py wrote with real Keras.
private func golden(_ name: String) throws -> String {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: tests.appendingPathComponent("Golden/Keras/\(name)"), encoding: .utf8)
}

/// The golden functional model as this package builds it.
private func smallResidual() throws -> Network {
    let layers: [(String, Layer, [Int])] = [
        ("image", .input(Input(shape: [6, 6, 3])), []),
        (
            "stem",
            .convolution(
                Convolution2D(
                    filters: 4, kernel: Extent2D(height: 3, width: 1), padding: .same, kernelInitializer: .heNormal)),
            [0]
        ),
        ("norm", .batchNormalization(BatchNormalization(momentum: 0.9, epsilon: 1.001e-5)), [1]),
        ("project", .convolution(Convolution2D(filters: 4, kernel: 1)), [1]),
        ("relu", .activation(ActivationLayer(.relu)), [2]),
        ("sum", .add(Add()), [3, 4]),
        ("pool", .pooling(Pooling2D(.average)), [5]),
        ("flat", .flatten(Flatten()), [6]),
        ("drop", .dropout(Dropout(rate: 0.25)), [7]),
        ("classes", .dense(Dense(units: 3, activation: .softmax)), [8]),
    ]
    return try Network(name: "small-residual", nodes: layers.map { Node(name: $0, layer: $1, inputs: $2) })
}

@Suite struct KerasModelTests {
    @Test func everyZooModelSurvivesTheRoundTrip() throws {
        for model in Zoo.models {
            let network = try model.network()
            let text = try network.kerasModel.text()
            #expect(try Network(kerasJSON: text, label: "test") == network, "\(model.name)")
        }
    }

    /// Outputs beside the first come with the weights of their losses, and change Keras's order of layers.
    @Test func auxiliaryOutputs() throws {
        var graph = GraphBuilder("test", input: [6])
        let shared = graph.dense(graph.input, 5, name: "shared")
        graph.auxiliaryOutput(graph.dense(shared, 2, name: "early"), weight: 0.3)
        graph.auxiliaryOutput(graph.dense(graph.dense(shared, 3, name: "wide"), 2, name: "late"), weight: 0.4)
        _ = graph.dense(graph.dense(shared, 4, name: "deep"), 2, name: "output")
        let network = try graph.network()
        let model = network.kerasModel
        #expect(try Network(kerasJSON: model.text(), label: "test") == network)
        // What keras.Model(x, [output, early, late]).layers has.
        #expect(
            network.kerasLayerOrder.map { network.nodes[$0].name } == [
                "input_layer", "shared", "deep", "wide", "output", "early", "late",
            ])
        var members = try #require(model.object)
        members["auxiliary_weights"] = nil
        #expect(try Network(kerasModel: .object(members)).auxiliaryOutputs.map(\.weight) == [1, 1])
        members["auxiliary_weights"] = [0.3]
        let error = #expect(throws: NetworkError.self) { try Network(kerasModel: .object(members)) }
        #expect(error?.description.contains("3 outputs") == true)
        // Those of a compiled model are the loss's, that of the first output among them.
        members["auxiliary_weights"] = [1, 0.25, 0.5]
        #expect(try Network(kerasModel: .object(members)).auxiliaryOutputs.map(\.weight) == [0.25, 0.5])
    }

    @Test func stochasticDepthAndGammasOfZeroReadBack() throws {
        var options = ModelOptions()
        (options.stochasticDepth, options.zeroInitializesResiduals) = (0.2, true)
        let network = try Zoo.model(named: "resnet-cifar-8-v1").network(options)
        #expect(try Network(kerasModel: network.kerasModel) == network)
    }

    /// As Keras writes them into `training_config`, and as this program does.
    @Test func losses() throws {
        for (text, loss) in [
            (#""mse""#, Loss.meanSquaredError), (#""CategoricalHinge""#, Loss(.categoricalHinge)),
            (#""sparse_categorical_crossentropy""#, .sparseCategoricalCrossEntropy),
            (
                #"{"class_name": "CategoricalCrossentropy", "config": {"from_logits": true, "label_smoothing": 0.1}}"#,
                Loss(.categoricalCrossEntropy, labelSmoothing: 0.1, isFromLogits: true)
            ),
            (#""dptrain>maximum_a_posteriori""#, Loss(.maximumAPosteriori)),
        ] {
            let network = try Self.ending(in: loss.isFromLogits ? .linear : .softmax)
            #expect(try Loss(keras: JSONValue(parsing: text), of: network) == loss)
        }
        for function in Loss.Function.allCases {
            let loss = Loss(
                function, labelSmoothing: function.canSmooth ? 0.25 : 0, isFromLogits: function.activation != nil)
            #expect(try Loss(keras: loss.kerasConfiguration, of: Self.ending(in: .linear)) == loss)
        }
        var settings = Loss.Settings()
        (settings.delta, settings.gamma, settings.alpha) = (0.3, 1.5, 0.1)
        for loss in [
            Loss(.categoricalFocalCrossEntropy, labelSmoothing: 0.1, settings: settings),
            Loss(.binaryFocalCrossEntropy, isFromLogits: true, settings: settings), Loss(.huber, settings: settings),
        ] {
            let read = try Loss(
                keras: loss.kerasConfiguration, of: Self.ending(in: loss.isFromLogits ? .linear : .softmax))
            #expect(read.function == loss.function && read.isFromLogits == loss.isFromLogits)
            #expect(read.function == .huber ? read.settings.delta == 0.3 : read.settings.alpha == 0.1)
            #expect(read.function == .huber || read.settings.gamma == 1.5)
        }
    }

    /// Words of Keras 2 that Keras 3 has no longer.
    @Test(arguments: [("logcosh", Loss.Function.logCosh), ("kullback_leibler_divergence", .klDivergence)])
    func lossesOfOldFiles(word: String, function: Loss.Function) throws {
        #expect(try Loss(keras: .string(word), of: Self.ending(in: .softmax)).function == function)
    }

    /// Each with what the refusal must name.
    @Test(arguments: [
        (#""ctc""#, Activation.softmax, "ctc"),
        (#"{"class_name": "CategoricalFocalCrossentropy", "config": {"alpha": [0.1, 0.2]}}"#, .softmax, "options"),
        (
            #"{"class_name": "SparseCategoricalCrossentropy", "config": {"ignore_class": 0}}"#, .softmax,
            "ignore_class = 0"
        ),
        (#"{"class_name": "MeanSquaredError", "config": {"reduction": "sum"}}"#, .linear, #"reduction = "sum""#),
        (#"{"class_name": "CategoricalCrossentropy", "config": {"axis": 1}}"#, .softmax, "axis = 1"),
        (#"{"class_name": "CategoricalCrossentropy", "config": {"label_smoothing": 1.5}}"#, .softmax, "options"),
        (#""sparse_categorical_crossentropy""#, .linear, "from_logits=True"),
        (#""binary_crossentropy""#, .relu, "from_logits=True"),
    ])
    func lossesThatKerasComputesOtherwise(text: String, end: Activation, words: String) throws {
        let network = try Self.ending(in: end)
        let error = #expect(throws: NetworkError.self) { try Loss(keras: JSONValue(parsing: text), of: network) }
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }

    /// Keras looks behind softmax and sigmoid, whatever `from_logits` says.
    @Test func logitsBehindProbabilities() throws {
        let text = #"[{"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": true}}]"#
        for end in [Activation.softmax, .sigmoid] {
            let loss = try Loss(keras: JSONValue(parsing: text), of: Self.ending(in: end))
            #expect(loss == .sparseCategoricalCrossEntropy && loss.absorbs(end))
        }
    }

    private static func ending(in activation: Activation) throws -> Network {
        var graph = GraphBuilder("test", input: [4])
        _ = graph.dense(graph.input, 3, activation: activation)
        return try graph.network()
    }

    @Test(arguments: [2, 3])
    func functionalModelsOfKeras(generation: Int) throws {
        let network = try Network(kerasJSON: golden("functional-\(generation).json"), label: "test")
        #expect(try network == smallResidual())
    }

    /// Keras puts layers into an order of its own, whatever order they were made in.
    @Test func orderOfLayersIsKeras() throws {
        let golden = try smallResidual()
        #expect(golden.kerasLayerOrder == Array(golden.nodes.indices))
        // The same layers as they were made: the activation before the projection.
        var nodes = golden.nodes
        nodes.swapAt(3, 4)
        nodes[5] = Node(name: "sum", layer: nodes[5].layer, inputs: [4, 3])
        let made = try Network(name: golden.name, nodes: nodes)
        #expect(made.kerasLayerOrder.map { made.nodes[$0].name } == golden.nodes.map(\.name))
        #expect(made.kerasClassNames[4] == "conv2d_1" && made.kerasClassNames[3] == "activation")
    }

    @Test(arguments: [2, 3])
    func sequentialModelsOfKeras(generation: Int) throws {
        let network = try Network(kerasJSON: golden("sequential-\(generation).json"), label: "test")
        #expect(network.inputShape == [9, 9, 1])
        let expected: [Layer] = [
            .convolution(Convolution2D(filters: 2, kernel: 3, stride: 2, usesBias: false)),
            .activation(ActivationLayer(.relu)),
            .pooling(Pooling2D(.max, size: 2, stride: 1, padding: .same)),
            .globalAveragePooling(GlobalAveragePooling2D()),
            .dense(Dense(units: 3, kernelInitializer: .normal(deviation: 0.02))),
            .activation(ActivationLayer(.softmax)),
        ]
        #expect(network.nodes.dropFirst().map(\.layer) == expected)
        #expect(network.parameterCount == 18 + 9)
    }

    @Test func oldestSequentialForm() throws {
        let network = try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": [
                  {"class_name": "Flatten", "config": {"name": "f", "batch_input_shape": [null, 2, 2, 1]}},
                  {"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "tanh",
                    "kernel_initializer": {"class_name": "VarianceScaling", "config":
                      {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": null}}}}]}
                """, label: "test")
        #expect(network.nodes.map(\.name) == ["input_layer", "f", "d"])
        #expect(network.nodes[2].layer == .dense(Dense(units: 2, activation: .tanh)))
    }

    /// What Keras 2.2 and TensorFlow 1 wrote: numbers of NumPy in objects, and other words for one class.
    @Test func numbersAndClassesOfOldFiles() throws {
        let number = { (value: String) in #"{"type": "ndarray", "value": \#(value)}"# }
        let layers = [
            #"{"class_name": "BatchNormalizationV1", "config": {"name": "a", "axis": [3], "momentum": 0.9, "epsilon": 0.01}}"#,
            #"{"class_name": "ReLU", "config": {"name": "b", "max_value": \#(number("6.0")), "threshold": \#(number("0.0"))}}"#,
            #"{"class_name": "LeakyReLU", "config": {"name": "c", "alpha": \#(number("0.125"))}}"#,
        ]
        let network = try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": {"name": "s", "layers": [
                  {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 4, 5, 3]}},
                  \(layers.joined(separator: ","))]}}
                """, label: "test")
        #expect(
            network.nodes.dropFirst().map(\.layer) == [
                .batchNormalization(BatchNormalization(momentum: 0.9, epsilon: 0.01)),
                .plain(RectifiedLinear(most: 6)), .plain(RectifiedLinear(slope: 0.125)),
            ])
    }

    /// A bound of 0 leaves nothing, whereas a slope of 0 says nothing.
    @Test(arguments: [
        ("0.0", Layer.plain(RectifiedLinear(most: 0))), ("null", .activation(ActivationLayer(.relu))),
        ("6.0", .plain(RectifiedLinear(most: 6))),
    ])
    func boundsOfReLU(bound: String, layer: Layer) throws {
        let network = try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": {"name": "s", "layers": [
                  {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 4]}},
                  {"class_name": "ReLU", "config": {"name": "r", "max_value": \(bound), "negative_slope": 0.0, "threshold": 0.0}}]}}
                """, label: "test")
        #expect(network.nodes[1].layer == layer)
    }

    /// Layers that are read as others, and go home as they came; refusals of what they cannot be.
    @Test(arguments: [
        (
            #"{"class_name": "EinsumDense", "config": {"name": "e", "equation": "abcd,de->abce", "output_shape": [null, 5, 2], "bias_axes": "e"}}"#,
            "4x5x2"
        ),
        (
            #"{"class_name": "EinsumDense", "config": {"name": "e", "equation": "...a,ab->...b", "output_shape": 7}}"#,
            "4x5x7"
        ),
        (
            #"{"class_name": "EinsumDense", "config": {"name": "e", "equation": "abcd,be->aecd", "output_shape": [7, 5, 3]}}"#,
            "equation = abcd,be->aecd is not supported"
        ),
        (
            #"{"class_name": "EinsumDense", "config": {"name": "e", "equation": "abc,cd->abd", "output_shape": [4, 7]}}"#,
            "equation = abc,cd->abd is not supported"
        ),
        (
            #"{"class_name": "EinsumDense", "config": {"name": "e", "equation": "->,,", "output_shape": []}}"#,
            "equation = ->,, is not supported"
        ),
        (#"{"class_name": "AdaptiveAveragePooling2D", "config": {"name": "e", "output_size": [2, 5]}}"#, "2x5x3"),
        (
            #"{"class_name": "AdaptiveMaxPooling2D", "config": {"name": "e", "output_size": [3, 5]}}"#,
            "output_size = 3x5 is not supported: it must divide the image's size"
        ),
        (
            #"{"class_name": "AdaptiveMaxPooling2D", "config": {"name": "e", "output_size": [0, 5]}}"#,
            "output_size = 0x5 is not supported"
        ),
        (#"{"class_name": "RMSNormalization", "config": {"name": "e", "axis": -1, "epsilon": 0.5}}"#, "4x5x3"),
        (#"{"class_name": "RMSNormalization", "config": {"name": "e", "axis": 1}}"#, "axis = 1 is not supported"),
        (#"{"class_name": "RepeatVector", "config": {"name": "e", "n": 3}}"#, "takes a vector"),
        (
            #"{"class_name": "EinsumDense", "config": {"name": "e", "equation": "abcd,de->abce", "output_shape": [7, 5, 2]}}"#,
            "an output_shape of the input's other sizes"
        ),
    ])
    func layersReadAsOthers(layer: String, words: String) throws {
        let text = """
            {"class_name": "Sequential", "config": {"name": "s", "layers": [
              {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 4, 5, 3]}}, \(layer)]}}
            """
        do {
            let network = try Network(kerasJSON: text, label: "test")
            #expect("\(network.shapes[1])" == words)
            let home = try #require(network.kerasModel["config"]?["layers"]?.array?[1])
            #expect(try home["class_name"] == JSONValue(parsing: layer)["class_name"])
            #expect(try Network(kerasModel: network.kerasModel) == network)
        } catch let error as NetworkError {
            #expect(error.description.contains(words), "\(error.description)")
        }
    }

    /// What no memory holds, and what no Int holds, by the layer that asks for it.
    @Test(arguments: [
        ("input", "batch_shape", "[null, 4611686018427387904, 32, 3]"), ("pad", "padding", "1000000000"),
        ("pad", "padding", "9223372036854775807"), ("conv", "filters", "1000000000000"),
        ("conv", "kernel_size", "9223372036854775807"), ("conv", "strides", "9223372036854775807"),
        ("conv", "dilation_rate", "4611686018427387904"), ("pool", "pool_size", "9223372036854775807"),
        ("pool", "strides", "9223372036854775807"), ("up", "size", "9223372036854775807"),
        ("up", "size", "1000000000"), ("dense", "units", "9223372036854775807"),
    ])
    func impossibleSizesAreRefused(layer: String, option: String, value: String) {
        let options = [
            "input": ("InputLayer", ["batch_shape": "[null, 32, 32, 3]"]), "pad": ("ZeroPadding2D", ["padding": "1"]),
            "conv": ("Conv2D", ["filters": "4", "kernel_size": "3", "strides": "1", "dilation_rate": "1"]),
            "pool": ("MaxPooling2D", ["pool_size": "2", "strides": "2", "padding": #""same""#]),
            "up": ("UpSampling2D", ["size": "2"]), "flatten": ("Flatten", [:]), "dense": ("Dense", ["units": "10"]),
        ]
        let layers = ["input", "pad", "conv", "pool", "up", "flatten", "dense"].map { name in
            let (type, standard) = options[name] ?? ("", [:])
            let settings = standard.map { "\"\($0)\": \(name == layer && $0 == option ? value : $1)" }
            let config = ([#""name": "\#(name)""#] + settings).joined(separator: ", ")
            return "{\"class_name\": \"\(type)\", \"config\": {\(config)}}"
        }
        let text = """
            {"class_name": "Sequential", "config": {"name": "test", "layers": [\(layers.joined(separator: ", "))]}}
            """
        let error = #expect(throws: NetworkError.self) { try Network(kerasJSON: text, label: "test") }
        #expect(error?.layer == layer, "\(error?.description ?? "")")
    }

    /// One integer, two, or two pairs, as `model.to_json()` of Keras 2 and 3 always writes it; 1 by default.
    @Test(arguments: [
        ("", Margins2D(1)), (#", "padding": 3"#, Margins2D(3)),
        (#", "padding": [1, 2]"#, Margins2D(top: 1, bottom: 1, left: 2, right: 2)),
        (
            #", "padding": [[0, 1], [2, 3]], "data_format": "channels_last""#,
            Margins2D(top: 0, bottom: 1, left: 2, right: 3)
        ),
    ])
    func formsOfZeroPadding(options: String, margins: Margins2D) throws {
        let network = try Network(kerasJSON: Self.padding(options), label: "test")
        #expect(network.nodes[1].layer == .zeroPadding(ZeroPadding2D(margins)))
        #expect(try Network(kerasJSON: network.kerasModel.text(), label: "test") == network)
    }

    @Test(arguments: [
        #""padding": [1, 2, 3]"#, #""padding": [[1, 2], [3]]"#, #""padding": "same""#, #""padding": [[1, -2], [0, 0]]"#,
        #""padding": 1, "data_format": "channels_first""#,
    ])
    func otherZeroPaddingIsRefused(options: String) {
        let error = #expect(throws: NetworkError.self) {
            try Network(kerasJSON: Self.padding(", " + options), label: "test")
        }
        #expect(error?.layer == "pad")
    }

    private static func padding(_ options: String) -> String {
        """
        {"class_name": "Sequential", "config": {"name": "s", "layers": [
          {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 4, 5, 1]}},
          {"class_name": "ZeroPadding2D", "config": {"name": "pad"\(options)}}]}}
        """
    }

    /// Each change of the golden file must be refused with words that name it.
    @Test(arguments: [
        (#""groups":1"#, #""groups":2"#, "stem", "into 2 groups"),
        (#""kernel_regularizer":null"#, #""kernel_regularizer":7"#, "stem", "kernel_regularizer = 7"),
        (#""activation":"relu""#, #""activation":"glu""#, "relu", "glu"),
        (#""axis":-1"#, #""axis":1"#, "norm", "axis = 1"),
        (#""class_name":"Flatten""#, #""class_name":"Lambda""#, "flat", "Lambda"),
        (#""data_format":"channels_last""#, #""data_format":"channels_first""#, "stem", "channels_first"),
        (#""noise_shape":null"#, #""noise_shape":[1, 2]"#, "drop", "noise_shape"),
        (#""units":3"#, #""units":"three""#, "classes", "units"),
    ])
    func unsupportedOptionsAreNamed(part: String, replacement: String, layer: String, words: String) throws {
        let original = try JSONValue(parsing: golden("functional-3.json")).text()
        let range = try #require(original.range(of: part), "the golden file has changed")
        let changed = original.replacingCharacters(in: range, with: replacement)
        let error = #expect(throws: NetworkError.self) { try Network(kerasJSON: changed, label: "test") }
        #expect(error?.layer == layer)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    /// What only training needs is no reason to refuse a network, and goes home as it came.
    @Test func whatOnlyTrainingNeedsIsKept() throws {
        let original = try JSONValue(parsing: golden("functional-3.json")).text()
        let changes = [
            (#""class_name":"HeNormal""#, #""class_name":"STFT""#),
            (#""kernel_regularizer":null"#, #""kernel_regularizer":{"class_name":"L2","config":{"l2":0.001}}"#),
            (#""seed":null"#, #""seed":11"#),
            (#""bias_constraint":null"#, #""bias_constraint":{"class_name":"NonNeg"}"#),
        ]
        let text = changes.reduce(original) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
        let network = try Network(kerasJSON: text, label: "test")
        #expect(network.penalties.l2 == 0.001 && network.penalties.others.isEmpty)
        #expect(network.penalties.unknownConstraints.isEmpty)
        #expect(network.weightConstraints.contains(.notNegative))
        let error = #expect(throws: NetworkError.self) { try network.requireKnownInitializers() }
        #expect(error?.layer == "stem" && error?.reason.contains("STFT") == true)
        let home = try network.kerasModel.text()
        for part in ["STFT", #""l2":0.001"#, #""seed":11"#, "NonNeg"] { #expect(home.contains(part)) }
        #expect(try Network(kerasJSON: home, label: "test").penalties.l2 == 0.001)
    }

    /// One L2 of all kernels is an option of a run; nothing stands for others.
    @Test(arguments: [
        (#""kernel_regularizer":{"class_name":"L1L2","config":{"l1":0.0,"l2":0.5}}"#, 0.5, 0),
        (#""kernel_regularizer":"l2""#, 0.01, 0), (#""kernel_regularizer":"l1_l2""#, 0.0, 3),
        (#""kernel_regularizer":{"class_name":"L1","config":{"l1":0.5}}"#, 0.0, 3),
        (#""bias_regularizer":{"class_name":"L2","config":{"l2":0.5}}"#, 0.0, 3),
    ])
    func penalties(regularizer: String, l2: Double, others: Int) throws {
        let name = try #require(regularizer.split(separator: ":").first)
        let text = try JSONValue(parsing: golden("functional-3.json")).text()
            .replacingOccurrences(of: "\(name):null", with: regularizer)
        let network = try Network(kerasJSON: text, label: "test")
        #expect(network.penalties.l2 == l2 && network.penalties.others.count == others)
    }

    /// Of outputs: as an option of layers that train or not, and as a layer.
    @Test func penaltiesOfOutputs() throws {
        let network = try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                 {"class_name": "InputLayer", "config": {"batch_shape": [null, 4]}},
                 {"class_name": "Dense", "config": {"name": "a", "units": 3, "trainable": false, "activity_regularizer":
                  {"module": "keras.regularizers", "class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.25}}}},
                 {"class_name": "ActivityRegularization", "config": {"name": "b", "l1": 0.125, "l2": 0.0}},
                 {"class_name": "ReLU", "config": {"name": "c", "activity_regularizer": "l1"}},
                 {"class_name": "Dense", "config": {"name": "d", "units": 2, "activity_regularizer":
                  {"class_name": "L2", "config": {"l2": 0.0}}}}]}}
                """, label: "m")
        let expected = [
            1: ActivityPenalty(l1: 0.5, l2: 0.25), 2: ActivityPenalty(l1: 0.125), 3: ActivityPenalty(l1: 0.01),
        ]
        #expect(network.activityPenalties == expected)
        #expect(network.penalties.l2 == 0 && network.penalties.others.count == 3 && network.penalties.unknown.isEmpty)
        let home = network.kerasModel
        #expect(try Network(kerasModel: home).activityPenalties == expected)
        #expect(try home.text().contains(#""class_name":"ActivityRegularization""#))
    }

    /// Other classes are named.
    @Test func penaltiesOfOtherClasses() throws {
        let network = try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                 {"class_name": "InputLayer", "config": {"batch_shape": [null, 4]}},
                 {"class_name": "Dense", "config": {"name": "a", "units": 3, "activity_regularizer":
                  {"class_name": "OrthogonalRegularizer", "config": {"factor": 0.5}}}}]}}
                """, label: "m")
        #expect(network.penalties.unknown.count == 1 && network.penalties.unknown[0].contains("OrthogonalRegularizer"))
        #expect(network.activityPenalties.isEmpty)
    }

    /// Of each parameter, where layers have rules of their own.
    @Test func rulesOfWeights() throws {
        let separable = """
            {"class_name": "SeparableConv2D", "config": {"name": "s", "filters": 2, "kernel_size": [2, 2],
             "depthwise_regularizer": {"class_name": "L1", "config": {"l1": 0.25}}, "pointwise_regularizer": "l2",
             "pointwise_constraint": {"class_name": "MaxNorm", "config": {"max_value": 3, "axis": [0, 1, 2]}},
             "bias_regularizer": {"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.125}},
             "bias_constraint": {"class_name": "NonNeg", "config": {}}}}
            """
        let depthwise = """
            {"class_name": "DepthwiseConv2D", "config": {"name": "d", "kernel_size": 1,
             "depthwise_constraint": {"class_name": "MinMaxNorm",
              "config": {"min_value": 0.5, "max_value": 2, "rate": 0.75, "axis": -2}},
             "bias_constraint": {"class_name": "UnitNorm", "config": {}}, "activity_regularizer": "l2"}}
            """
        let network = try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                 {"class_name": "InputLayer", "config": {"batch_shape": [null, 4, 4, 3]}}, \(separable), \(depthwise)]}}
                """, label: "m")
        #expect(
            network.weightPenalties == [
                WeightPenalty(l1: 0.25), WeightPenalty(l2: 0.01), WeightPenalty(l1: 0.5, l2: 0.125), .none, .none,
            ])
        #expect(
            network.weightConstraints == [
                nil, .maximalNorm(3, axes: [0, 1, 2]), .notNegative, .norm(0.5...2, rate: 0.75, axes: [2]),
                .unitNorm(axes: [0]),
            ])
        #expect(network.penalties.l2 == 0 && network.penalties.others.count == 4)
        #expect(network.penalties.unknown.isEmpty && network.activityPenalties == [2: ActivityPenalty(l2: 0.01)])
        let home = try Network(kerasJSON: network.kerasModel.text(), label: "m")
        #expect(home.weightPenalties == network.weightPenalties && home.weightConstraints == network.weightConstraints)
        #expect(home.activityPenalties == network.activityPenalties)
        // An L2 of all kernels has the names that the classes have.
        let exported = try Network(kerasJSON: network.penalizingKernels(l2: 0.5).kerasModel.text(), label: "m")
        #expect(exported.weightPenalties[3] == WeightPenalty(l2: 0.5) && exported.weightPenalties[1].l2 == 0.01)
    }

    @Test(arguments: [
        #"{"class_name": "RadialConstraint"}"#, #"{"class_name": "MaxNorm", "config": {"axis": 4}}"#,
        #"{"class_name": "MaxNorm", "config": {"axis": []}}"#,
        #"{"class_name": "MaxNorm", "config": {"max_value": -1}}"#,
        #"{"class_name": "MinMaxNorm", "config": {"min_value": 2, "max_value": 1}}"#,
    ])
    func constraintsThatAreUnknown(_ constraint: String) throws {
        let text = try JSONValue(parsing: golden("functional-3.json")).text()
            .replacingOccurrences(of: #""kernel_constraint":null"#, with: "\"kernel_constraint\":\(constraint)")
        let network = try Network(kerasJSON: text, label: "test")
        #expect(network.penalties.unknownConstraints.contains { $0.contains("layer stem: kernel_constraint") })
        #expect(network.weightConstraints.allSatisfy { $0 == nil })
    }

    /// Layers of Keras come home under their own class, with their own options.
    @Test func classesOfKerasStay() throws {
        let layers = [
            #"{"class_name": "Rescaling", "config": {"name": "r", "scale": 0.5, "offset": [1.0, 2.0, 3.0]}}"#,
            #"{"class_name": "Normalization", "config": {"name": "n", "axis": [-1], "mean": [[[1.0, 2.0, 3.0]]], "variance": 4.0}}"#,
            #"{"class_name": "Normalization", "config": {"name": "m", "axis": -1, "mean": null, "variance": null}}"#,
            #"{"class_name": "ReLU", "config": {"name": "u", "max_value": null, "negative_slope": 0.0, "threshold": 0.0}}"#,
            #"{"class_name": "Dropout", "config": {"name": "d", "rate": 0.5, "seed": 3, "noise_shape": null}}"#,
            #"{"class_name": "Flatten", "config": {"name": "f"}}"#,
            #"{"class_name": "Softmax", "config": {"name": "s", "axis": -1}}"#,
        ]
        let network = try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": {"name": "s", "layers": [
                  {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 4, 5, 3]}},
                  \(layers.joined(separator: ","))]}}
                """, label: "test")
        #expect(network.preprocessingLayers == ["r", "n", "m"])
        #expect(network.nodes[1].layer == .plain(Rescaling(scale: [0.5], offset: [1, 2, 3])))
        let home = network.kerasModel["config"]?["layers"]?.array ?? []
        let classes = home.dropFirst().map { $0["class_name"]?.string }
        #expect(classes == ["Rescaling", "Normalization", "Normalization", "ReLU", "Dropout", "Flatten", "Softmax"])
        #expect(home[5]["config"]?["seed"] == 3)
        #expect(home[4]["config"]?["threshold"]?.number == 0)
        #expect(home[1]["config"]?["offset"] == [1.0, 2.0, 3.0] && home[2]["config"]?["variance"] == 4.0)
        #expect(try Network(kerasJSON: network.kerasModel.text(), label: "test") == network)
        #expect(network.parameters.map(\.path) == ["m/mean", "m/variance", "m/count"])
        #expect(network.trainableParameterCount == 0)
    }

    /// A layer of each kind with options that are not its defaults, some of them not training.
    private static func layersOfAllKinds() throws -> Network {
        var graph = GraphBuilder("kinds", input: [9, 8, 3])
        var x = graph.convolution(graph.input, 4, kernel: 3, dilation: 2, padding: .same)
        x = graph.localResponseNormalization(x, size: 3, k: 1.5, alpha: 2e-4, beta: 0.7)
        x = graph.upSampling(x, Extent2D(height: 2, width: 1))
        graph.trains = { if case .batchNormalization = $0 { true } else { false } }
        let branch = graph.convolution(x, 4, kernel: Extent2D(height: 1, width: 7), padding: .same)
        x = graph.sum(x, graph.batchNormalization(branch, scale: false), scaledBy: 0.17)
        graph.trains = { _ in false }
        let pooled = [
            graph.maxPooling(x, 3, stride: 2, padding: .ceil), graph.averagePooling(x, 3, stride: 2, padding: .ceil),
            graph.identityShortcut(graph.batchNormalization(x, center: false), 7, stride: 2),
        ]
        graph.trains = { _ in true }
        x = graph.scale(graph.concatenation(pooled.map { graph.convolution($0, 2, kernel: 2, padding: .same) }), by: 3)
        _ = graph.dense(graph.flatten(x), 2)
        return try graph.network()
    }

    @Test func everyKindOfLayerSurvivesTheRoundTrip() throws {
        let network = try Self.layersOfAllKinds()
        let text = try network.kerasModel.text()
        #expect(try Network(kerasJSON: text, label: "test") == network)
        for name in ["CustomScaleLayer", "LocalResponseNormalization", "IdentityShortcut", "MaxPooling2D"] {
            #expect(text.contains(#""class_name":"dptrain>\#(name)""#), "\(name) is not registered in Keras")
        }
        #expect(text.contains(#""class_name":"Concatenate""#))
        #expect(text.contains(#""name":"conv2d_1","padding":"same","strides":[1,1],"trainable":false"#))
    }

    @Test func otherFilesAreRefused() {
        for text in ["", "[1, 2]", #"{"class_name": "Subclass", "config": {"layers": [{}]}}"#, "not json"] {
            #expect(throws: NetworkError.self) { try Network(kerasJSON: text, label: "model.json") }
        }
    }

    @Test func orderOfCalls() throws {
        let dense: (String, String) -> String = { name, nodes in
            """
            {"class_name": "Dense", "name": "\(name)", "config": {"name": "\(name)", "units": 2},
             "inbound_nodes": \(nodes)}
            """
        }
        let model: (String) -> String = { layers in
            """
            {"class_name": "Functional", "config": {"name": "m", "layers": [
              {"class_name": "InputLayer", "name": "i", "config": {"batch_shape": [null, 2]}, "inbound_nodes": []},
              \(layers)], "input_layers": ["i", 0, 0], "output_layers": ["d", 0, 0]}}
            """
        }
        let chain = model(dense("d", #"[[["e", 0, 0, {}]]]"#) + "," + dense("e", #"[[["i", 0, 0, {}]]]"#))
        #expect(try Network(kerasJSON: chain, label: "m").nodes.map(\.name) == ["i", "e", "d"])
        // The output is the first of two calls, and the second one reads it.
        let shared = model(dense("d", #"[[["i", 0, 0, {}]], [["d", 0, 0, {}]]]"#))
        let error = #expect(throws: NetworkError.self) { try Network(kerasJSON: shared, label: "m") }
        #expect(error?.layer == "d" && error?.reason.contains("reads it") == true)
    }
}
