import Basics
import Execution
import Foundation
import Interchange
import Models
import ModelZoo
import Testing

/// Weights that come from elsewhere, or are folded, predict the same.
@Suite struct TransferredWeightsTests {
    private struct Golden: Decodable {
        let input: [Float]
        let output: [Float]
    }

    private func predictions(
        _ network: Network, _ weights: [[Float]], _ input: [Float], _ engine: TestedEngine
    ) throws -> [Float] {
        try LayerOutput(
            ofLayer: network.nodes[network.nodes.count - 1].name, of: network, weights: weights,
            samples: input.count / network.inputShape.count, engine: engine.make()
        ) { target in
            for (index, value) in input.enumerated() { target[index] = value }
        }.values
    }

    private func expectEqual(_ a: [Float], _ b: [Float], tolerance: Float = 1e-5) {
        #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < tolerance }, "\(a) \(b)")
    }

    /// Tests/Golden/PyTorch/generate.py has the same network, with the names of torchvision.
    private func resnet() throws -> Network {
        try Network.build([20, 20, 3]) { g, x in
            var x = g.zeroPadding(x, Margins2D(3))
            x = g.convolution(x, 4, kernel: 7, stride: 2, name: "conv1_conv")
            x = g.activation(g.batchNormalization(x, epsilon: 1e-5, name: "conv1_bn"), .relu)
            x = g.maxPooling(g.zeroPadding(x, Margins2D(1)), 3, stride: 2)
            for (name, width, stride) in [("conv2_block1", 2, 1), ("conv3_block1", 3, 2)] {
                func normalized(_ x: GraphBuilder.Tensor, _ number: Int) -> GraphBuilder.Tensor {
                    g.batchNormalization(x, epsilon: 1e-5, name: "\(name)_\(number)_bn")
                }
                let step = Extent2D(stride)
                let past = normalized(g.convolution(x, 4 * width, kernel: 1, stride: step, name: "\(name)_0_conv"), 0)
                var y = g.convolution(x, width, kernel: 1, name: "\(name)_1_conv")
                y = g.zeroPadding(g.activation(normalized(y, 1), .relu), Margins2D(1))
                y = normalized(g.convolution(y, width, kernel: 3, stride: step, name: "\(name)_2_conv"), 2)
                y = g.convolution(g.activation(y, .relu), 4 * width, kernel: 1, name: "\(name)_3_conv")
                x = g.activation(g.sum(past, normalized(y, 3)), .relu)
            }
            _ = g.dense(g.globalAveragePooling(x), 5, activation: .softmax, name: "predictions")
        }
    }

    private func vgg() throws -> Network {
        try Network.build([8, 8, 3]) { g, x in
            var x = x
            for (block, filters) in [[4], [5, 6]].enumerated() {
                for (place, filters) in filters.enumerated() {
                    let name = "block\(block + 1)_conv\(place + 1)"
                    x = g.convolution(x, filters, kernel: 3, padding: .same, name: name)
                    x = g.activation(g.batchNormalization(x, name: name + "_bn"), .relu)
                }
                x = g.maxPooling(x)
            }
            x = g.flatten(x)
            for name in ["fc1", "fc2"] { x = g.dense(x, 7, activation: .relu, name: name) }
            _ = g.dense(x, 5, activation: .softmax, name: "predictions")
        }
    }

    @Test(arguments: TestedEngine.all, ["resnet", "vgg"])
    func pyTorchPredictsTheSame(_ engine: TestedEngine, _ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../Golden/PyTorch")
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appending(path: "\(name).json")))
        let network = try name == "vgg" ? vgg() : resnet()
        let file = try KerasWeightsFile(folder.appending(path: "\(name).safetensors").path)
        #expect(file.form == .pyTorch)
        expectEqual(try predictions(network, file.weights(for: network), golden.input, engine), golden.output)
        // The file's order is the network's.
        let fresh = network.randomParameters()
        #expect(try file.start(fresh, of: network).rows.allSatisfy { $0.source != nil })
    }

    /// The weights fit by name and shape, and would mean something else.
    @Test func pyTorchStridesElsewhere() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../Golden/PyTorch")
        let file = try KerasWeightsFile(folder.appending(path: "resnet.safetensors").path)
        let network = try Zoo.model(named: "resnet50").network()
        let error = #expect(throws: FileError.self) { try file.weights(for: network) }
        #expect(error?.description.contains("resnet50-v1.5") == true)
    }

    /// Normalisations with and without a layer to fold into, behind a dropout, and before a value that is read twice.
    @Test(arguments: TestedEngine.all)
    func foldedNetworksPredictTheSame(_ engine: TestedEngine) throws {
        let network = try Network.build([6, 6, 2]) { g, x in
            var x = g.convolution(g.batchNormalization(x, name: "first"), 4, kernel: 3, bias: false, name: "conv")
            x = g.activation(g.batchNormalization(x, scale: false, name: "taken"), .relu)
            let y = g.convolution(x, 4, kernel: 1, name: "twice")
            x = g.sum(y, g.batchNormalization(y, name: "stays"))
            x = g.dropout(g.flatten(x), rate: 0.5)
            g.auxiliaryOutput(g.dense(x, 3, activation: .softmax, name: "auxiliary"), weight: 0.3)
            x = g.batchNormalization(g.dense(x, 5, name: "dense"), center: false, name: "vector")
            _ = g.dense(x, 3, activation: .softmax, name: "top")
        }
        var weights = network.randomParameters()
        for (index, parameter) in network.parameters.enumerated()
        where parameter.specification.name == "moving_variance" {
            weights[index] = weights[index].map { abs($0) + 0.5 }
        }
        let folded = try network.folded(weights)
        let names = folded.network.nodes.map(\.name)
        #expect(["first", "stays", "conv", "dense"].allSatisfy(names.contains))
        #expect(!["taken", "vector", "dropout", "auxiliary"].contains(where: names.contains))
        let input = (0..<2 * 72).map { Float($0 % 17) / 17 }
        expectEqual(
            try predictions(folded.network, folded.weights, input, engine),
            try predictions(network, weights, input, engine))
    }
}
