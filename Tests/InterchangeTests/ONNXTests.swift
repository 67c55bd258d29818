import Basics
import Foundation
import Interchange
import ONNXInterchange
import Interchange
import Models
import Testing
import TestSupport

/// `scripts/check-onnx` compares predictions of onnxruntime. Here bytes are compared with a file that it has accepted.
@Suite struct ONNXTests {
    /// A layer of each kind that becomes operators.
    private func network() throws -> Network {
        var g = GraphBuilder("all", input: [8, 8, 2])
        var x = g.zeroPadding(g.input, Margins2D(top: 1, bottom: 0, left: 0, right: 1))
        x = g.convolution(x, 3, kernel: 3, stride: 2, padding: .same, activation: .relu)
        x = g.batchNormalization(x, scale: false)
        x = g.localResponseNormalization(x, size: 3)
        let y = g.maxPooling(x, 3, stride: 1, padding: .same)
        x = g.sum(x, g.averagePooling(y, 2, stride: 1, padding: .same), scaledBy: 0.5)
        x = g.concatenation([x, g.identityShortcut(x, 4, stride: 1)])
        x = g.upSampling(x, 2)
        x = g.subsampling(x, 2, activation: .scaledTanh)
        x = g.partialConvolution(x, kernel: 2, connections: [[0, 1], [2], [0, 5, 6]])
        let means = g.globalAveragePooling(x)
        x = g.dropout(g.dense(g.flatten(x), 3, activation: .sigmoid), rate: 0.5)
        x = g.batchNormalization(g.sum(x, means))
        _ = g.activation(g.radialBasis(x, 4), .softmax)
        return try g.network()
    }

    /// Inputs of all kinds, merged in all ways, and outputs that have targets of their own.
    private func several() throws -> Network {
        var g = GraphBuilder("several", input: [6, 5, 2])
        let other = g.furtherInput([6, 5, 2], name: "right")
        let table = g.furtherInput([4], name: "table")
        let images = [g.input, other].map { g.convolution($0, 3, kernel: 3) }
        let parts = [Merge.Kind.subtract, .average, .maximum, .minimum, .multiply].map {
            g.globalAveragePooling(g.plain(Merge($0), images))
        }
        let x = g.concatenation(parts + [g.dense(table, 2)])
        g.auxiliaryOutput(g.dense(x, 3, activation: .tanh), weight: 1)
        _ = g.dense(x, 3, activation: .softmax)
        return try g.network().withHeads()
    }

    private func weights(_ network: Network) -> [[Float]] {
        network.parameters.enumerated().map { index, parameter in
            let random = CounterRandom(seed: 3, purpose: .generatedData, stream: UInt64(index))
            return (0..<parameter.specification.shape.count).map { random.uniform(UInt64($0)) + 0.1 }
        }
    }

    /// If this fails on purpose, try the file that it wrote with onnx.checker and scripts/check-onnx, and check it in.
    @Test func bytesAreThoseOfTheGoldenFile() throws {
        let network = try network()
        try expect(
            ONNXModel(
                network, weights: weights(network),
                preprocessing: .init(factors: [[0.5, 0], [0, 0.25]], offsets: [-1, 0]), metadata: [("key", "value")]),
            "all")
    }

    @Test func severalInputsAndOutputs() throws {
        let network = try several()
        try expect(ONNXModel(network, weights: weights(network)), "several")
        let preprocessing = ONNXModel.Preprocessing(factors: [[1, 0], [0, 1]], offsets: [0, 0])
        let refusal = #expect(throws: NetworkError.self) {
            try ONNXModel(network, weights: weights(network), preprocessing: preprocessing)
        }
        #expect(refusal?.reason.contains("leave out --bake-preprocessing") == true)
    }

    /// The only input of a graph is called `input`, and the only output `output`, whatever the layers' names are.
    @Test(arguments: ["head", "input"]) func namesOfInputsAndOutputsDiffer(_ name: String) throws {
        let head = { (name: String, units: Int) in
            #"{"class_name": "Dense", "name": "\#(name)", "config": {"name": "\#(name)", "units": \#(units)}, "#
                + #""inbound_nodes": [[["x", 0, 0, {}]]]}"#
        }
        let network = try Network(
            kerasJSON: """
                {"class_name": "Functional", "config": {"name": "m", "layers": [
                    {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [null, 4]},
                     "inbound_nodes": []},
                    \(head(name, 2)), \(head("other", 3))],
                  "input_layers": [["x", 0, 0]], "output_layers": [["\(name)", 0, 0], ["other", 0, 0]]}}
                """, label: "m")
        #expect(network.heads.count == 2)
        guard name == "input" else {
            _ = try ONNXModel(network, weights: weights(network))
            return
        }
        let refusal = #expect(throws: NetworkError.self) { try ONNXModel(network, weights: weights(network)) }
        #expect(refusal?.layer == "input" && refusal?.reason.contains("would have this name") == true)
    }

    private func expect(_ model: ONNXModel, _ name: String) throws {
        let golden = CheckpointFixture.golden("../ONNX/\(name).onnx")
        let expected = (try? Data(contentsOf: URL(fileURLWithPath: golden))).map(Array.init)
        guard model.bytes != expected else { return }
        let written = FileManager.default.temporaryDirectory.appending(path: "\(name).onnx")
        try Data(model.bytes).write(to: written)
        Issue.record("\(written.path) differs from \(golden)")
    }

    @Test func whatONNXCannotHoldIsRefused() throws {
        var g = GraphBuilder("huge", input: [1 << 15])
        _ = g.dense(g.input, 1 << 15)
        let network = try g.network()
        #expect(throws: NetworkError.self) { try ONNXModel(network, weights: [[], []]) }
    }
}
