import Basics
import KerasNetworks
import Models

/// A model in a file of Keras or of this program: the JSON of `model.to_json()`, or one of the forms of `KerasWeightsFile`
/// that has the network too. Content tells its form.
public struct KerasModelFile: Sendable {
    public let path: String
    public let network: Network
    /// Nil for JSON.
    public let weights: KerasWeightsFile?
    /// Nil for a model that was not compiled.
    public let compilation: KerasCompilation?
    /// What was changed so that the model can be saved again.
    public let notes: [String]

    /// `inputSize` are the sizes of a sample, [H, W], [H, W, C] or [F], for a model that leaves them open.
    public init(_ path: String, inputSize: [Int]? = nil) throws {
        try self.init(POSIXFileSystem().content(of: path), path: path, inputSize: inputSize)
    }

    /// From a file's bytes; `path` names them in errors.
    package init(_ bytes: [UInt8], path: String, inputSize: [Int]? = nil) throws {
        self.path = path
        let configuration: JSONValue
        if bytes.first(where: { !UnicodeScalar($0).properties.isWhitespace }) == UInt8(ascii: "{") {
            configuration = try JSONValue(kerasModel: String(decoding: bytes, as: UTF8.self), label: path)
            (weights, compilation) = (nil, nil)
        } else {
            let file = try KerasWeightsFile(bytes, path: path)
            guard let model = file.configuration else {
                throw FileError(
                    .content, file: path, "it holds weights but no network",
                    remedy: "give a checkpoint, a file of Keras's model.save, or the JSON of model.to_json() with the "
                        + "weights by --weights")
            }
            (weights, configuration) = (file, model)
            compilation = file.compilation.flatMap(KerasCompilation.init)
        }
        var model = try KerasModel(configuration)
        let renamed = model.renameForKeras3()
        try model.fixInput(inputSize)
        network = try Network(model)
        notes = renamed.isEmpty ? [] : [Self.note(renamed)]
    }

    private static func note(_ renamed: [(from: String, to: String)]) -> String {
        let list = renamed.map { "\($0.from) is \($0.to)" }.listed(atMost: 3)
        return "names of layers have no slash in Keras 3: \(list)"
    }
}
