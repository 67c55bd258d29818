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

    private func weights(_ network: Network) -> [[Float]] {
        network.parameters.enumerated().map { index, parameter in
            let random = CounterRandom(seed: 3, purpose: .generatedData, stream: UInt64(index))
            return (0..<parameter.specification.shape.count).map { random.uniform(UInt64($0)) + 0.1 }
        }
    }

    /// If this fails on purpose, try the file that it wrote with onnx.checker and scripts/check-onnx, and check it in.
    @Test func bytesAreThoseOfTheGoldenFile() throws {
        let network = try network()
        let model = try ONNXModel(
            network, weights: weights(network),
            preprocessing: .init(factors: [[0.5, 0], [0, 0.25]], offsets: [-1, 0]), metadata: [("key", "value")])
        let golden = CheckpointFixture.golden("../ONNX/all.onnx")
        let expected = (try? Data(contentsOf: URL(fileURLWithPath: golden))).map(Array.init)
        guard model.bytes != expected else { return }
        let written = FileManager.default.temporaryDirectory.appending(path: "all.onnx")
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
