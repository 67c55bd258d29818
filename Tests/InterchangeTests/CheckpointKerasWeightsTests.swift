import Basics
import Checkpoints
import Foundation
import HDF5Storage
import Interchange
import Models
import ModelZoo
import Testing
import TestSupport

/// The golden functional model with another name a layer, as a user's own model may have it.
private func renamed(_ network: Network) throws -> Network {
    let nodes = network.nodes.map { Node(name: "my_" + $0.name, layer: $0.layer, inputs: $0.inputs) }
    return try Network(name: "renamed", nodes: nodes)
}

@Suite struct CheckpointKerasWeightsTests {
    private func goldenNetwork() throws -> Network {
        try KerasModelFile(CheckpointFixture.golden("functional-3.h5")).network
    }

    /// The same weights from each form that Keras 3 writes, read independently with the HDF5 package.
    @Test(arguments: [
        ("functional-3.h5", KerasWeightsFile.Form.model), ("weights-3.h5", .weights),
        ("functional-3.weights.h5", .keras3Weights),
    ])
    func formsOfKeras3(name: String, form: KerasWeightsFile.Form) throws {
        let network = try goldenNetwork()
        let file = try KerasWeightsFile(CheckpointFixture.golden(name))
        #expect(file.form == form)
        let group = try HDF5File.open(CheckpointFixture.golden("functional-3.h5")).root.group("model_weights")
        var expected: [[Float]] = []
        for path in [
            "stem/stem/kernel", "stem/stem/bias", "norm/norm/gamma", "norm/norm/beta", "norm/norm/moving_mean",
            "norm/norm/moving_variance", "project/project/kernel", "project/project/bias", "classes/classes/kernel",
            "classes/classes/bias",
        ] {
            expected.append(try group.dataset(path).read())
        }
        #expect(try file.weights(for: network) == expected)
        let model = try? KerasModelFile(CheckpointFixture.golden(name))
        #expect(model?.network == (form == .model ? network : nil))
        // Under other names: by order, or by Keras 3's classes and numbers.
        #expect(try file.weights(for: renamed(network)) == expected)
    }

    @Test func formsOfKeras2() throws {
        let network = try goldenNetwork()
        let model = try KerasWeightsFile(CheckpointFixture.golden("functional-2.h5"))
        let weights = try KerasWeightsFile(CheckpointFixture.golden("weights-2.h5"))
        #expect(model.form == .model && weights.form == .weights)
        #expect(try KerasModelFile(CheckpointFixture.golden("functional-2.h5")).network == network)
        let values = try model.weights(for: network)
        #expect(values.count == network.parameters.count)
        #expect(try weights.weights(for: network) == values)
        let other = try KerasWeightsFile(CheckpointFixture.golden("functional-3.h5")).weights(for: network)
        #expect(values[0] != other[0])
    }

    @Test func checkpointsAreWeightsFilesToo() throws {
        try CheckpointFixture.withFolder { folder in
            let state = try CheckpointFixture.state()
            try CheckpointStore(folder: folder, keep: 1, start: .new).save(state, as: .step)
            let path = folder + "/latest.h5"
            #expect(try KerasWeightsFile(path).weights(for: state.network) == state.weights)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: path))
            #expect(throws: FileError.self) { try KerasWeightsFile(path) }
        }
    }

    @Test func mismatchNamesLayerAndShapes() throws {
        let network = try goldenNetwork()
        let nodes = network.nodes.map { node in
            node.name == "classes" ? Node(name: node.name, layer: .dense(Dense(units: 5)), inputs: node.inputs) : node
        }
        let wider = try Network(name: "wider", nodes: nodes)
        let file = try KerasWeightsFile(CheckpointFixture.golden("functional-3.h5"))
        let error = #expect(throws: FileError.self) { try file.weights(for: wider) }
        for words in ["classes", "36x3", "36x5", "functional-3.h5"] {
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
        let other = try Zoo.model(named: "lenet5").network()
        let missing = #expect(throws: FileError.self) { try file.weights(for: other) }
        #expect(missing?.description.contains("c1") == true)
    }

    @Test func otherFilesAreRefused() throws {
        try CheckpointFixture.withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let archive = folder + "/model.keras"
            try Data("PK\u{3}\u{4}rest".utf8).write(to: URL(fileURLWithPath: archive))
            let zip = #expect(throws: FileError.self) { try KerasWeightsFile(archive) }
            #expect(zip?.description.contains("archive") == true, "\(zip?.description ?? "")")

            let data = try HDF5File.create(folder + "/data.h5")
            try data.root.write("train/images", shape: [1], [UInt8(1)])
            try data.close()
            let other = #expect(throws: FileError.self) { try KerasWeightsFile(folder + "/data.h5") }
            #expect(other?.kind == .content)

            try Data("hello".utf8).write(to: URL(fileURLWithPath: folder + "/text.h5"))
            #expect(throws: FileError.self) { try KerasWeightsFile(folder + "/text.h5") }
        }
    }

