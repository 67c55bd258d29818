import Basics
import HDF5Storage
import Interchange
import Models

/// What `dptrain checkpoint export` does.
extension CheckpointFile {
    public enum ExportForm: String, Sendable, CaseIterable {
        /// Model and weights: `keras.models.load_model` opens it.
        case model
        /// Weights only, as `save_weights` of Keras 2 wrote them: `model.load_weights` opens it.
        case weights
    }

    /// Writes a plain Keras file without the run's state, without auxiliary outputs, which only training needs, and without
    /// a digest.
    public static func export(
        _ state: RunState, to path: String, as form: ExportForm, fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(FileError) {
        guard !path.hasSuffix(".weights.h5") else {
            throw FileError(
                .write, file: path, "Keras 3 takes files named .weights.h5 for another format",
                remedy: "choose another name that ends in .h5")
        }
        do {
            let file = try HDF5File.createInMemory(label: path)
            let (network, weights) = try state.outputModel()
            switch form {
            case .model:
                try KerasFile.writeModel(network, to: file.root)
                try KerasFile.writeWeights(weights, of: network, to: file.root.createGroup("model_weights"))
            case .weights:
                try KerasFile.writeWeights(weights, of: network, to: file.root)
            }
            try fileSystem.replace(path, with: file.image())
        } catch let error as FileSystemError {
            throw FileError(.write, file: path, error.reason, remedy: "check the path and its permissions")
        } catch {
            throw FileError(.write, file: path, "\(error)")
        }
    }
}

extension RunState {
    /// The network without auxiliary outputs, and its weights.
    fileprivate func outputModel() throws(NetworkError) -> (Network, [[Float]]) {
        let serves = network.servesOutput
        let kept = zip(network.parameters, weights).filter { serves[$0.0.node] }
        return (try network.withoutAuxiliaryOutputs(), kept.map(\.1))
    }
}
