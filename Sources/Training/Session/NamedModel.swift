import Basics
import FoundationEssentials
import HDF5Storage
import Interchange
import Models
import Options

/// What a user calls a model: a name of the zoo, whatever files are called so; else a file.
package enum NamedModel {
    case zoo(ZooModel)
    case file(Network, path: String)

    /// What a file may be.
    package enum FileForm {
        /// The output of Keras's `model.to_json()`. A run accepts nothing else, since it would leave the weights of other
        /// files unused.
        case json
        /// A checkpoint or another Keras model in HDF5, too.
        case jsonOrHDF5
    }

    package init(_ name: String, files form: FileForm = .json) throws {
        do {
            self = .zoo(try Zoo.model(named: name))
        } catch {
            guard Self.isFile(name) else { throw error }
            self = .file(try Network(kerasJSON: Self.configuration(of: name, form), label: name), path: name)
        }
    }

    /// The zoo's network as the options, and then `complete`, vary it; a file's as it is, with options that would vary it
    /// refused.
    package func network(
        _ options: TrainingOptions, complete: (inout ModelOptions, ZooModel) -> Void = { _, _ in }
    ) throws -> Network {
        switch self {
        case .zoo(let model):
            var variations = options.modelOptions(for: model)
            complete(&variations, model)
            return try model.network(variations)
        case .file(let network, let path):
            try options.requireNoVariations(of: path)
            return network
        }
    }

    private static func isFile(_ name: String) -> Bool {
        let looksLikeFile =
            name.contains("/" as Character) || [".h5", ".hdf5", ".json"].contains { name.hasSuffix($0) }
        return looksLikeFile || FileManager.default.fileExists(atPath: name)
    }

    /// The network as Keras's JSON.
    private static func configuration(of path: String, _ form: FileForm) throws -> String {
        let text = try? String(contentsOfFile: path, encoding: .utf8)
        switch form {
        case .json:
            guard let text else {
                throw NetworkError(
                    network: path, layer: nil,
                    reason: "it cannot be read as text; give the output of Keras's model.to_json(), and weights with "
                        + "--weights")
            }
            return text
        case .jsonOrHDF5:
            if let text, text.first(where: { !$0.isWhitespace }) == "{" { return text }
            let attributes = try HDF5File.open(path).root.attributes
            guard try attributes.exists("model_config") else {
                throw NetworkError(
                    network: path, layer: nil,
                    reason: "the file holds no model; give a checkpoint, a file of Keras's model.save, or Keras JSON")
            }
            return try attributes.string("model_config")
        }
    }
}
