import Basics
import FileFormats
import HDF5Storage
import KerasCalls
import KerasNetworks
import Models

/// What files of Keras are made of.
package struct KerasExport {
    package let network: Network
    /// In the order of its parameters.
    package let weights: [[Float]]
    package let loss: Loss
    /// With its slots for the network's trainable parameters.
    package let optimizer: OptimizerState
    /// What its learning rate follows from, as Keras describes it; nil for the rate in force.
    package let schedule: JSONValue?
    /// What else there is to say, each with its name.
    package let texts: [(name: String, text: String)]

    package init(
        network: Network, weights: [[Float]], loss: Loss, optimizer: OptimizerState, schedule: JSONValue? = nil,
        texts: [(String, String)] = []
    ) {
        (self.network, self.weights, self.loss, self.optimizer) = (network, weights, loss, optimizer)
        (self.schedule, self.texts) = (schedule, texts)
    }
}

extension KerasExport {
    /// A `.keras` file, which `keras.models.load_model` opens compiled: `fit` goes on with the optimizer's state.
    package func archive(_ path: String) throws -> [UInt8] {
        var zip = ZipWriter()
        let weights = try layerFile(path)
        try writeOptimizer(to: weights.root)
        let contents: [(String, [UInt8])] = [
            (KerasArchive.metadataName, Array(try metadata.text().utf8)),
            (KerasArchive.configurationName, Array(try configuration.text().utf8)),
            (KerasArchive.weightsName, try weights.image()),
        ]
        for (name, content) in contents where !zip.add(name, content) {
            throw FileError(
                .write, file: path, "a .keras file holds at most \(ZipWriter.mostBytes) bytes",
                remedy: "export it with --format h5")
        }
        return zip.finish()
    }

    /// Keras 3's `model.save_weights("x.weights.h5")`: `/layers/<class and number>/vars/0, 1, ...`
    package func weightsFile(_ path: String) throws -> [UInt8] {
        let file = try layerFile(path)
        try write(texts, to: file.root)
        return try file.image()
    }

    /// With the layers' variables.
    private func layerFile(_ path: String) throws -> HDF5File {
        let file = try HDF5File.createInMemory(label: path)
        try variables(of: network.name, in: file.root)
        let byNode = Dictionary(grouping: network.parameters.indices) { network.parameters[$0].node }
        try writeLayers(of: KerasGraph(network), to: file.root, byNode)
        return file
    }

    /// Each layer's variables below `layers/<class and number>`, a model's in the same form.
    private func writeLayers(of graph: KerasGraph, to group: Group, _ parameters: [Int: [Int]]) throws {
        let names = Dictionary(uniqueKeysWithValues: zip(graph.kerasOrder, graph.classNames(in: network)))
        for (index, layer) in graph.layers.enumerated() {
            let place = try group.createGroup("layers/\(names[index] ?? layer.name)")
            let variables = try variables(of: layer.name, in: place)
            switch layer.content {
            case .model(let model): try writeLayers(of: model, to: place, parameters)
            case .node(let node):
                let sublayers = network.nodes[node].layer.keras.sublayers
                let own = parameters[node] ?? []
                try write(sublayers.isEmpty ? own[...] : [], to: variables)
                for (number, sublayer) in sublayers.enumerated() {
                    let count = own.count / sublayers.count
                    try write(
                        own[number * count..<(number + 1) * count],
                        to: self.variables(of: sublayer.name, in: place.createGroup(sublayer.group)))
                }
            }
        }
    }

    private func write(_ parameters: ArraySlice<Int>, to variables: Group) throws {
        for (number, parameter) in parameters.enumerated() {
            let shape = network.parameters[parameter].specification.shape
            try variables.write("\(number)", shape: shape, weights[parameter])
        }
    }

