import Basics
import Foundation
import KerasNetworks
import Models
import Testing

/// Functions of Keras 3 among the layers of a model, from and to Keras's JSON. Tests/EngineTests/Golden/operations.py has what they
/// compute.
@Suite struct KerasOperationTests {
    private static func layer(_ name: String, _ kerasClass: String, _ options: String, _ calls: [String]) -> String {
        """
        {"class_name": "\(kerasClass)", "name": "\(name)", "config": \(options),
         "inbound_nodes": [\(calls.map { "[\($0)]" }.joined(separator: ", "))]}
        """
    }

    private static let input = layer("i", "InputLayer", #"{"batch_shape": [null, 4]}"#, [])

    private static func dense(_ name: String, _ call: String) -> String {
        layer(name, "Dense", #"{"units": 4}"#, [call])
    }

    private static func read(_ source: String) -> String { #"["\#(source)", 0, 0, {}]"# }

    private func network(_ layers: [String], outputs: String = #"["d", 0, 0]"#) throws -> Network {
        let text = """
            {"class_name": "Functional", "config": {"name": "m", "layers": [\(layers.joined(separator: ",\n"))],
             "input_layers": ["i", 0, 0], "output_layers": \(outputs)}}
            """
        return try Network(kerasJSON: text, label: "m")
    }

    private static func tensor(_ source: String) -> String {
        #"{"class_name": "__keras_tensor__", "config": {"shape": [null, 4], "keras_history": ["\#(source)", 0, 0]}}"#
    }

    private static func operation(
        _ kerasClass: String, _ options: String = "{}", _ arguments: String, named: String = "{}"
    ) -> String {
        """
        {"class_name": "\(kerasClass)", "name": "op", "module": "keras.src.ops.numpy", "registered_name": "\(kerasClass)",
         "config": \(options), "inbound_nodes": [{"args": [\(arguments)], "kwargs": \(named)}]}
        """
    }

    private func around(_ operation: String) throws -> Network {
        try network(
            [Self.input, Self.dense("a", Self.read("i")), operation, Self.dense("d", Self.read("op"))])
    }

    /// Class, options and constants go home as they came.
    @Test(arguments: [
        ("Multiply", "{}", "T, 2", "{}"), ("Multiply", "{}", "2.5, T", "{}"), ("Subtract", "{}", "1, T", "{}"),
        (
            "Add", "{}", #"T, {"class_name": "__tensor__", "config": {"value": [[1, 2, 3, 4]], "dtype": "float32"}}"#,
            "{}"
        ),
        ("TrueDivide", "{}", "T", #"{"x2": 4}"#), ("Maximum", "{}", "T, T", "{}"),
        ("Clip", #"{"x_min": -1, "x_max": 2}"#, "T", "{}"),
        ("Stack", #"{"axis": -1}"#, "[T, T, T]", "{}"),
        (
            "GetItem", "{}",
            #"T, [{"class_name": "__ellipsis__", "config": {}}, {"class_name": "__slice__", "config": {"start": 3, "stop": null, "step": -2}}]"#,
            "{}"
        ),
        ("GetItem", "{}", #"T, {"class_name": "__ellipsis__", "config": {}}"#, "{}"),
        ("Roll", #"{"shift": -5, "axis": 1}"#, "T", "{}"),
    ])
    func operationsGoHome(kerasClass: String, options: String, arguments: String, named: String) throws {
        let given = arguments.replacing("T", with: Self.tensor("a"))
        let isStack = kerasClass == "Stack"
        let operation = Self.operation(kerasClass, options, given, named: named)
        let flat = Self.layer("f", "Flatten", "{}", [Self.read("op")])
        let network = try network(
            [Self.input, Self.dense("a", Self.read("i")), operation, flat, Self.dense("d", Self.read("f"))])
        #expect(network.outputShape == [4])
        let home = network.kerasModel
        #expect(try Network(kerasModel: home) == network)
        // Keras's `.h5` files cannot have it.
        #expect(try !home.text().contains("__ellipsis__"))
        let layer = try #require(home["config"]?["layers"]?.array?[2])
        #expect(layer["class_name"]?.string == kerasClass && layer["module"]?.string == "keras.src.ops.numpy")
        for (name, value) in try JSONValue(parsing: options).object ?? [:] {
            #expect(layer["config"]?[name] == value, "\(name)")
        }
        let call = try #require(layer["inbound_nodes"]?.array?.first)
        let count = try call.text().components(separatedBy: "keras_history").count - 1
        #expect(count == (isStack ? 3 : kerasClass == "Maximum" ? 2 : 1))
        // Keras 2 has a layer in its place.
        #expect(try !network.kerasModel(for: .keras2).text().contains("keras.src.ops"))
        #expect(try Network(kerasModel: network.kerasModel(for: .keras2)).shapes == network.shapes)
    }

    /// Keras 3's `.h5` files have no modules. They come home with them, since Keras cannot open them otherwise.
    @Test(arguments: [
        ("Multiply", "{}", "T, 2", "numpy"), ("Add", "{}", "T, T", "numpy"), ("Relu", "{}", "T", "nn"),
        ("Rsqrt", "{}", "T", "math"), ("Tanh", "{}", "T", "numpy"),
        ("Reshape", #"{"newshape": [-1, 4]}"#, "T", "numpy"),
    ])
    func operationsWithoutAModule(kerasClass: String, options: String, arguments: String, module: String) throws {
        let given = arguments.replacing("T", with: Self.tensor("a"))
        let operation = Self.operation(kerasClass, options, given)
        let network = try around(operation.replacing(#""module": "keras.src.ops.numpy", "#, with: ""))
        let layer = try #require(network.kerasModel["config"]?["layers"]?.array?[2])
        #expect(layer["module"]?.string == "keras.src.ops.\(module)")
        #expect(try Network(kerasModel: network.kerasModel) == network)
    }

    @Test(arguments: [
        ("Matmul", "{}", "T, T", "takes two matrices"), ("Matmul", "{}", "T, 2", "with a constant"),
        ("Einsum", #"{"subscripts": "bi,bi->b"}"#, "T, T", "Einsum of bi,bi->b is not supported"),
        ("Einsum", #"{"subscripts": "bij,bjk->bki"}"#, "T, T", "such as bnk,bkm->bnm"),
        ("Einsum", #"{"subscripts": "...ij,...jk"}"#, "T, T", "not supported"),
        ("Einsum", #"{"subscripts": "bii,bij->bij"}"#, "T, T", "not supported"),
        ("Floor", "{}", "T", "the operation Floor is not supported; those that are: Abs"),
        ("Add", "{}", "T", "takes two operands, not 1"), ("Add", "{}", "1, 2", "it reads no layer"),
        ("Add", "{}", #"T, "x""#, "is not supported"), ("Power", "{}", "2, T", "constant exponent"),
        ("Add", "{}", #"T, {"class_name": "__tensor__", "config": {"value": [1, 2, 3]}}"#, "3 values for 4 channels"),
        ("Maximum", "{}", #"T, {"class_name": "__tensor__", "config": {"value": [1, 2, 3, 4]}}"#, "with one number"),
        ("TrueDivide", "{}", "T, 0", "not finite"), ("Mean", #"{"axis": null}"#, "T", "of all axes"),
        ("Mean", #"{"axis": 0}"#, "T", "along axis 0"), ("Mean", #"{"axis": 1}"#, "T", "must keep an axis"),
        ("Mean", #"{"axis": 9223372036854775807}"#, "T", "must be an axis of a sample"),
        ("Reshape", #"{"newshape": [4, 4]}"#, "T", "number of samples open"),
        ("Reshape", #"{"newshape": [-1, 5]}"#, "T", "cannot make"),
        ("Transpose", #"{"axes": [1, 0]}"#, "T", "samples' axis"),
        ("Transpose", #"{"axes": null}"#, "T", "samples' axis"),
        ("GetItem", "{}", "T, 0", "is not supported"), ("GetItem", "{}", "T", "constant places"),
        ("GetItem", "{}", #"T, [{"class_name": "__ellipsis__"}, 7]"#, "7 is not supported"),
        (
            "GetItem", "{}",
            #"T, [{"class_name": "__ellipsis__"}, {"class_name": "__slice__", "config": {"step": 0}}]"#,
            "is not supported"
        ),
        (
            "GetItem", "{}",
            #"T, [{"class_name": "__ellipsis__"}, {"class_name": "__slice__", "config": {"start": 2, "stop": 1}}]"#,
            "empty"
        ),
        ("Squeeze", #"{"axis": 1}"#, "T", "which has 4 elements"),
        ("Pad", #"{"pad_width": [[0, 0], [1, 1]]}"#, "T", "beside images"),
        ("Split", #"{"indices_or_sections": 3, "axis": 1}"#, "T", "4 elements into 3 equal parts"),
        ("Split", #"{"indices_or_sections": -9223372036854775808, "axis": 1}"#, "T", "equal parts"),
        ("Split", #"{"indices_or_sections": [3, 2], "axis": 1}"#, "T", "at [3, 2] is not supported: they must rise"),
        ("Split", #"{"indices_or_sections": [4], "axis": 1}"#, "T", "they must rise"),
        ("Split", #"{"indices_or_sections": 2, "axis": 0}"#, "T", "it must be an axis of a sample"),
        ("Split", #"{"indices_or_sections": 2, "axis": 1}"#, "T, 1", "is not supported"),
        ("Roll", #"{"shift": 1, "axis": null}"#, "T", "a shift for each of some axes only"),
        ("Roll", #"{"shift": [1, 2], "axis": [1]}"#, "T", "a shift for each of some axes only"),
        ("Roll", #"{"shift": 1, "axis": 0}"#, "T", "it must be an axis of a sample"),
        ("Std", #"{"axis": null}"#, "T", "of all axes"),
        ("Relu", "{}", "T, 3", "is not supported"), ("Softmax", #"{"axis": 5}"#, "T", "it must be an axis of a sample"),
    ])
    func operationsThatAreRefused(kerasClass: String, options: String, arguments: String, words: String) {
        let given = arguments.replacing("T", with: Self.tensor("a"))
        let error = #expect(throws: NetworkError.self, "\(kerasClass)") {
            try around(Self.operation(kerasClass, options, given))
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func longConstantsAreCut() {
        let row = "[\([String](repeating: "0.125", count: 999).joined(separator: ", "))]"
        let error = #expect(throws: NetworkError.self) {
            try around(Self.operation("Add", "{}", "\(Self.tensor("a")), [\(row), [1]]"))
        }
        let text = error?.description ?? ""
        #expect(
            text.contains("Add with [[0.125") && text.contains("... is not supported") && text.count < 300, "\(text)")
    }

    // MARK: Several results

    private func split(reading results: [Int]) throws -> Network {
        let parts = results.map { #"["op", 0, \#($0), {}]"# }.joined(separator: ", ")
        let layers = [
            Self.input, Self.dense("a", Self.read("i")),
            Self.operation("Split", #"{"indices_or_sections": [1, 3], "axis": -1}"#, Self.tensor("a")),
            Self.layer("c", "Concatenate", #"{"axis": -1}"#, [parts]), Self.dense("d", Self.read("c")),
        ]
        return try network(layers)
    }

    /// Each result that is read is a layer, `x[:, 1:3]`, in files for both.
    @Test func partsAreSlices() throws {
        let network = try split(reading: [2, 1])
        #expect(network.nodes.map(\.name) == ["i", "a", "op_part1", "op_part2", "c", "d"])
        #expect(network.shapes[2...4].map(\.extents) == [[2], [1], [3]])
        let home = network.kerasModel
        let layer = try #require(home["config"]?["layers"]?.array?[2])
        #expect(layer["class_name"]?.string == "GetItem" && layer["module"]?.string == "keras.src.ops.numpy")
        #expect(try Network(kerasModel: home) == network)
        let old = network.kerasModel(for: .keras2)
        #expect(old["config"]?["layers"]?.array?[3]["class_name"]?.string == "SlicingOpLambda")
        #expect(try Network(kerasModel: old).nodes.map(\.layer) == network.nodes.map(\.layer))
    }

    /// A network's first output is its last node, whatever the order of the parts.
    @Test(arguments: [[0, 1], [1, 0]]) func partsThatAreOutputs(_ parts: [Int]) throws {
        let split = Self.operation("Split", #"{"indices_or_sections": 2, "axis": -1}"#, Self.tensor("a"))
        let outputs = parts.map { #"["op", 0, \#($0)]"# }.joined(separator: ", ")
        let network = try network([Self.input, Self.dense("a", Self.read("i")), split], outputs: "[\(outputs)]")
        #expect(network.nodes.map(\.name) == ["i", "a", "op_part\(parts[1])", "op_part\(parts[0])"])
    }

    @Test func partsThatAreNotThere() {
        let error = #expect(throws: NetworkError.self) { try split(reading: [0, 3]) }
        #expect(
            error?.description.contains("part 3 of it is read, and it makes 3") == true, "\(error?.description ?? "")")
    }

    /// A class that is not known gives its tensors one by one. The second is not taken for the argument `training`.
    @Test func layersOfSeveralTensorsAreNamed() {
        let layer = Self.layer("op", "GroupQueryAttention", #"{"head_dim": 4}"#, []).replacing(
            #""inbound_nodes": []"#, with: #""inbound_nodes": [{"args": [T, T], "kwargs": {}}]"#
        ).replacing("T", with: Self.tensor("a"))
        let error = #expect(throws: NetworkError.self) { try around(layer) }
        #expect(
            error?.description.contains("GroupQueryAttention of several tensors is not supported") == true,
            "\(error?.description ?? "")")
    }

    // MARK: Functions of TensorFlow

    private static func function(_ name: String, _ call: String, kerasClass: String = "TFOpLambda") -> String {
        """
        {"class_name": "\(kerasClass)", "name": "op", "config": {"name": "op", "trainable": true, "function": "\(name)"},
         "inbound_nodes": [\(call)]}
        """
    }

    /// They are operations for Keras 3, and functions or layers for tf_keras. Tests/EngineTests/Golden/tensorflow.py has more.
    @Test(arguments: [
        ("nn.relu", #"["a", 0, 0, {"name": null}]"#, "Relu", "Activation"),
        ("math.multiply", #"["a", 0, 0, {"y": 2.0, "name": null}]"#, "Multiply", "Rescaling"),
        ("math.subtract", #"["_CONSTANT_VALUE", -1, 1.0, {"y": ["a", 0, 0], "name": null}]"#, "Subtract", "Rescaling"),
        (
            "math.truediv", #"["_CONSTANT_VALUE", -1, 3.0, {"y": ["a", 0, 0], "name": null}]"#, "TrueDivide",
            "TFOpLambda"
        ),
        ("math.exp", #"["a", 0, 0, {}]"#, "Exp", "TFOpLambda"),
        ("concat", #"[["a", 0, 0, {"axis": -1}], ["i", 0, 0, {"axis": -1}]]"#, "Concatenate", "Concatenate"),
        (
            "__operators__.getitem",
            #"["a", 0, 0, {"slice_spec": [{"start": null, "stop": null, "step": null}, {"start": 3, "stop": null, "step": -2}]}]"#,
            "GetItem", "SlicingOpLambda"
        ),
    ])
    func functionsOfTensorFlow(name: String, call: String, operation: String, ofKeras2: String) throws {
        let isSlice = ofKeras2 == "SlicingOpLambda"
        let network = try around(Self.function(name, call, kerasClass: isSlice ? ofKeras2 : "TFOpLambda"))
        #expect(try Network(kerasModel: network.kerasModel) == network)
        let layer = try #require(network.kerasModel["config"]?["layers"]?.array?[2])
        #expect(
            layer["class_name"]?.string == operation && layer["module"]?.string?.hasPrefix("keras.src.ops.") == true)
        let old = network.kerasModel(for: .keras2)
        #expect(old["config"]?["layers"]?.array?[2]["class_name"]?.string == ofKeras2)
        #expect(try Network(kerasModel: old).nodes.map(\.layer) == network.nodes.map(\.layer))
    }

    @Test(arguments: [
        (
            "unstack", #"["a", 0, 0, {}]"#,
            "the function tf.unstack is not supported between layers; those that are: abs"
        ),
        ("split", #"["a", 0, 0, {"num_or_size_splits": 2}]"#, "Split along axis 0 is not supported"),
        ("split", #"["a", 0, 0, {"num_or_size_splits": [5, -1], "axis": 1}]"#, "they must rise inside"),
        ("split", #"["a", 0, 0, {"num_or_size_splits": [1, 1], "axis": 1}]"#, "into parts of 2 in all is not possible"),
        ("split", #"["a", 0, 0, {"num_or_size_splits": [-1, 2, 2], "axis": 1}]"#, "with num_or_size_splits"),
        ("sparse.add", #"["a", 0, 0, {}]"#, "the function tf.sparse.add is not supported"),
        ("?", #"["a", 0, 0, {}]"#, "is not supported"),
        ("cast", #"["a", 0, 0, {"dtype": "float16"}]"#, "the function cast with dtype = \"float16\" is not supported"),
        ("math.l2_normalize", #"["a", 0, 0, {"axis": null}]"#, "with axis = null"),
        ("linalg.matmul", #"["a", 0, 0, {"b": ["i", 0, 0], "transpose_b": 1}]"#, "with transpose_b = 1"),
        ("math.add_n", #"[["a", 0, 0, {}], ["_CONSTANT_VALUE", -1, [1.0], {}]]"#, "add_n of a constant"),
        ("concat", #"[["a", 0, 0, {"axis": -1}], ["_CONSTANT_VALUE", -1, [1.0], {}]]"#, "Concatenate with [1"),
        ("nn.silu", #"["a", 0, 0, {"beta": 2.0}]"#, "with beta = 2"),
        ("nn.relu", #"["a", 0, 0, {"features": 3}]"#, "with features = 3"),
        ("nn.relu", #"["a", 0, 0, {}], ["i", 0, 0, {}]"#, "must be called once"),
        ("nn.relu", "", "must be called once"), ("nn.relu", "3", "it reads no layer"), ("nn.relu", "[]", ""),
        ("nn.relu", #"["_CONSTANT_VALUE", -1, 1.0, {}]"#, ""), ("nn.relu", #"["a", 0]"#, ""),
        ("math.add", #"["a", 0, 0, {"y": ["nobody", 0, 0]}]"#, "nobody"),
        ("math.add", #"["a", 0, 0, {"y": "x"}]"#, "is not supported"),
        ("math.reduce_mean", #"["a", 0, 0, {"axis": null}]"#, "of all axes"),
        ("reshape", #"["a", 0, 0, {"shape": [["i", 0, 0], 4]}]"#, "it must be a list of integers"),
        ("image.resize", #"["a", 0, 0, {"size": 3}]"#, "with size = 3"),
        ("nn.max_pool2d", #"["a", 0, 0, {"ksize": [2, 2, 2, 1], "padding": "SAME"}]"#, "with ksize"),
        ("nn.max_pool2d", #"["a", 0, 0, {"ksize": 2, "padding": [[0, 0]]}]"#, "with padding"),
        (
            "nn.local_response_normalization", #"["a", 0, 0, {"depth_radius": 9223372036854775807}]"#,
            "with depth_radius"
        ),
        ("__operators__.getitem", #"["a", 0, 0, {"slice_spec": 0}]"#, "is not supported"),
    ])
    func functionsOfTensorFlowThatAreRefused(name: String, call: String, words: String) {
        let error = #expect(throws: NetworkError.self, "\(name)") { try around(Self.function(name, call)) }
        #expect(error.map { words.isEmpty || $0.description.contains(words) } == true, "\(error?.description ?? "")")
    }

    // MARK: More of Keras 3

    @Test(arguments: [
        ("Cast", #"{"dtype": "float32"}"#, "core"), ("Log1p", "{}", "numpy"), ("Expm1", "{}", "numpy"),
        ("Sign", "{}", "numpy"),
        ("Celu", #"{"alpha": 1.0}"#, "nn"), ("SoftShrink", #"{"threshold": 0.5}"#, "nn"),
    ])
    func operationsThatKeepTheirOptions(kerasClass: String, options: String, module: String) throws {
        let operation = Self.operation(kerasClass, options, Self.tensor("a"))
        let network = try around(operation.replacing(#""module": "keras.src.ops.numpy", "#, with: ""))
        let layer = try #require(network.kerasModel["config"]?["layers"]?.array?[2])
        #expect(layer["module"]?.string == "keras.src.ops.\(module)")
        for (name, value) in try JSONValue(parsing: options).object ?? [:] { #expect(layer["config"]?[name] == value) }
        #expect(try Network(kerasModel: network.kerasModel) == network)
    }

    @Test(arguments: [
        ("Cast", #"{"dtype": "float16"}"#, "dtype"), ("Celu", #"{"alpha": 0.5}"#, "alpha"),
        ("Moveaxis", #"{"source": [1, 2], "destination": [2, 1]}"#, "of one axis"),
        ("Moveaxis", #"{"source": 0, "destination": 1}"#, "axis 0"),
        ("Resize", #"{"size": [3]}"#, "size"), ("Resize", "{}", "height"),
    ])
    func optionsOfOperationsThatAreRefused(kerasClass: String, options: String, words: String) {
        let error = #expect(throws: NetworkError.self) {
            try around(Self.operation(kerasClass, options, Self.tensor("a")))
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
