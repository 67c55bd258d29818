import HDF5Storage
import Models
import Basics

/// Weights in a file of Keras or of this program, whatever its name: content tells its form.
///
/// - A legacy model file (`model.save("x.h5")`, checkpoints) has them in `model_weights`, and the network as well.
/// - A legacy weights file (`save_weights` of Keras 2) has the same at its root.
/// - A `.weights.h5` of Keras 3 has `layers/<class and number>/vars/0, 1, ...`.
public struct KerasWeightsFile: Sendable {
    public enum Form: Sendable, Equatable { case model, weights, keras3Weights }

    struct Weight: Sendable {
        /// The last part of its name, without Keras 2's `:0`; nil in the form of Keras 3.
        let name: String?
        let shape: Shape
        let values: [Float]
    }

    struct Layer: Sendable {
        let name: String
        /// Its group in the file: the name, or class and number in the form of Keras 3.
        let group: String
        let weights: [Weight]
    }

    public let path: String
    public let form: Form
    /// The network, where the file has it.
    public let network: Network?
    /// Keras's `training_config`, of a model that was compiled.
    package let training: JSONValue?
    /// Those with weights, in the model's order (Keras 3's form: by name).
    let layers: [Layer]

    public init(_ path: String) throws(FileError) {
        try self.init(POSIXFileSystem().content(of: path), path: path)
    }

    /// From a file's bytes; `path` names them in errors.
    package init(_ bytes: [UInt8], path: String) throws(FileError) {
        var bytes = bytes
        if bytes.starts(with: Array("PK".utf8)) {
            throw FileError(
                .notHDF5, file: path, "it is a .keras archive, not an HDF5 file",
                remedy: "save it from Keras with model.save(\"model.h5\")")
        }
        let isSealed = FileSeal.isSealed(bytes)
        if isSealed { bytes = try FileSeal.open(bytes, file: path) }
        do {
            let root = try HDF5File.open(image: bytes, label: path).root
            // A checkpoint that has lost its digest may have lost more; the seal says what.
            if try !isSealed && root.exists("dptrain") { _ = try FileSeal.open(bytes, file: path) }
            if try root.exists("model_weights") {
                form = .model
                layers = try Self.legacyLayers(root.group("model_weights"))
            } else if try root.attributes.hasStrings("layer_names") {
                form = .weights
                layers = try Self.legacyLayers(root)
            } else if try root.exists("layers") {
                form = .keras3Weights
                layers = try Self.keras3Layers(root.group("layers"))
            } else {
                throw FileError(
                    .content, file: path, "it holds no Keras weights: neither model_weights, layer_names nor layers",
                    remedy: "give a file of model.save(\"x.h5\"), save_weights or dptrain")
            }
            network = try root.attributes.exists("model_config") ? KerasFile.readModel(from: root, file: path) : nil
            training =
                try root.attributes.exists("training_config")
                ? JSONValue(parsing: root.attributes.string("training_config")) : nil
        } catch let error as FileError {
            throw error
        } catch let error as HDF5Error {
            throw FileError(.content, file: path, error.detail, remedy: error.remedy)
        } catch {
            throw FileError(.content, file: path, "\(error)")
        }
        self.path = path
    }

    private static func legacyLayers(_ group: Group) throws -> [Layer] {
        var layers: [Layer] = []
        let names = try group.attributes.strings("layer_names")
        let rename = ResNetLayerNames.translation(of: names)
        for name in names {
            let layer = try group.group(name)
            var weights: [Weight] = []
            let paths = try layer.attributes.strings("weight_names")
            for path in paths {
                let last = path.split(separator: "/").last ?? ""
                weights.append(try weight(layer.dataset(path), name: String(last.prefix { $0 != ":" })))
            }
            layers += split(Layer(name: rename(name), group: name, weights: weights), paths)
        }
        return layers
    }

    /// A model inside a model is one group, whose weights have their layer in the path: `body/c1/kernel`.
    private static func split(_ layer: Layer, _ paths: [String]) -> [Layer] {
        let owners = paths.map { $0.split(separator: "/").dropLast() }
        guard Set(owners).count > 1 else { return layer.weights.isEmpty ? [] : [layer] }
        var seen = Set<[Substring]>()
        return owners.filter { seen.insert(Array($0)).inserted }.map { owner in
            let weights = zip(owners, layer.weights).filter { $0.0 == owner }.map(\.1)
            return Layer(name: String(owner.last ?? ""), group: layer.group, weights: weights)
        }
    }

    /// The attribute `name` of `vars` is the layer's own name; files of early Keras 3 lack it. A model inside a model has
    /// layers of its own, whose groups are called `sequential/conv2d` here.
    private static func keras3Layers(_ group: Group, within outer: String = "", levels: Int = 8) throws -> [Layer] {
        var layers: [Layer] = []
        for key in try group.children() where try group.exists("\(key)/vars") {
            if levels > 0, try group.exists("\(key)/layers") {
                layers += try keras3Layers(
                    group.group("\(key)/layers"), within: "\(outer)\(key)/", levels: levels - 1)
            }
            let variables = try group.group("\(key)/vars")
            var weights: [Weight] = []
            while try variables.exists("\(weights.count)") {
                weights.append(try weight(variables.dataset("\(weights.count)"), name: nil))
            }
            let attributes = variables.attributes
            let name = try attributes.exists("name") ? attributes.string("name") : key
            if !weights.isEmpty { layers.append(Layer(name: name, group: outer + key, weights: weights)) }
        }
        return layers
    }

    private static func weight(_ dataset: Dataset, name: String?) throws(HDF5Error) -> Weight {
        Weight(name: name, shape: dataset.shape, values: try dataset.read())
    }
}