    /// The optimizer's variables, `/optimizer/vars`. A schedule takes the place of the learning rate.
    private func writeOptimizer(to root: Group) throws {
        let group = try variables(of: optimizer.name, in: root.createGroup("optimizer"))
        try group.write("0", shape: [], [Int64(optimizer.iteration)])
        if schedule == nil { try group.write("1", shape: [], [Float(optimizer.learningRate)]) }
        let parameters = network.trainableParameters
        for (number, place) in KerasFile.slotPlaces(optimizer, in: network).enumerated() {
            try group.write(
                "\(number + (schedule == nil ? 2 : 1))", shape: parameters[place.parameter].specification.shape,
                optimizer.slots[place.slot].values[place.parameter])
        }
    }

    /// The older form of a model and its weights.
    package func olderFile(_ path: String, for reader: KerasReader) throws -> [UInt8] {
        try network.requireWords(of: reader)
        let file = try HDF5File.createInMemory(label: path)
        try KerasFile.writeModel(network, to: file.root, for: reader)
        try KerasFile.writeTraining(optimizer, loss: loss, of: network, to: file.root, for: reader)
        try KerasFile.writeWeights(weights, of: network, to: file.root.createGroup("model_weights"))
        try write(texts, to: file.root)
        return try file.image()
    }

    /// What `save_weights` of Keras 2 wrote.
    package func olderWeightsFile(_ path: String) throws -> [UInt8] {
        let file = try HDF5File.createInMemory(label: path)
        try KerasFile.writeWeights(weights, of: network, to: file.root)
        try write(texts, to: file.root)
        return try file.image()
    }

    private func write(_ texts: [(name: String, text: String)], to root: Group) throws {
        for (name, text) in texts { try root.attributes.set(name, text) }
    }

    @discardableResult
    private func variables(of name: String, in group: Group) throws -> Group {
        let variables = try group.createGroup("vars")
        try variables.attributes.set("name", name)
        return variables
    }

    private var metadata: JSONValue {
        let known: [String: JSONValue] = [KerasReader.versionName: .string(KerasReader.keras3.version)]
        return .object(known.merging(texts.map { ($0.name, .string($0.text)) }) { known, _ in known })
    }

    private var configuration: JSONValue {
        var model = network.kerasModel.object ?? [:]
        model["module"] = network.isSequential ? "keras" : "keras.src.models.functional"
        model["registered_name"] = network.isSequential ? .null : "Functional"
        model["compile_config"] = .object(
            KerasFile.compilation(\.archivedConfiguration, loss, of: network).merging([
                "optimizer": [
                    "module": "keras.optimizers", "class_name": .string(optimizer.kerasClass),
                    "config": .object(optimizer.currentConfiguration(schedule)), "registered_name": nil,
                ]
            ]) { _, own in own })
        return .object(model)
    }
}

extension OptimizerState {
    /// Its `get_config()` with the schedule or the rate in force: what it begins with when it is loaded.
    fileprivate func currentConfiguration(_ schedule: JSONValue?) -> [String: JSONValue] {
        configuration.merging(["learning_rate": schedule ?? .decimal(Float(learningRate))]) { _, now in now }
    }
}

extension KerasExport {
    /// The texts of an exported file; nil where the bytes are no file of Keras. `path` names them in errors.
    package static func texts(in bytes: [UInt8], path: String) throws(FileError) -> [String: String]? {
        do {
            if ZipReader.isZip(bytes) {
                let content = try ZipReader(bytes, path: path).content(of: KerasArchive.metadataName, atMost: mostTexts)
                let metadata = try JSONValue(parsing: String(decoding: content ?? [], as: UTF8.self))
                return (metadata.object ?? [:]).compactMapValues(\.string)
            }
            guard FileSeal.isHDF5(bytes) else { return nil }
            let attributes = try HDF5File.open(image: bytes, label: path).root.attributes
            var texts: [String: String] = [:]
            for name in try attributes.names() where name.hasPrefix("dptrain.") {
                texts[name] = try attributes.string(name)
            }
            return texts
        } catch let error as FileError {
            throw error
        } catch {
            throw FileError(.content, file: path, "\(error)", remedy: "export it anew")
        }
    }

    /// Samples as text, and what else there is.
    private static let mostTexts = 64 << 20
}
