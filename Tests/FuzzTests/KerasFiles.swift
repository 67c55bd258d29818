import Basics
import Checkpoints
import Foundation
import HDF5Storage
import Interchange
import KerasNetworks
import Models
import TestSupport

/// Networks and weights as Keras and PyTorch write them.
extension FuzzTarget {
    /// A network's JSON as bytes.
    static let json = FuzzTarget(
        name: "json", seeds: { try ([CheckpointFixture.network().kerasModel.text()] + graphs()).map { Array($0.utf8) } }
    ) { bytes in
        let network = try Network(kerasJSON: String(decoding: bytes, as: UTF8.self), label: "file")
        let again = try Network(kerasJSON: network.kerasModel.text(), label: "file")
        require(again == network, "a network that is accepted can be written")
    }

    /// The same as a tree: the first byte chooses a network, and each four bytes after it replace one of its values by another, or by
    /// an extreme.
    static let graph = FuzzTarget(name: "graph", seeds: { (0..<12).map { [$0, 0, 90, 0, 40] } }) { bytes in
        let models = try parsedGraphs.get()
        guard let choice = bytes.first else { return }
        var model = models[Int(choice) % models.count]
        var edits = bytes.dropFirst()
        while edits.count >= 4 {
            let words = edits.prefix(4).map(Int.init)
            edits = edits.dropFirst(4)
            let values = model.subvalues
            let choices = values + extremes
            let new = choices[(words[2] << 8 | words[3]) % choices.count]
            var passed = 0
            model = model.replacing((words[0] << 8 | words[1]) % values.count, by: new, &passed)
            guard values.count < 20_000 else { break }
        }
        let network = try Network(kerasModel: model)
        require(try Network(kerasModel: network.kerasModel) == network, "a network that is accepted can be written")
    }

    private static let extremes: [JSONValue] = [
        .null, false, 0, -1, 2_147_483_648, .integer(.max), .integer(.min), 1e-300, 1e300, "", [], [:],
    ]

    /// Models inside models, and layers that are called several times.
    private static func graphs() throws -> [String] {
        let file = try HDF5File.open(CheckpointFixture.golden("../../EngineTests/Golden/graphs.h5"))
        return try file.root.children().map { try file.root.group($0).attributes.string("model") }
    }

    private static let parsedGraphs = Result { try graphs().map { try JSONValue(parsing: $0) } }

    /// Archives and HDF5 files of whole models. More seeds are in `Tests/Golden/Keras`.
    static let keras = FuzzTarget(
        name: "keras",
        seeds: {
            let state = try CheckpointFixture.state(filters: 2)
            let model = KerasExport(
                network: state.network, weights: state.weights, loss: state.loss, optimizer: state.optimizer)
            return [try model.archive("seed"), try model.weightsFile("seed")]
        }
    ) { bytes in
        let file = try KerasModelFile(bytes, path: "file")
        let weights = try file.weights?.weights(for: file.network) ?? []
        let sizes = file.network.parameters.map(\.specification.shape.count)
        require(weights.isEmpty || weights.map(\.count) == sizes, "the weights are the network's")
        _ = try file.compilation?.optimizerSettings(of: file.network)
    }

    /// Files of weights alone. The seeds are `.weights.h5` and `.safetensors` of `Tests/Golden`.
    static let weights = FuzzTarget(name: "weights", seeds: { [] }) { bytes in
        let file = try KerasWeightsFile(bytes, path: "file")
        for network in try parsedNetworks.get() {
            for match in [LayerMatch?.none, .name, .order, .shape] {
                let fresh = network.parameters.map { [Float](repeating: 0, count: $0.specification.shape.count) }
                guard let start = try? file.start(fresh, of: network, by: match) else { continue }
                require(start.weights.map(\.count) == fresh.map(\.count), "the weights are the network's")
            }
        }
    }

    /// With the names of layers that the seeds have.
    private static let parsedNetworks = Result {
        var vgg = GraphBuilder("vgg", input: [8, 8, 3])
        let x = vgg.convolution(vgg.input, 4, kernel: 3, padding: .same, name: "block1_conv1")
        let y = vgg.activation(vgg.batchNormalization(x, name: "block1_conv1_bn"), .relu)
        _ = vgg.dense(vgg.flatten(y), 5, activation: .softmax, name: "predictions")
        var body = GraphBuilder("body", input: [6, 6, 1])
        let z = body.batchNormalization(body.convolution(body.input, 2, kernel: 3, name: "c1"), name: "b1")
        _ = body.dense(body.flatten(z), 3, activation: .softmax, name: "head")
        return try [vgg.network(), body.network()]
    }
}

extension JSONValue {
    /// This value and all that it holds, from the outside in.
    fileprivate var subvalues: [JSONValue] {
        switch self {
        case .array(let values): [self] + values.flatMap(\.subvalues)
        case .object(let members): [self] + members.sorted { $0.key < $1.key }.flatMap(\.value.subvalues)
        default: [self]
        }
    }

    /// With one of the `subvalues` replaced: that before which there are `place` others. `passed` begins with 0.
    fileprivate func replacing(_ place: Int, by new: JSONValue, _ passed: inout Int) -> JSONValue {
        passed += 1
        guard passed != place + 1 else { return new }
        switch self {
        case .array(let values): return .array(values.map { $0.replacing(place, by: new, &passed) })
        case .object(let members):
            let replaced = members.sorted { $0.key < $1.key }.map {
                ($0.key, $0.value.replacing(place, by: new, &passed))
            }
            return .object(Dictionary(uniqueKeysWithValues: replaced))
        default: return self
        }
    }
}
