import Basics
import KerasCalls
import Models

extension MultiHeadAttention: PlainKerasLayer {
    static let kerasClasses = ["MultiHeadAttention"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let mask = try AttentionMask(keras: &options)
        let inner = Array(1..<max(options.inputs.first?.rank ?? 2, 2))
        if let axes = try options.integers("attention_axes") {
            let places = axes.map { $0 < 0 ? $0 &+ inner.count &+ 2 : $0 }.sorted()
            guard places == inner else {
                throw LayerError(
                    "its option attention_axes = \(axes) is not supported: it must be all inner axes, \(inner)")
            }
        }
        try options.require("use_gate", false)
        try options.require("sliding_window", .null)
        try options.require("softmax_robust_masking", false)
        options.ignore("query_shape", "key_shape", "value_shape", "flash_attention")
        options.keep("seed")
        let output = try options.integers("output_shape")
        guard output?.count ?? 1 == 1 else {
            throw LayerError("its option output_shape = \(output ?? []) is not supported: it must be one number")
        }
        self.init(
            heads: try options.integer("num_heads"), keyWidth: try options.integer("key_dim"),
            valueWidth: try options.optionalInteger("value_dim"), channels: output?.first,
            usesBias: try options.flag("use_bias", default: true), dropout: try options.number("dropout", default: 0),
            mask: mask,
            kernelInitializer: try options.initializer("kernel_initializer"),
            biasInitializer: try options.initializer("bias_initializer", default: .zeros))
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "num_heads": .integer(heads), "key_dim": .integer(keyWidth), "value_dim": .integer(valueWidth),
            "dropout": .decimal(dropout), "use_bias": .bool(usesBias),
            "output_shape": channels.map { .integer($0) } ?? .null,
            "attention_axes": nil, "kernel_initializer": kernelInitializer.kerasConfiguration,
            "bias_initializer": biasInitializer.kerasConfiguration,
        ]
    }

    /// Unknown shapes are those of the first call.
    package var keras2Configuration: [String: JSONValue] { ["query_shape": nil, "key_shape": nil, "value_shape": nil] }

    /// One regularizer or constraint is that of all kernels, another that of all biases.
    package func optionWord(of parameter: String) -> String { parameter.hasSuffix("kernel") ? "kernel" : "bias" }

    /// A call gives them one by one.
    package func tensorNames(_ count: Int) -> [String]? {
        Array(Self.tensorNames.prefix(count - (mask.isInput ? 1 : 0))) + (mask.isInput ? [Self.maskName] : [])
    }
    static let positions = ["query", "value", "key"]
    static let tensorNames = positions + [maskName]
    static let maskName = "attention_mask"

    package func callArguments(for reader: KerasReader) -> [String: JSONValue] { mask.callArguments(for: reader) }

    package var sublayers: [KerasSublayer] { Self.sublayers }
    package static let sublayers = [
        KerasSublayer(group: "query_dense", name: "query"), KerasSublayer(group: "key_dense", name: "key"),
        KerasSublayer(group: "value_dense", name: "value"),
        KerasSublayer(group: "output_dense", name: "attention_output"),
    ]
}

extension DotAttention: PlainKerasLayer {
    static let kerasClasses = ["Attention"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        try options.require("use_scale", false)
        try options.require("score_mode", "dot")
        options.keep("seed")
        self.init(
            dropout: try options.number("dropout", default: 0),
            isCausal: try options.flag(AttentionMask.causal, default: false))
    }

    /// Without `score_mode`, which is "dot" where nobody says otherwise: Keras 3 takes that word in a file for its function `dot`.
    package var kerasConfiguration: [String: JSONValue] { ["use_scale": false, "dropout": .decimal(dropout)] }

    package func callArguments(for reader: KerasReader) -> [String: JSONValue] {
        AttentionMask(isCausal: isCausal).callArguments(for: reader)
    }
}

extension AttentionMask {
    fileprivate static let causal = "use_causal_mask"

    fileprivate init(keras options: inout KerasOptions) throws(LayerError) {
        let isCausal = try options.flag(Self.causal, default: false)
        let rows = try options.rowsOfFlags(MultiHeadAttention.maskName)
        self.init(isCausal: isCausal, isInput: options.hasMaskTensor, rows: rows)
    }

    fileprivate func callArguments(for reader: KerasReader) -> [String: JSONValue] {
        var arguments: [String: JSONValue] = isCausal ? [Self.causal: true] : [:]
        if let rows {
            let values = JSONValue.array([.array(rows.map { .array($0.map { .bool($0) }) })])
            arguments[MultiHeadAttention.maskName] =
                reader == .keras2
                ? values : ["class_name": "__numpy__", "config": ["value": values, "dtype": "bool"]]
        }
        return arguments
    }
}

/// A layer inside a layer of Keras, where Keras 3's own weights format has weights.
package struct KerasSublayer: Sendable {
    /// What the group is called.
    package let group: String
    /// What the layer is called: parameters are `query/kernel` and so on.
    package let name: String
}
