import Basics
import KerasNetworks
import Models
import Testing

/// Models inside models, and layers that are called several times, from and to Keras's JSON.
@Suite struct KerasGraphTests {
    // MARK: JSON

    private static func layer(_ name: String, _ kerasClass: String, _ options: String, _ calls: [String]) -> String {
        """
        {"class_name": "\(kerasClass)", "name": "\(name)", "config": {"name": "\(name)", \(options)},
         "inbound_nodes": [\(calls.map { "[\($0)]" }.joined(separator: ", "))]}
        """
    }

    private static func input(_ name: String) -> String {
        layer(name, "InputLayer", #""batch_shape": [null, 4]"#, [])
    }

    private static func dense(_ name: String, _ calls: String...) -> String {
        layer(name, "Dense", #""units": 4"#, calls)
    }

    private static func read(_ source: String, call: Int = 0, _ arguments: String = "{}") -> String {
        #"["\#(source)", \#(call), 0, \#(arguments)]"#
    }

    /// The members of a model's `config`.
    private static func content(_ layers: [String], from input: String, to output: String, call: Int = 0) -> String {
        """
        "layers": [\(layers.joined(separator: ",\n"))],
        "input_layers": ["\(input)", 0, 0], "output_layers": ["\(output)", \(call), 0]
        """
    }

    private static func model(_ layers: [String], to output: String, call: Int = 0) -> String {
        """
        {"class_name": "Functional", "config": {"name": "m", \(content(layers, from: "i", to: output, call: call))}}
        """
    }

    /// Two dense layers, of which the first is called twice.
    private static func tower(_ name: String, _ calls: String...) -> String {
        let layers = [input("x"), dense("a", read("x"), read("a")), dense("b", read("a", call: 1))]
        return layer(name, "Functional", content(layers, from: "x", to: "b"), calls)
    }

    private func network(_ layers: [String], to output: String, call: Int = 0) throws -> Network {
        try Network(kerasJSON: Self.model(layers, to: output, call: call), label: "m")
    }

    // MARK: Reading

    @Test func namesSayWhereALayerStands() throws {
        let network = try network(
            [
                Self.input("i"), Self.tower("t", Self.read("i"), Self.read("t")),
                Self.dense("d", Self.read("t", call: 1)),
            ],
            to: "d")
        #expect(
            network.nodes.map(\.name) == [
                "i", "t/x", "t/a", "t/a#2", "t/b", "t#2/x", "t#2/a", "t#2/a#2", "t#2/b", "d",
            ])
        #expect(network.owners == [0, 1, 2, 2, 4, 1, 2, 2, 4, 9])
        #expect(
            network.parameters.map(\.path) == [
                "t/a/kernel", "t/a/bias", "t/b/kernel", "t/b/bias", "d/kernel", "d/bias",
            ])
        #expect(network.parameterCount == 60 && network.multiplyAdds == 7 * 16)
        #expect(try Network(kerasModel: network.kerasModel) == network)
        #expect(try Network(kerasModel: network.kerasModel(for: .keras2)) == network)
    }