    /// Layers of the same names and shapes start from the file; of a shallower network only those that its family names.
    @Test func someLayersStartFromAFile() throws {
        let network = try goldenNetwork()
        let file = try KerasWeightsFile(CheckpointFixture.golden("functional-3.h5"))
        let all = try file.weights(for: network)
        let fresh = all.map { $0.map { _ in Float(-1) } }
        #expect(try file.start(fresh, of: network, ofShallower: ["stem"]).weights == all)

        // Another number of classes, and a layer that the file lacks.
        func changed(_ isDeeper: Bool) throws -> Network {
            let nodes = network.nodes.map { node in
                switch node.name {
                case "classes": Node(name: node.name, layer: .dense(Dense(units: 5)), inputs: node.inputs)
                case "project" where isDeeper: Node(name: "deeper", layer: node.layer, inputs: node.inputs)
                default: node
                }
            }
            return try Network(name: "changed", nodes: nodes)
        }
        func started(_ network: Network, _ layers: Set<String>?) throws -> Set<String> {
            let fresh = network.parameters.map { [Float](repeating: -1, count: $0.specification.shape.count) }
            let weights = try file.start(fresh, of: network, ofShallower: layers).weights
            let indices = weights.indices.filter { weights[$0] != fresh[$0] }
            return Set(indices.map { network.nodes[network.parameters[$0].node].name })
        }
        #expect(try started(changed(false), nil) == ["stem", "norm", "project"])
        #expect(try started(changed(true), nil) == ["stem", "norm"])
        #expect(try started(changed(true), ["stem", "classes"]) == ["stem"])
        let lenet = try Zoo.model(named: "lenet5").network()
        let none = #expect(throws: FileError.self) { try started(lenet, nil) }
        #expect(none?.description.contains("lenet5") == true)
    }

    /// The file of 2017: older names, and the shortcut's layers behind those of the main branch.
    @Test func layerNamesOf2017() throws {
        try CheckpointFixture.withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var options = ModelOptions(classes: 3, input: [32, 32, 3])
            options.includesTop = true
            let network = try Zoo.model(named: "resnet50").network(options)
            let path = folder + "/resnet50.h5"
            try write2017(network, to: path)
            let weights = try KerasWeightsFile(path).weights(for: network)
            for (index, parameter) in network.parameters.enumerated() {
                #expect(weights[index].allSatisfy { $0 == Float(index) }, "\(parameter.path)")
            }
        }
    }

    /// Each parameter is full of its number in the network.
    private func write2017(_ network: Network, to path: String) throws {
        func older(_ name: String) -> String {
            switch name {
            case "conv1_conv": return "conv1"
            case "conv1_bn": return "bn_conv1"
            case "predictions": return "fc1000"
            default: break
            }
            // conv3_block2_1_bn
            let parts = name.split(separator: "_")
            let block = Array("abcdef")[(Int(parts[1].dropFirst(5)) ?? 1) - 1]
            let branch = ["branch1", "branch2a", "branch2b", "branch2c"][Int(parts[2]) ?? 0]
            return "\(parts[3] == "bn" ? "bn" : "res")\(parts[0].dropFirst(4))\(block)_\(branch)"
        }
        var layers: [(name: String, parameters: [Int])] = []
        for (index, parameter) in network.parameters.enumerated() {
            let name = older(network.nodes[parameter.node].name)
            if layers.last?.name == name {
                layers[layers.count - 1].parameters.append(index)
            } else {
                layers.append((name, [index]))
            }
        }
        layers.sort { !$0.name.hasSuffix("branch1") && $1.name.hasSuffix("branch1") }
        let file = try HDF5File.create(path)
        try file.root.attributes.set("layer_names", layers.map(\.name))
        for layer in layers {
            let group = try file.root.createGroup(layer.name)
            let names = layer.parameters.map { "\(layer.name)/\(network.parameters[$0].specification.name):0" }
            try group.attributes.set("weight_names", names)
            for (name, index) in zip(names, layer.parameters) {
                let shape = network.parameters[index].specification.shape
                try group.write(name, shape: shape, [Float](repeating: Float(index), count: shape.count))
            }
        }
        try file.close()
    }
}
