import Basics
import FileFormats
import HDF5Storage
import Models

/// What a `.keras` file, or a `.weights.h5`, is made of.
package struct KerasExport {
    package let network: Network
    /// In the order of its parameters.
    package let weights: [[Float]]
    package let loss: Loss
    /// With its slots for the network's trainable parameters.
    package let optimizer: OptimizerState

    package init(network: Network, weights: [[Float]], loss: Loss, optimizer: OptimizerState) {
        (self.network, self.weights, self.loss, self.optimizer) = (network, weights, loss, optimizer)
    }
}

extension KerasExport {
    /// A `.keras` file, which `keras.models.load_model` opens compiled: `fit` goes on with the optimizer's state.
    package func archive(_ path: String) throws -> [UInt8] {
        var zip = ZipWriter()
        let contents: [(String, [UInt8])] = [
            (KerasArchive.metadataName, Array(try Self.metadata.text().utf8)),
            (KerasArchive.configurationName, Array(try configuration.text().utf8)),
            (KerasArchive.weightsName, try weightsFile(path, withOptimizer: true)),
        ]
        for (name, content) in contents where !zip.add(name, content) {
            throw FileError(
                .write, file: path, "a .keras file holds at most \(ZipWriter.mostBytes) bytes",
                remedy: "export it with --format h5")
        }
        return zip.finish()
    }

    /// Keras 3's `model.save_weights("x.weights.h5")`: `/layers/<class and number>/vars/0, 1, ...`, and the optimizer's
    /// variables in `/optimizer/vars` where they are wanted.
    package func weightsFile(_ path: String, withOptimizer: Bool = false) throws -> [UInt8] {
        let file = try HDF5File.createInMemory(label: path)
        try variables(of: network.name, in: file.root)
        let names = network.kerasClassNames
        let byNode = Dictionary(grouping: network.parameters.indices) { network.parameters[$0].node }
        for (index, node) in network.nodes.enumerated() {
            let group = try variables(of: node.name, in: file.root.createGroup("layers/\(names[index])"))
            for (number, parameter) in (byNode[index] ?? []).enumerated() {
                try group.write(
                    "\(number)", shape: network.parameters[parameter].specification.shape, weights[parameter])
            }
        }
        if withOptimizer {
            let group = try variables(of: optimizer.name, in: file.root.createGroup("optimizer"))
            try group.write("0", shape: [], [Int64(optimizer.iteration)])
            try group.write("1", shape: [], [Float(optimizer.learningRate)])
            let parameters = network.trainableParameters
            for (number, place) in KerasFile.slotPlaces(optimizer, in: network).enumerated() {
                try group.write(
                    "\(number + 2)", shape: parameters[place.parameter].specification.shape,
                    optimizer.slots[place.slot].values[place.parameter])
            }
        }
        return try file.image()
    }

    @discardableResult
    private func variables(of name: String, in group: Group) throws -> Group {
        let variables = try group.createGroup("vars")
        try variables.attributes.set("name", name)
        return variables
    }

    private static var metadata: JSONValue { ["keras_version": .string(KerasReader.keras3.version)] }

    private var configuration: JSONValue {
        var model = network.kerasModel.object ?? [:]
        model["module"] = network.isSequential ? "keras" : "keras.src.models.functional"
        model["registered_name"] = network.isSequential ? .null : "Functional"
        model["compile_config"] = .object(
            KerasFile.compilation(loss.archivedConfiguration, loss, of: network).merging([
                "optimizer": [
                    "module": "keras.optimizers", "class_name": .string(optimizer.kerasClass),
                    "config": .object(optimizer.currentConfiguration), "registered_name": nil,
                ]
            ]) { _, own in own })
        return .object(model)
    }
}

extension OptimizerState {
    /// Its `get_config()` with the rate in force: what it begins with when it is loaded.
    var currentConfiguration: [String: JSONValue] {
        configuration.merging(["learning_rate": .decimal(Float(learningRate))]) { _, now in now }
    }
}
