import Basics
import Checkpoints
import Foundation
import HDF5Storage
import Interchange
import KerasCalls
import KerasNetworks
import Models
import Optimization
import TestSupport
import Testing

/// Whole files of Keras 3 and tf_keras (Tests/Golden/Keras/generate_notebooks.py), and archives that were made to do harm.
@Suite struct KerasFileTests {
    @Test(arguments: ["notebook-3.keras", "notebook-3.h5", "notebook-2.keras", "notebook-2.h5"])
    func modelsWithWeightsAndSettings(name: String) throws {
        let file = try KerasModelFile(CheckpointFixture.golden(name))
        let network = file.network
        let isOfKeras2 = name.hasPrefix("notebook-2")
        let conv = isOfKeras2 ? "block_conv" : "conv"
        #expect(
            network.nodes.dropFirst().map(\.name) == ["scaling", conv, "norm", "relu", "pool", "flat", "drop", "head"])
        #expect(file.notes.contains { $0.contains("block/conv is block_conv") } == isOfKeras2)
        #expect(network.preprocessingLayers == ["scaling"])
        #expect(abs(network.penalties.l2 - 1e-3) < 1e-9 && network.penalties.others.isEmpty)
        let weights = try #require(try file.weights?.weights(for: network))
        // The other form of the same model holds the same.
        let other = try KerasWeightsFile(
            CheckpointFixture.golden(
                name.hasSuffix(".h5") ? name.replacingOccurrences(of: ".h5", with: ".weights.h5") : name))
        #expect(try other.weights(for: network) == weights)
        let compilation = try #require(file.compilation)
        #expect(try compilation.lossSettings(of: network).map(\.value) == ["sparse_categorical_crossentropy"])
        let settings = try Dictionary(
            uniqueKeysWithValues: compilation.optimizerSettings(of: network).map { ($0.option, $0.value) })
        #expect(settings["optimizer"] == "adam" && settings["clip-norm"] == "1.0" && settings["beta1"] == "0.9")
        #expect(settings["learning-rate"] == "0.01" && settings["schedule"] == "step:every=2steps,factor=0.5")
    }

    /// Attentions have layers inside, in each of Keras's forms; one stands in a model, beside a layer that is called like one of them.
    @Test(arguments: ["3", "2"])
    func attentions(generation: String) throws {
        let forms = ["keras", "h5", "weights.h5"].map { CheckpointFixture.golden("attention-\(generation).\($0)") }
        let network = try KerasModelFile(forms[0]).network
        #expect(try KerasModelFile(forms[1]).network == network && network.inputText == "words 3x4, table 2")
        let order = network.kerasLayerOrder.flatMap { node in
            network.parameters.indices.filter { network.parameters[$0].node == node }
        }
        let expected = (0..<164).map { Float($0) }
        for form in forms {
            let weights = try KerasWeightsFile(form).weights(for: network)
            #expect(order.flatMap { weights[$0] } == expected, "\(form)")
        }
        // What is written is read again.
        let weights = try KerasWeightsFile(forms[0]).weights(for: network)
        let model = KerasExport(
            network: network, weights: weights, loss: network.loss(.meanSquaredError),
            optimizer: try CheckpointFixture.state(filters: 2).optimizer)
        #expect(try KerasWeightsFile(model.weightsFile("x"), path: "x").weights(for: network) == weights)
        for reader in [KerasReader.keras3, .keras2] {
            #expect(try Network(kerasModel: network.kerasModel(for: reader)) == network)
        }
    }

    /// A file says which Keras wrote it, and gets the functions of that one.
    @Test(arguments: ["keras", "h5"])
    func functionsOfKeras2(ending: String) throws {
        let network = try KerasModelFile(CheckpointFixture.golden("functions-2.\(ending)")).network
        #expect(network.nodes.last?.layer.activation == .keras2HardSigmoid)
        let model = export(of: network)
        #expect(try KerasModelFile(model.archive("x.keras"), path: "x.keras").network == network)
        for reader in [KerasReader.keras3, .keras2] {
            #expect(try KerasModelFile(model.olderFile("x.h5", for: reader), path: "x.h5").network == network)
        }
    }

    /// tf_keras would take the name for its own function.
    @Test func functionsThatKeras2Lacks() throws {
        for function in [Activation.hardSigmoid, .hardTanh] {
            var g = GraphBuilder("gate", input: [3])
            _ = g.dense(g.input, 2, activation: function, name: "gate")
            let model = export(of: try g.network())
            #expect(try KerasModelFile(model.olderFile("x.h5", for: .keras3), path: "x.h5").network == model.network)
            #expect {
                _ = try model.olderFile("x.h5", for: .keras2)
            } throws: { error in
                "\(error)".contains("gate") && "\(error)".contains(function.rawValue) && "\(error)".contains("Keras 3")
            }
        }
    }

    /// Pooling that is like another one goes by the class of that.
    @Test func layersThatKeras2Lacks() throws {
        let network = { (layer: String) in
            try Network(
                kerasJSON: """
                    {"class_name": "Sequential", "config": {"name": "s", "layers": [
                      {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 4, 6, 3]}}, \(layer)]}}
                    """, label: "test")
        }
        let pool = #"{"class_name": "AdaptiveAveragePooling2D", "config": {"name": "pool", "output_size": [2, 3]}}"#
        let home = try network(pool).kerasModel(for: .keras2)["config"]?["layers"]?.array?[1]
        #expect(home?["class_name"] == "AveragePooling2D" && home?["config"]?["pool_size"] == [2, 2])
        #expect(home?["config"]?["output_size"] == nil)
        #expect(
            try network(pool).kerasModel["config"]?["layers"]?.array?[1]["class_name"] == "AdaptiveAveragePooling2D")
        let norm = #"{"class_name": "RMSNormalization", "config": {"name": "norm", "axis": -1}}"#
        let error = #expect(throws: NetworkError.self) { try network(norm).requireWords(of: .keras2) }
        #expect(error?.description.contains("tf_keras has no layer RMSNormalization") == true)
        try network(norm).requireWords(of: .keras3)
    }

    private func export(of network: Network) -> KerasExport {
        KerasExport(
            network: network,
            weights: network.parameters.map { [Float](repeating: 1, count: $0.specification.shape.count) },
            loss: network.loss(.meanSquaredError),
            optimizer: OptimizerState(kerasClass: "SGD", configuration: [:], learningRate: 0.1))
    }

    /// Of several outputs each loss that has options says where Keras has its class: without that Keras does not open the file.
    @Test func lossesOfSeveralOutputs() throws {
        var g = GraphBuilder("several", input: [4])
        g.auxiliaryOutput(g.dense(g.input, 2), weight: 1)
        _ = g.dense(g.input, 2, activation: .softmax)
        let network = try g.network().withHeads()
        var settings = Loss.Settings()
        settings.delta = 0.5
        let losses = [Loss(.sparseCategoricalCrossEntropy), Loss(.huber, settings: settings)]
        let loss = Loss(heads: losses.map { Loss.Head(name: $0.function.rawValue, loss: $0) })
        let model = KerasExport(
            network: network,
            weights: network.parameters.map { [Float](repeating: 1, count: $0.specification.shape.count) },
            loss: loss, optimizer: OptimizerState(kerasClass: "SGD", configuration: [:], learningRate: 0.1))
        let file = try KerasModelFile(model.archive("x.keras"), path: "x.keras")
        let written = try #require(file.compilation?.loss?.array)
        #expect(written.first == "sparse_categorical_crossentropy")
        #expect(written.last?["class_name"] == "Huber" && written.last?["module"] == "keras.losses")
        #expect(written.last?["registered_name"] == .null)
        #expect(written.last?["config"]?["delta"]?.number == 0.5)
    }

    /// Files without names of layers are matched by class and number, not by what looks like a name.
    @Test func numbersAreNoNames() throws {
        let image = { (values: [(group: String, value: Float)]) -> [UInt8] in
            let file = try HDF5File.createInMemory()
            for (group, value) in values {
                let variables = try file.root.createGroup("layers/\(group)/vars")
                try variables.write("0", shape: [2, 2], [Float](repeating: value, count: 4))
                try variables.write("1", shape: [2], [value, value])
            }
            return try file.image()
        }
        var graph = GraphBuilder("test", input: [2])
        _ = graph.dense(graph.dense(graph.input, 2, name: "dense_1"), 2, name: "dense")
        let weights = try KerasWeightsFile(image([("dense", 1), ("dense_1", 2)]), path: "x")
            .weights(for: graph.network())
        #expect(weights == [[1, 1, 1, 1], [1, 1], [2, 2, 2, 2], [2, 2]])
    }

    @Test func openSizesAreFilled() throws {
        let text = #"""
            {"class_name": "Sequential", "config": {"name": "s", "layers": [
              {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, null, null, 3]}},
              {"class_name": "GlobalAveragePooling2D", "config": {"name": "g"}}]}}
            """#
        let bytes = Array(text.utf8)
        let error = #expect(throws: NetworkError.self) { try KerasModelFile(bytes, path: "m.json") }
        #expect(error?.reason.contains("--input-size") == true)
        #expect(try KerasModelFile(bytes, path: "m.json", inputSize: [6, 5]).network.inputShape == [6, 5, 3])
        #expect(throws: NetworkError.self) { try KerasModelFile(bytes, path: "m.json", inputSize: [6, 5, 1]) }
        #expect(throws: NetworkError.self) { try KerasModelFile(bytes, path: "m.json", inputSize: [6, 5, 3, 3]) }
    }

    /// A chain goes home as a chain, and is the same network as the graph of a checkpoint of before.
    @Test(arguments: [("resumed-adam-3.keras", "Sequential"), ("resumed-sgd-3.keras", "Functional")])
    func classOfTheModel(name: String, kerasClass: String) throws {
        let network = try KerasModelFile(CheckpointFixture.golden(name)).network
        let home = network.kerasModel
        #expect(home["class_name"]?.string == kerasClass)
        #expect((home["config"]?["input_layers"] == nil) == (kerasClass == "Sequential"))
        let again = try Network(kerasModel: home)
        #expect(again == network)
        #expect(try again.kerasModel.text() == home.text())
        // What only training changes keeps the class; a second branch does not.
        #expect(try network.training { $0.name == "dense" }.kerasModel["class_name"]?.string == kerasClass)
        #expect(try network.replacingTop(classes: 5).kerasModel["class_name"]?.string == kerasClass)
    }

    /// What tf_keras wrote goes home as tf_keras writes it: the same layers, words for shapes, and names of weights.
    @Test(arguments: [("resumed-adam-2.h5", "Adam"), ("resumed-sgd-2.h5", "SGD")])
    func formOfKeras2(name: String, kerasClass: String) throws {
        let golden = CheckpointFixture.golden(name)
        let file = try KerasModelFile(golden)
        let weights = try #require(file.weights).weights(for: file.network)
        let optimizer = OptimizerState(kerasClass: kerasClass, configuration: [:], learningRate: 0.1)
        let state = RunState(
            network: file.network, loss: .sparseCategoricalCrossEntropy, weights: weights, optimizer: optimizer)
        let folder = try TemporaryDirectory()
        try CheckpointFile.export(state, to: folder.path("home.h5"), as: .tfKeras)
        let (home, theirs) = (try HDF5File.open(folder.path("home.h5")).root, try HDF5File.open(golden).root)
        let models = try [home, theirs].map { try JSONValue(parsing: $0.attributes.string("model_config")) }
        #expect(models[0]["class_name"] == models[1]["class_name"])
        let layers = models.map { $0["config"]?["layers"]?.array ?? [] }
        #expect(layers[0].count == layers[1].count && !layers[0].isEmpty)
        for (ours, theirs) in zip(layers[0], layers[1]) {
            #expect(ours["class_name"] == theirs["class_name"])
            for option in ["name", "batch_input_shape", "filters", "kernel_size", "units", "activation"] {
                #expect(
                    ours["config"]?[option] == theirs["config"]?[option],
                    "\(option) of \(theirs["config"]?["name"] ?? "?")")
            }
        }
        let optimizers = try [home, theirs].map { root in
            try JSONValue(parsing: root.attributes.string("training_config"))["optimizer_config"]?["class_name"]?.string
        }
        #expect(optimizers == ["Custom>\(kerasClass)", "Custom>\(kerasClass)"])
        let groups = try [home, theirs].map { try $0.group("model_weights") }
        let withWeights = try groups.map { group in
            try group.attributes.strings("layer_names").map { name in
                try (name, group.group(name).attributes.strings("weight_names").map { String($0.prefix { $0 != ":" }) })
            }.filter { !$0.1.isEmpty }
        }
        #expect(withWeights[0].map(\.0) == withWeights[1].map(\.0))
        #expect(withWeights[0].map(\.1) == withWeights[1].map(\.1))
        #expect(try home.attributes.string("keras_version").hasPrefix("2."))
    }

    /// Bytes changed at random: an error, or the slots of an optimizer.
    @Test(arguments: ["resumed-adam-3.keras", "resumed-adam-2.h5", "resumed-legacy-2.h5"])
    func mutationsOfOptimizers(name: String) throws {
        let golden = CheckpointFixture.golden(name)
        let network = try KerasModelFile(golden).network
        let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: golden)))
        let whole = try #require(try KerasOptimizerVariables(original, path: name))
        #expect(whole.updates == 3)
        #expect(try whole.slots(of: Adam(), in: network).map(\.name) == ["momentum", "velocity"])
        #expect(throws: FileError.self) { try whole.slots(of: RMSprop(), in: network) }
        var mutation = Mutation(seed: 3)
        var refused = 0
        for _ in 0..<200 {
            do {
                let slots = try KerasOptimizerVariables(mutation.changed(original), path: name)?.slots(
                    of: Adam(), in: network)
                let counts = network.trainableParameters.map(\.specification.shape.count)
                #expect(slots?.allSatisfy { $0.values.map(\.count) == counts } ?? true)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0)
    }

    /// Schedules of Keras in a compiled file, and the options that give them. A schedule with rates of its own has no other.
    @Test(arguments: [
        (
            #"{"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [3, 7], "values": [0.5, 0.25, 0.125]}}"#,
            nil, "piecewise:at=3/7,rates=0.5/0.25/0.125"
        ),
        (
            #"{"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 9, "alpha": 0.5, "warmup_target": null, "warmup_steps": 0}}"#,
            "0.5", "cosine:steps=9,final=0.25"
        ),
        (
            #"{"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.125, "decay_steps": 9, "alpha": 0.5, "warmup_target": 0.5, "warmup_steps": 0}}"#,
            "0.5", "cosine:steps=9,final=0.25"
        ),
        (
            #"{"class_name": "PolynomialDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 9, "end_learning_rate": 0.25, "power": 2.0, "cycle": false}}"#,
            "0.5", "polynomial:steps=9,power=2.0,final=0.25,cycle=false"
        ),
        (
            #"{"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.125, "decay_steps": 9, "alpha": 0.5, "warmup_target": 0.5, "warmup_steps": 3}}"#,
            "0.5", "warmup-cosine:warmup=3steps,steps=9,start=0.125,final=0.25"
        ),
        (
            #"{"class_name": "CosineDecayRestarts", "config": {"initial_learning_rate": 0.5, "first_decay_steps": 9, "t_mul": 2.0, "m_mul": 0.5, "alpha": 0.0}}"#,
            "0.5", "cosine-restarts:first=9steps,length-factor=2.0,peak-factor=0.5,final=0.0"
        ),
        (
            #"{"class_name": "InverseTimeDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5, "staircase": false}}"#,
            "0.5", "inverse-time:decay=0.125"
        ),
        (
            #"{"class_name": "InverseTimeDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5, "staircase": true}}"#,
            "0.5", "inverse-time:decay=0.5,every=4steps"
        ),
    ])
    func schedules(text: String, rate: String?, schedule: String) throws {
        let settings = try Self.compiled(rate: text)
        #expect(settings["learning-rate"] == rate && settings["schedule"] == schedule)
    }

    /// Rates of Keras (Tests/Golden/Keras/generate_schedules.py).
    @Test func ratesOfSchedules() throws {
        struct Golden: Decodable { let rates: [Float] }
        let data = try Data(contentsOf: URL(fileURLWithPath: CheckpointFixture.golden("schedules.json")))
        let golden = try JSONDecoder().decode([Golden].self, from: data)
        let schedules = try #require(JSONValue(parsing: String(decoding: data, as: UTF8.self)).array)
        #expect(golden.count == 17 && schedules.count == golden.count)
        for (golden, description) in zip(golden, schedules) {
            let text = try #require(description["schedule"]).text()
            let settings = try Self.compiled(rate: text)
            let schedule = try LearningRateSchedule(parsing: #require(settings["schedule"]))
            let base = try #require(schedule.ownRate ?? settings["learning-rate"].flatMap { Double($0) })
            let plan = LearningRatePlan(base: base, schedule: schedule, stepsPerEpoch: golden.rates.count, epochs: 1)
            let rates = try Coordinator(plan: plan, metrics: ["loss"]).rates(epoch: 0)
            for (step, expected) in golden.rates.enumerated() {
                #expect(abs(rates[step] - expected) <= 1e-6 * expected + 1e-8, "\(text), step \(step)")
            }
            // It goes home as it came, but for what says the same in two ways.
            let home = try #require(schedule.kerasConfiguration(base: base))
            #expect(home["class_name"] == description["schedule"]?["class_name"])
            let again = try Self.compiled(rate: home.text())
            #expect(try LearningRateSchedule(parsing: #require(again["schedule"])) == schedule)
            #expect(again["learning-rate"] == settings["learning-rate"])
        }
    }

    @Test(arguments: [
        #"{"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 0, "decay_rate": 0.5}}"#,
        #"{"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [3, 2], "values": [0.5, 0.25, 0.125]}}"#,
        #"{"class_name": "Mine", "config": {}}"#,
    ])
    func otherSchedulesAreRefused(text: String) {
        let error = #expect(throws: NetworkError.self) { try Self.compiled(rate: text) }
        #expect(error?.reason.contains("--optimizer") == true)
    }

    /// dptrain has it, but not as a part of the optimizer.
    @Test func anAverageOfWeightsIsNamed() {
        let error = #expect(throws: NetworkError.self) {
            try Self.compiled(rate: #"0.1, "use_ema": true, "ema_momentum": 0.95, "ema_overwrite_frequency": null"#)
        }
        #expect(error?.reason.contains("use_ema = true, which is --ema 0.95 here; give --optimizer") == true)
    }

    /// Only where its formula is another than Keras 3's.
    @Test(arguments: [
        ("RMSprop", #""decay": 0.0, "rho": 0.9"#, true), ("RMSprop", #""decay": 0.0, "momentum": 0.0"#, true),
        ("RMSprop", #""decay": 0.0, "momentum": 0.5"#, false), ("RMSprop", #""weight_decay": null"#, false),
        ("Adagrad", #""decay": 0.0, "initial_accumulator_value": 0.1"#, true), ("Adam", #""decay": 0.0"#, false),
    ])
    func optimizersOfBeforeKeras211AreNoted(name: String, options: String, isNoted: Bool) throws {
        let compilation = try Self.compilation(name, #""learning_rate": 0.1, \#(options)"#).compilation
        #expect(compilation.optimizerNote?.contains("added epsilon behind the root") ?? false == isNoted)
    }

    private static func compiled(rate: String) throws -> [String: String] {
        let (compilation, model) = try compilation("SGD", #""learning_rate": \#(rate)"#)
        return try Dictionary(
            uniqueKeysWithValues: compilation.optimizerSettings(of: model).map { ($0.option, $0.value) })
    }

    private static func compilation(
        _ optimizer: String, _ options: String
    ) throws -> (compilation: KerasCompilation, model: Network) {
        let file = try HDF5File.createInMemory()
        let model = try KerasModelFile(CheckpointFixture.golden("notebook-3.keras")).network
        try file.root.attributes.set("model_config", model.kerasModel.text())
        try file.root.attributes.set(
            "training_config", #"{"optimizer_config": {"class_name": "\#(optimizer)", "config": {\#(options)}}}"#)
        try file.root.attributes.set("layer_names", [String]())
        return (try #require(try KerasModelFile(file.image(), path: "x").compilation), model)
    }

    // MARK: Bad input

    @Test func archivesThatAreNone() throws {
        let pickle = zip([("archive/data.pkl", Array("pickle".utf8)), ("archive/version", [51])])
        let words: [([UInt8], String)] = [
            (pickle, "torch.save"), (zip([("a.txt", [1])]), "without config.json"),
            (zip([("config.json", Array("{".utf8))]), "not JSON"),
            (zip([("config.json", Array("{}".utf8))]), "model.weights.h5"),
            (zip([("config.json", Array("{}".utf8)), ("model.weights.h5", [1, 2, 3])]), "HDF5"),
            (Array(zip([("config.json", Array("{}".utf8))], method: 0).dropLast(30)), "archive"),
        ]
        for (bytes, word) in words {
            let error = #expect(throws: FileError.self) { try KerasModelFile(bytes, path: "m.keras") }
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        }
    }

    /// An entry that inflates to far more than any weights do.
    @Test func bombsAreRefused() throws {
        let bomb = zip([
            ("config.json", Array("{}".utf8)), ("model.weights.h5", [UInt8](repeating: 0, count: 64 << 20)),
        ])
        #expect(bomb.count < 1 << 20)
        let error = #expect(throws: FileError.self) { try KerasModelFile(bomb, path: "m.keras") }
        #expect(error?.reason.contains("inflates") == true)
    }

    @Test(arguments: ["soft-link.weights.h5", "external-link.weights.h5"])
    func linksAreNotFollowed(name: String) {
        let error = #expect(throws: FileError.self) { try KerasWeightsFile(CheckpointFixture.golden(name)) }
        #expect(error?.reason.contains("is a link to") == true, "\(error?.description ?? "")")
    }

    @Test func graphsThatCannotBe() throws {
        let dense = { (name: String, input: String) in
            #"{"class_name": "Dense", "config": {"name": "\#(name)", "units": 2}, "name": "\#(name)", "inbound_nodes": [[["\#(input)", 0, 0, {}]]]}"#
        }
        let input =
            #"{"class_name": "InputLayer", "name": "i", "config": {"batch_shape": [null, 2]}, "inbound_nodes": []}"#
        let model = { (layers: [String]) in
            #"{"class_name": "Functional", "config": {"name": "m", "layers": [\#(layers.joined(separator: ","))], "output_layers": ["a", 0, 0]}}"#
        }
        let nested = String(repeating: #"{"config": "#, count: 10_000) + "1" + String(repeating: "}", count: 10_000)
        let long =
            #"{"class_name": "Sequential", "config": ["#
            + [String](repeating: input, count: 20_000).joined(separator: ",") + "]}"
        let cases = [
            (model([input, dense("a", "b"), dense("b", "a")]), "reads"), (model([input, dense("a", "c")]), "reads"),
            (nested, "not JSON"), (long, "20000 layers"), (model([input, dense("a", "i"), dense("a", "i")]), "name"),
            (
                model([input, dense("a", "i").replacing(#""units""#, with: #""units": 3, "un\u0069ts""#)]),
                "says units twice"
            ),
        ]
        for (text, word) in cases {
            let error = #expect(throws: NetworkError.self) { try KerasModelFile(Array(text.utf8), path: "m.json") }
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        }
    }

    /// Bytes changed at random: an error, or a model with all its weights.
    @Test(arguments: ["notebook-3.keras", "notebook-2.keras", "notebook-2.h5", "notebook-3.weights.h5"])
    func mutations(name: String) throws {
        let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: CheckpointFixture.golden(name))))
        var mutation = Mutation(seed: 14)
        var refused = 0
        for _ in 0..<300 {
            let bytes = mutation.changed(original)
            do {
                let file = try KerasModelFile(bytes, path: name)
                let weights = try file.weights?.weights(for: file.network)
                #expect(weights?.map(\.count) == file.network.parameters.map(\.specification.shape.count))
            } catch is FileError {
                refused += 1
            } catch is NetworkError {
                refused += 1
            }
        }
        #expect(refused > 0)
    }
}
