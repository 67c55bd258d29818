import ArgumentParser
import Foundation
import HDF5Storage
import Models

/// Where a network's layers are found: in the zoo by name, or in a file.
enum NetworkSource {
    case zoo(String)
    /// A checkpoint or another Keras model in HDF5, or the output of Keras's `model.to_json()`.
    case file(String)

    /// A name of the zoo means the zoo, even if a file is called so.
    init(_ text: String) {
        let isName = (try? Zoo.model(named: text)) != nil
        self = !isName && (text.contains("/") || access(text, F_OK) == 0) ? .file(text) : .zoo(text)
    }

    /// `options` are for models of the zoo; a file's network is as it is.
    func network(_ options: ModelOptions) throws -> Network {
        switch self {
        case .zoo(let name):
            return try Zoo.model(named: name).network(options)
        case .file(let path):
            guard options == ModelOptions() else {
                throw ValidationError("\(path) is a file, whose shapes are fixed: --classes and --input go with names only")
            }
            if let text = try? String(contentsOfFile: path, encoding: .utf8), text.first(where: { !$0.isWhitespace }) == "{" {
                return try Network(kerasJSON: text, label: path)
            }
            return try Network(kerasJSON: HDF5File.open(path).root.attributes.string("model_config"), label: path)
        }
    }
}
