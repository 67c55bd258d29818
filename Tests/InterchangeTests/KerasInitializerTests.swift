import Basics
import Foundation
import KerasNetworks
import Models
import Testing

/// Keras's initializers, as Tests/Golden/Keras/generate_initializers.py has written them.
@Suite struct KerasInitializerTests {
    private static func draw(_ initializer: Initializer, _ shape: Shape) -> [Float] {
        let buffer = AlignedBuffer<Float>(count: shape.count)
        initializer.fill(buffer.elements, shape: shape, seed: 5, index: 3)
        return Array(buffer.elements)
    }

    @Test func drawWhatKerasDraws() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Golden/Keras/initializers.json")
        let cases = try #require(JSONValue(parsing: String(contentsOf: file, encoding: .utf8)).array)
        #expect(cases.count == 31)
        for golden in cases {
            let written = try #require(golden["initializer"])
            let text = try written.text()
            let initializer = try #require(Initializer(keras: written), "\(text)")
            let shape = Shape(try #require(golden["shape"]?.array).compactMap(\.integer))
            let values = Self.draw(initializer, shape)
            if let exact = golden["values"]?.array {
                #expect(values == exact.compactMap { $0.number.map { Float($0) } }, "\(text)")
                continue
            }
            let deviation = try #require(golden["deviation"]?.number)
            let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
            let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count)
            // Of two draws of n values each: five standard errors of a deviation, and of a quantile between 0.1 and 0.9.
            let error = 5 * (1 / Double(values.count)).squareRoot()
            #expect(abs(variance.squareRoot() / deviation - 1) < error, "\(text)")
            let quantiles = try #require(golden["quantiles"]?.array).compactMap(\.number)
            let sorted = values.sorted()
            for (tenth, quantile) in quantiles.enumerated().dropFirst().dropLast() {
                let own = Double(sorted[tenth * (values.count - 1) / 10])
                #expect(abs(own - quantile) < 2.5 * error * deviation, "\(text), quantile \(tenth)")
            }
            guard ["Uniform", "Truncated", "truncated_normal\""].contains(where: text.contains),
                !text.contains("untruncated")
            else {
                continue
            }
            for (own, keras) in [(sorted[0], quantiles[0]), (sorted[values.count - 1], quantiles[10])] {
                #expect(abs(Double(own) - keras) < 0.02 * deviation, "\(text)")
            }
        }
    }

    /// They come home as classes that Keras reads as the same.
    @Test func comeHome() throws {
        let all: [Initializer] = [
            .zeros, .constant(0.5), .normal(mean: 1, deviation: 2), .truncatedNormal(deviation: 0.5),
            .uniform(low: 0.25, high: 0.5), .orthogonal(gain: 2), .identity(gain: 3), .glorotUniform, .heUniform,
            .varianceScaling(VarianceScaling(0.5, .fanOut, .normal)),
            .varianceScaling(
                VarianceScaling(1, .fanIn, .truncatedNormal, axes: .init(inputs: [-2], outputs: [0, 1]))),
        ]
        for initializer in all {
            let layer = Dense(units: 3, kernelInitializer: initializer)
            let network = try Network(
                name: "m",
                nodes: [
                    Node(name: "i", layer: .input(Input(shape: [4])), inputs: []),
                    Node(name: "d", layer: .dense(layer), inputs: [0]),
                ])
            let home = try Network(kerasModel: network.kerasModel)
            #expect(home.nodes[1].layer == .dense(layer), "\(initializer)")
        }
    }

    private func network(_ layers: String) throws -> Network {
        try Network(
            kerasJSON: """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                 {"class_name": "InputLayer", "config": {"batch_shape": [null, 4, 4, 3]}}, \(layers)]}}
                """, label: "m")
    }

    /// Each parameter of a layer has its own, and goes home with it.
    @Test func ofEachParameter() throws {
        let network = try network(
            """
            {"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": 1, "kernel_initializer": "orthogonal",
             "bias_initializer": {"class_name": "Constant", "config": {"value": 0.25}}}},
            {"class_name": "BatchNormalization", "config": {"name": "b", "moving_mean_initializer": "ones",
             "beta_initializer": "lecun_normal", "moving_variance_initializer": {"class_name": "Constant", "config": {"value": 4}}}},
            {"class_name": "SeparableConv2D", "config": {"name": "s", "filters": 2, "kernel_size": 2, "bias_initializer": "ones",
             "depthwise_initializer": "lecun_uniform", "pointwise_initializer": "he_normal"}},
            {"class_name": "LayerNormalization", "config": {"name": "l", "gamma_initializer": "zeros"}}
            """)
        let expected: [Initializer] = [
            .orthogonal(gain: 1), .constant(0.25), .ones,
            .varianceScaling(VarianceScaling(1, .fanIn, .truncatedNormal)), .ones, .constant(4),
            .varianceScaling(VarianceScaling(1, .fanIn, .uniform)), .heNormal, .ones, .zeros, .zeros,
        ]
        #expect(network.parameters.map(\.specification.initializer) == expected)
        try network.requireKnownInitializers()
        let home = try Network(kerasModel: network.kerasModel)
        #expect(home.parameters == network.parameters)
        let penalized = try network.penalizingKernels(l2: 0.1)
        #expect(penalized.parameters == network.parameters)
    }

    /// What cannot be drawn is refused by name, once new weights are wanted.
    @Test(arguments: [
        (#""kernel_initializer": "identity""#, "fills matrices only"),
        (#""bias_initializer": {"class_name": "Orthogonal", "config": {}}"#, "at least two axes"),
        (#""kernel_initializer": {"class_name": "STFT", "config": {}}"#, "STFT"),
        (#""bias_initializer": {"class_name": "Mine", "config": {}, "registered_name": "Custom>Mine"}"#, "Mine"),
        (#""kernel_initializer": {"class_name": "Zeros", "module": "notebook", "config": {}}"#, "notebook"),
        (
            #""kernel_initializer": {"class_name": "HeNormal", "config": {"input_axes": [4], "output_axes": [0]}}"#,
            "axes are not among"
        ),
        (#""kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": -1}}"#, "VarianceScaling"),
        (#""kernel_initializer": {"class_name": "VarianceScaling", "config": {"mode": "fan"}}"#, "fan"),
        (#""kernel_initializer": {"class_name": "RandomUniform", "config": {"minval": 1, "maxval": 0}}"#, "maxval"),
        (#""bias_initializer": {"class_name": "RandomNormal", "config": {"stddev": "wide"}}"#, "wide"),
    ])
    func refusals(option: String, words: String) throws {
        let network = try network(
            #"{"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": 1, \#(option)}}"#)
        let error = #expect(throws: NetworkError.self) { try network.requireKnownInitializers() }
        #expect(error?.layer == "c" && error?.reason.contains(words) == true, "\(error?.description ?? "")")
    }

    /// A parameter that the layer does not have needs no initializer.
    @Test func unusedOnesDoNotMatter() throws {
        try network(
            """
            {"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": 1, "use_bias": false,
             "bias_initializer": "mine"}}
            """
        ).requireKnownInitializers()
    }
}
