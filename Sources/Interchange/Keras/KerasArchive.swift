import Basics
import FileFormats
import HDF5Storage
import KerasCalls
import KerasNetworks

/// A `.keras` file: a zip archive of `config.json`, `metadata.json` and `model.weights.h5`
/// (`keras/src/saving/saving_lib.py`).
struct KerasArchive {
    static let configurationName = "config.json"
    static let metadataName = "metadata.json"
    static let weightsName = "model.weights.h5"

    /// Of the model; `compile_config` stands in it.
    let configuration: JSONValue
    let weights: HDF5File

    /// The largest network that Keras ships has a configuration of 2 MB.
    private static let mostConfiguration = 64 << 20

    /// Keras stores weights as they are, and no other program makes them so much smaller: an archive that inflates to more
    /// is made to fill the memory.
    private static func mostWeights(of archive: Int) -> Int { archive * 16 + (1 << 20) }

    /// `path` names the archive in errors.
    init(_ bytes: [UInt8], path: String) throws {
        let zip = try ZipReader(bytes, path: path)
        guard let text = try zip.content(of: Self.configurationName, atMost: Self.mostConfiguration) else {
            throw Self.refusal(of: zip, path)
        }
        let metadata = try zip.content(of: Self.metadataName, atMost: Self.mostConfiguration).map { text in
            guard let metadata = try? JSONValue(parsing: String(decoding: text, as: UTF8.self)) else {
                throw FileError(
                    .content, file: path, "its \(Self.metadataName), which says what Keras wrote it, is not JSON",
                    remedy: "save the model again with Keras's model.save(\"model.keras\")")
            }
            return metadata
        }
        configuration = try JSONValue(
            kerasModel: String(decoding: text, as: UTF8.self), label: Self.configurationName
        ).ofKeras(metadata?[KerasReader.versionName])
        guard let image = try zip.content(of: Self.weightsName, atMost: Self.mostWeights(of: bytes.count)) else {
            throw FileError(
                .content, file: path, "the archive holds no \(Self.weightsName)",
                remedy: "save the model with Keras's model.save(\"model.keras\")")
        }
        weights = try HDF5File.open(image: image, label: path)
    }

    /// What an archive is that is no Keras file.
    private static func refusal(of zip: ZipReader, _ path: String) -> FileError {
        let names = zip.entries.map(\.name)
        // torch.save makes a zip archive of a pickle, a program for Python.
        if names.contains(where: { $0.hasSuffix("/data.pkl") }) {
            return FileError(
                .content, file: path,
                "it is a file of PyTorch's torch.save, a pickle, which is a program and is not run",
                remedy: "save the weights as safetensors")
        }
        return FileError(
            .content, file: path,
            "it is a zip archive without \(configurationName), no .keras file"
                + (names.isEmpty ? "" : "; it holds \(names.listed(atMost: 5))"),
            remedy: "save the model with Keras's model.save(\"model.keras\")")
    }
}