    @Test func classesAreNumberedInEachModel() throws {
        let network = try network(
            [Self.input("i"), Self.tower("t", Self.read("i")), Self.dense("d", Self.read("t"))], to: "d")
        #expect(
            network.kerasClassNames == [
                "input_layer", "functional/input_layer", "functional/dense", "functional/dense", "functional/dense_1",
                "dense",
            ])
    }

    /// `training=False` of a call holds for all that is inside, and goes home with the call.
    @Test func callsAsInEvaluation() throws {
        let network = try network(
            [
                Self.input("i"), Self.tower("t", Self.read("i", #"{"training": false}"#)),
                Self.dense("d", Self.read("t")),
            ],
            to: "d")
        #expect(network.nodes.map(\.isInference) == [false, true, true, true, true, false])
        let text = try network.kerasModel.text()
        #expect(text.ranges(of: #""training":false"#).count == 1)
        #expect(try Network(kerasJSON: text, label: "m") == network)
    }

    /// Keras 3 writes the default of a dropout's call, which says nothing.
    @Test func defaultsOfCallsAreNoWish() throws {
        let call = """
            {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["i", 0, 0]}}],
             "kwargs": {"training": false}}
            """
        let drop = #"{"class_name": "Dropout", "name": "o", "config": {"rate": 0.5}, "inbound_nodes": [\#(call)]}"#
        #expect(try network([Self.input("i"), drop], to: "o").nodes[1].isInference == false)
        let listed = Self.layer("o", "Dropout", #""rate": 0.5"#, [Self.read("i", #"{"training": false}"#)])
        #expect(try network([Self.input("i"), listed], to: "o").nodes[1].isInference)
    }

    /// Keras 3 does not open a file that says `"score_mode": "dot"` in the older form, in which dptrain writes layers.
    @Test func attentionIsWrittenWithoutItsUsualScore() throws {
        let layer = Self.layer(
            "o", "Attention", #""score_mode": "dot", "use_scale": false"#,
            [#"["s", 0, 0, {"use_causal_mask": true}], ["s", 0, 0, {"use_causal_mask": true}]"#])
        let steps = Self.layer("s", "Reshape", #""target_shape": [2, 2]"#, [Self.read("i")])
        let network = try network([Self.input("i"), steps, layer], to: "o")
        let text = try network.kerasModel.text()
        #expect(!text.contains("score_mode"))
        #expect(try Network(kerasJSON: text, label: "m") == network)
    }

    private static let tensor =
        #"{"class_name": "__keras_tensor__", "config": {"keras_history": ["i", 0, 0]}}"#
    private static let constant =
        #"{"class_name": "__tensor__", "config": {"value": [[1, 2, 3, 4]], "dtype": "float32"}}"#

    /// Calls that lead nowhere, or round in circles through a mask, and sizes that no memory has.
    @Test func graphsThatCannotBe() throws {
        func attention(_ options: String, _ call: String) -> String {
            Self.layer(
                "o", "MultiHeadAttention", options,
                [#"["s", 0, 0, {"value": ["s", 0, 0]\#(call)}]"#])
        }
        let steps = Self.layer("s", "Reshape", #""target_shape": [2, 2]"#, [Self.read("i")])
        let usual = #""num_heads": 2, "key_dim": 3"#
        let cases: [(String, String)] = [
            (attention(usual, #", "attention_mask": ["o", 0, 0]"#), "reads"),
            (attention(usual, #", "attention_mask": ["none", 0, 0]"#), "reads none, which is no layer of the model"),
            (attention(usual, #", "attention_mask": ["s", 9223372036854775807, 0]"#), "reads"),
            (attention(usual, #", "attention_mask": ["s", 0, -7]"#), "reads output -7 of s"),
            (attention(usual, #", "attention_mask": ["s", "0", 0]"#), "it must be a matrix"),
            (attention(usual, #", "attention_mask": [[1, 0], [1]]"#), "it must be a matrix"),
            (attention(usual, #", "attention_mask": [[1, 0, 1]]"#), "a mask of 1x3, which must be 2x2 or 1x2"),
            (attention(usual, #", "attention_mask": true"#), "it must be a matrix"),
            (attention(usual + #", "attention_mask": true"#, ""), "it must be a matrix"),
            (attention(usual, #", "value_mask": ["s", 0, 0]"#), "the argument value_mask, a tensor"),
            (attention(usual, #", "return_attention_scores": true"#), "option return_attention_scores"),
            (attention(#""num_heads": 4611686018427387904, "key_dim": 4611686018427387904"#, ""), "more than 2^31 - 1"),
            (attention(#""num_heads": 9223372036854775807, "key_dim": 1, "value_dim": 2"#, ""), "more than 2^31 - 1"),
            (attention(#""num_heads": 0, "key_dim": 1"#, ""), "at least one of each"),
            (attention(#""num_heads": 1, "key_dim": 1, "output_shape": -3"#, ""), "at least one of each"),
        ]
        for (layer, reason) in cases {
            let error = try #require(throws: NetworkError.self) {
                try network([Self.input("i"), steps, layer], to: "o")
            }
            #expect(error.reason.contains(reason), "\(error)")
        }
    }

    /// A call's arguments are never dropped: what a layer does not know is refused.
    @Test(arguments: [
        ("Dense", #""units": 4"#, "[\(tensor)]", #"{"mask": \#(tensor)}"#, "the argument mask, a tensor"),
        ("Dense", #""units": 4"#, "[\(tensor), null, \(tensor)]", "{}", "the argument mask, a tensor"),
        ("BatchNormalization", #""axis": -1"#, "[\(tensor)]", #"{"mask": \#(constant)}"#, "option mask"),
        ("Softmax", #""axis": -1, "trainable": true"#, "[\(tensor), \(constant)]", "{}", "option mask"),
        (
            "Attention", #""dropout": 0.0"#, "[[\(tensor), \(tensor)]]", #"{"attention_mask": \#(constant)}"#,
            "option attention_mask"
        ),
        (
            "Attention", #""dropout": 0.0"#, "[[\(tensor), \(tensor)]]", #"{"attention_mask": true}"#,
            "option attention_mask"
        ),
        ("Dense", #""units": 4"#, "[\(tensor)]", #"{"foo": 3}"#, "option foo = 3"),
        ("Dense", #""units": 4"#, "[\(tensor), null, null, 7]", "{}", "option number 4 = 7"),
        ("Dense", #""units": 4"#, "[\(tensor)]", #"{"units": 3}"#, "the argument units"),
        ("Add", #""trainable": true"#, "[[\(tensor), \(constant)]]", "{}", "no tensor of the model"),
        (
            "Concatenate", #""axis": -1, "trainable": true"#, #"[{"a": \#(tensor), "b": \#(tensor)}]"#, "{}",
            "no tensor of the model"
        ),
        ("Dense", #""units": 4"#, "[]", "{}", "given no tensor"),
        ("Dense", #""units": 4"#, "[\(tensor)]", #"{"training": 1}"#, "neither true nor false"),
        ("Dropout", #""rate": 0.5"#, "[\(tensor), true]", "{}", "training = true"),
        ("GaussianNoise", #""stddev": 0.5"#, "[\(tensor)]", #"{"training": true}"#, "training = true"),
        ("BatchNormalization", #""axis": -1"#, "[\(tensor)]", #"{"training": true}"#, "training = true"),
    ])
    func argumentsOfCallsAreRefused(_ call: (String, String, String, String, String)) throws {
        let (kerasClass, options, positional, named, reason) = call
        let layer = """
            {"class_name": "\(kerasClass)", "name": "o", "config": {\(options)},
             "inbound_nodes": [{"args": \(positional), "kwargs": \(named)}]}
            """
        let error = try #require(throws: NetworkError.self) { try network([Self.input("i"), layer], to: "o") }
        #expect(error.layer == "o" && error.reason.contains(reason), "\(error)")
    }

    /// Those that say what is computed anyway are taken.
    @Test(arguments: [
        ("Dense", #""units": 4"#, "[]", #"{"inputs": \#(tensor)}"#),
        ("Dense", #""units": 4"#, "[\(tensor)]", #"{"training": true, "mask": null}"#),
        ("Add", #""trainable": true"#, "[[\(tensor), \(tensor)]]", #"{"mask": [null, {"a": null}]}"#),
        ("GaussianNoise", #""stddev": 0.5"#, "[\(tensor), null]", #"{"training": false}"#),
    ])
    func argumentsThatSayNothing(_ call: (String, String, String, String)) throws {
        let layer = """
            {"class_name": "\(call.0)", "name": "o", "config": {\(call.1)},
             "inbound_nodes": [{"args": \(call.2), "kwargs": \(call.3)}]}
            """
        #expect(try network([Self.input("i"), layer], to: "o").nodes[1].isInference == false)
    }

    /// Weights of a part belong to its layers, also where the first call of a layer is not in it.
    @Test func partsWithoutTheFirstCall() throws {
        let sum = Self.layer("s", "Add", #""trainable": true"#, [Self.read("d") + ", " + Self.read("d", call: 1)])
        let whole = try network(
            [Self.input("i"), Self.dense("e", Self.read("i")), Self.dense("d", Self.read("e"), Self.read("i")), sum],
            to: "s")
        let part = try whole.ending(withLayer: "d#2", weights: whole.parameters.map(\.path))
        #expect(part.network.nodes.map(\.name) == ["i", "d#2"])
        #expect(part.weights == ["d/kernel", "d/bias"] && part.network.parameters.map(\.path) == part.weights)
    }

    @Test func outputsWithoutTheFirstCall() throws {
        let output = Self.dense("o", Self.read("d", call: 1))
        let layers = [
            Self.input("i"), Self.dense("e", Self.read("i")), Self.dense("d", Self.read("e"), Self.read("i")), output,
        ]
        let text = Self.model(layers, to: "o")
        let both = text.replacing(
            #""output_layers": ["o", 0, 0]"#, with: #""output_layers": [["o", 0, 0], ["d", 0, 0]]"#)
        let error = #expect(throws: NetworkError.self) { try Network(kerasJSON: both, label: "m") }
        #expect(error?.layer == "d#2" && error?.reason.contains("auxiliary output alone") == true)
    }

    @Test func aSequentialThatWasNeverBuilt() throws {
        let text =
            #"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 2}}]}}"#
        #expect(throws: NetworkError.self) { try Network(kerasJSON: text, label: "m") }
        var model = try KerasModel(JSONValue(parsing: text))
        try model.fixInput([5])
        #expect(try Network(model).inputShape == [5])
    }

    @Test(arguments: [[24], [24, 24], [24, 24, 3]])
    func imagesOfAnySize(_ sizes: [Int]) throws {
        let text =
            #"{"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer", "config": "#
            + #"{"batch_shape": [null, null, null, 3]}}, {"class_name": "Conv2D", "config": {"filters": 2, "kernel_size": [3, 3]}}]}}"#
        var model = try KerasModel(JSONValue(parsing: text))
        try model.fixInput(sizes)
        #expect(try Network(model).inputShape == [24, 24, 3])
    }

    /// tf_keras refuses a file with an option that it does not know.
    @Test func optionsThatKeras2DoesNotHave() throws {
        let slope = Self.layer("s", "LeakyReLU", #""negative_slope": 0.125"#, [Self.read("i")])
        let norm = Self.layer("n", "LayerNormalization", #""axis": -1"#, [Self.read("s")])
        let network = try network([Self.input("i"), slope, norm], to: "n")
        let text = try network.kerasModel(for: .keras2).text()
        #expect(text.contains(#""alpha":0.125"#) && !text.contains("negative_slope") && !text.contains("rms_scaling"))
        #expect(try Network(kerasJSON: text, label: "m").nodes.map(\.layer) == network.nodes.map(\.layer))
        #expect(try network.kerasModel.text().contains(#""negative_slope":0.125"#))
    }

    // MARK: What is refused

    @Test func outputsThatAreNot() throws {
        let error = #expect(throws: NetworkError.self) {
            try network(
                [Self.input("i"), Self.tower("t", Self.read("i")), Self.dense("d", #"["t", 0, 1, {}]"#)], to: "d")
        }
        #expect(error?.layer == "d" && error?.reason.contains("output 1 of t") == true)
    }

    @Test func circlesThroughModels() throws {
        let error = #expect(throws: NetworkError.self) {
            try network(
                [
                    Self.input("i"), Self.tower("t", Self.read("d")), Self.dense("d", Self.read("t")),
                    Self.dense("e", Self.read("d")),
                ],
                to: "e")
        }
        #expect(error?.layer == "t" && error?.reason.contains("layers in a circle") == true)
    }

    /// A chain of as many layers as there may be, the last one first.
    @Test func aLongChainFromItsEnd() throws {
        let count = 9_998
        let layers = (0..<count).reversed().map {
            Self.layer("r\($0)", "ReLU", #""trainable": true"#, [Self.read($0 == 0 ? "i" : "r\($0 - 1)")])
        }
        let network = try network([Self.input("i")] + layers, to: "r\(count - 1)")
        #expect(network.nodes.count == count + 1 && network.nodes.last?.name == "r\(count - 1)")
    }

    @Test func namesThatAreNotThere() throws {
        let text = Self.model([Self.input("i"), Self.dense("d", Self.read("i"))], to: "d")
        let cases = [
            (text.replacing(#"[["i", 0, 0, {}]]"#, with: #"[["i", 7, 0, {}]]"#), "d: it reads call 7 of i"),
            (text.replacing(#"[[["i", 0, 0, {}]]]"#, with: #""i""#), "d: its inbound_nodes are no list"),
            (
                text.replacing(#""input_layers": ["i""#, with: #""input_layers": ["j""#),
                "j, and no layer"
            ),
            (text.replacing(#""name": "d""#, with: #""name": "i""#), "i: two layers have this name"),
        ]
        for (text, words) in cases {
            let error = try #require(throws: NetworkError.self, "\(words)") { try Network(kerasJSON: text, label: "m") }
            #expect(error.description.contains(words), "\(error)")
        }
    }

    @Test func modelsThatLieTooDeep() throws {
        var inner = Self.dense("d", Self.read("x"))
        for _ in 0..<40 {
            inner = Self.layer(
                "d", "Functional", Self.content([Self.input("x"), inner], from: "x", to: "d"), [Self.read("x")])
        }
        let error = #expect(throws: NetworkError.self) {
            try network([Self.input("i"), inner.replacingX()], to: "d")
        }
        #expect(error?.reason.contains("32 deep") == true)
    }

    /// Each level calls the next one twice: 2^20 layers.
    @Test func callsThatMultiply() throws {
        var inner = Self.dense("d", Self.read("x"), Self.read("d"))
        for _ in 0..<20 {
            inner = Self.layer(
                "d", "Functional", Self.content([Self.input("x"), inner], from: "x", to: "d", call: 1),
                [Self.read("x"), Self.read("d")])
        }
        let error = #expect(throws: NetworkError.self) {
            try network([Self.input("i"), inner.replacingX()], to: "d", call: 1)
        }
        #expect(error?.reason.contains("more than 10000 layers") == true)
    }

    @Test func callsOfOneLayerThatDiffer() throws {
        let narrow = Self.layer("n", "Dense", #""units": 3"#, [Self.read("i")])
        let error = #expect(throws: NetworkError.self) {
            try network([Self.input("i"), narrow, Self.dense("d", Self.read("i"), Self.read("n"))], to: "d", call: 1)
        }
        #expect(error?.layer == "d#2" && error?.reason.contains("other weights") == true)
    }

    @Test func aModelInsideIsGivenInputsOfOneNumberOfAxes() {
        let input = { (name: String) in
            #"{"class_name": "InputLayer", "name": "\#(name)", "config": {"name": "\#(name)", "batch_shape": [null, 4, 4, 2]}, "#
                + #""inbound_nodes": []}"#
        }
        let error = #expect(throws: NetworkError.self) {
            try Network(
                kerasJSON: """
                    {"class_name": "Functional", "config": {"name": "m", "layers": [\(input("image")),
                      {"class_name": "GlobalAveragePooling2D", "name": "mean", "config": {"name": "mean"},
                       "inbound_nodes": [[["image", 0, 0, {}]]]},
                      {"class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": [\(input("a")),
                          {"class_name": "Activation", "name": "act", "config": {"name": "act", "activation": "relu"},
                           "inbound_nodes": [[["a", 0, 0, {}]]]}],
                        "input_layers": [["a", 0, 0]], "output_layers": [["act", 0, 0]]},
                       "inbound_nodes": [[["image", 0, 0, {}]], [["mean", 0, 0, {}]]]}],
                      "input_layers": [["image", 0, 0]], "output_layers": [["inner", 1, 0]]}}
                    """, label: "m")
        }
        #expect(
            error?.description.contains("it is given 4x4x2 in one call, and 2 in another") == true, "\(error as Any)")
    }
}

extension String {
    /// A model whose last call reads the outermost input.
    fileprivate func replacingX() -> String {
        guard let place = ranges(of: #"["x", 0, 0, {}]"#).last else { return self }
        return self[..<place.lowerBound] + #"["i", 0, 0, {}]"# + self[place.upperBound...]
    }
}
