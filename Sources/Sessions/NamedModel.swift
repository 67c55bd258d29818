import Basics
import FoundationEssentials
import Interchange
import Models
import ModelZoo
import Options

/// What a user calls a model: a name of the zoo, whatever files are called so; else a file.
package enum NamedModel {
    case zoo(ZooModel)
    case file(KerasModelFile)

    /// `inputSize` is for a file that leaves the size of samples open.
    package init(_ name: String, inputSize: InputSize? = nil) throws {
        do {
            self = .zoo(try Zoo.model(named: name))
        } catch {
            guard Self.isFile(name) else { throw error }
            self = .file(try KerasModelFile(name, inputSize: inputSize?.extents))
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
        case .file(let file):
            try options.requireNoVariations(of: file.path)
            return try options.separatingOutputs(of: file.network)
        }
    }

    /// Of a file.
    package var file: KerasModelFile? { if case .file(let file) = self { file } else { nil } }

    private static func isFile(_ name: String) -> Bool {
        let endings = [".keras", ".h5", ".hdf5", ".json"]
        return name.utf8.contains(UInt8(ascii: "/")) || endings.contains { name.hasSuffix($0) }
            || FileManager.default.fileExists(atPath: name)
    }
}
