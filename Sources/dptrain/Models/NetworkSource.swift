import ArgumentParser
import FoundationEssentials
import Glibc
import HDF5Storage
import Models
import Training

/// Where a network's layers are found: in the zoo by name, or in a file.
enum NetworkSource {
    case zoo(String)
    /// A checkpoint or another Keras model in HDF5, or the output of Keras's `model.to_json()`.
    case file(String)

    /// A name of the zoo means the zoo, even if a file is called so.
    init(_ text: String) {
        let isName = (try? Zoo.model(named: text)) != nil
        let looksLikeFile =
            text.contains("/" as Character) || [".h5", ".hdf5", ".json"].contains { text.hasSuffix($0) }
        self = !isName && (looksLikeFile || access(text, F_OK) == 0) ? .file(text) : .zoo(text)
    }

    /// `variations` are for models of the zoo; a file's network is as it is.
    func network(_ variations: TrainingOptions, includesTop: Bool) throws -> Network {
        switch self {
        case .zoo(let name):
            let model = try Zoo.model(named: name)
            var options = variations.modelOptions(for: model)
            options.includesTop = includesTop
            return try model.network(options)
        case .file(let path):
            try variations.requireNoVariations(of: path)
            guard includesTop else { throw ValidationError("\(path) is a file: --no-top goes with names only") }
            return try Network(kerasJSON: Self.configuration(of: path), label: path)
        }
    }

    private static func configuration(of path: String) throws -> String {
        let text = try? String(contentsOfFile: path, encoding: .utf8)
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
