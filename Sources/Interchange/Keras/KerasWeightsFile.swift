import Basics
import FileFormats
import HDF5Storage
import KerasCalls
import KerasNetworks
import Models

/// Weights in a file of Keras or of this program, whatever its name: content tells its form.
///
/// - A legacy model file (`model.save("x.h5")`, checkpoints) has them in `model_weights`, and the network as well.
/// - A legacy weights file (`save_weights` of Keras 2) has the same at its root.
/// - A `state_dict` of PyTorch in safetensors has names of its own (`TorchLayers`).
/// - A `.weights.h5` of Keras 3 has `layers/<class and number>/vars/0, 1, ...`.
/// - A `.keras` archive has the same, and the network.
///
/// Layers of a model inside the model stand among the others.
public struct KerasWeightsFile: Sendable {
    public enum Form: Sendable, Equatable { case model, weights, keras3Weights, pyTorch }

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
        /// Whether the file says the name; else it is the group's.
        var isNamed = true
    }

    public let path: String
    public let form: Form
    /// The model's JSON, where the file has it.
    let configuration: JSONValue?
    /// What it was compiled with, as Keras writes it, of a model that was compiled.
    let compilation: JSONValue?
    /// Whether it is of networks that pad windows which stride as PyTorch does.
    let padsAllSides: Bool
    /// How samples became inputs when a checkpoint was trained.
    let trainedOn: String?
    /// Those with weights, in the model's order (Keras 3's form: by name).
    let layers: [Layer]
    /// Those of a legacy file before models inside the model were taken apart; else empty.
    let groups: [Layer]

    public init(_ path: String) throws(FileError) {
        try self.init(POSIXFileSystem().content(of: path), path: path)
    }

    /// From a file's bytes; `path` names them in errors.
    package init(_ bytes: [UInt8], path: String) throws(FileError) {
        if SafetensorsFile.isIn(bytes) {
            let found = try TorchLayers(SafetensorsFile(bytes, path: path))
            (layers, padsAllSides) = (found.layers, found.tellsPadding)
            (self.path, form, configuration, compilation, trainedOn) = (path, .pyTorch, nil, nil, nil)
            groups = []
            return
        }
        padsAllSides = false
        do {
            if ZipReader.isZip(bytes) {
                let archive = try KerasArchive(bytes, path: path)
                form = .keras3Weights
                (configuration, compilation) = (archive.configuration, archive.configuration["compile_config"])
                trainedOn = nil
                var reader = KerasWeightsReader(fileSize: bytes.count)
                layers = try reader.keras3Layers(archive.weights.root)
                groups = []
            } else {
                let isSealed = FileSeal.isSealed(bytes)
                let image = isSealed ? try FileSeal.open(bytes, file: path) : bytes
                let root = try HDF5File.open(image: image, label: path).root
                // A checkpoint that has lost its digest may have lost more; the seal says what.
                if try !isSealed && root.exists("dptrain") { _ = try FileSeal.open(bytes, file: path) }
                (form, groups, layers) = try Self.layers(in: root, fileSize: image.count)
                let model = "model_config"
                let version = try Self.text(KerasReader.versionName, of: root).map(JSONValue.string)
                configuration = try Self.text(model, of: root).map {
                    try JSONValue(kerasModel: $0, label: model).ofKeras(version)
                }
                compilation = try Self.text("training_config", of: root).map(JSONValue.init(parsing:))
                trainedOn = isSealed ? try root.group("dptrain").attributes.string("normalization") : nil
            }
        } catch let error as FileError {
            throw error
        } catch let error as HDF5Error {
            throw FileError(.content, file: path, error.detail, remedy: error.remedy)
        } catch {
            throw FileError(.content, file: path, "\(error)")
        }
        self.path = path
    }

    private static func layers(
        in root: Group, fileSize: Int
    ) throws -> (form: Form, groups: [Layer], layers: [Layer]) {
        var reader = KerasWeightsReader(fileSize: fileSize)
        if try root.exists("model_weights") {
            let groups = try reader.legacyGroups(root.group("model_weights"))
            return (.model, groups.map(\.layer), KerasWeightsReader.layers(of: groups))
        }
        if try root.attributes.hasStrings("layer_names") {
            let groups = try reader.legacyGroups(root)
            return (.weights, groups.map(\.layer), KerasWeightsReader.layers(of: groups))
        }
        if try root.exists("layers") || root.exists(KerasWeightsReader.layersOfKeras2) {
            return (.keras3Weights, [], try reader.keras3Layers(root))
        }
        throw FileError(
            .content, file: root.location.file,
            "it holds no Keras weights: neither model_weights, layer_names nor layers",
            remedy: "give a file of model.save, save_weights or dptrain")
    }

    private static func text(_ name: String, of root: Group) throws -> String? {
        try root.attributes.exists(name) ? root.attributes.string(name) : nil
    }
}
