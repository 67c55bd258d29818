import Basics
import HDF5Storage
import Interchange
import Models

/// What `dptrain checkpoint export` writes.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// Model, weights and the optimizer's state in one archive, as Keras 3 saves by itself.
    case keras
    /// The older form of a model and its weights, for Keras 3.
    case h5
    /// The same for tf_keras, which goes on as Keras 2.
    case tfKeras = "tf-keras"
    /// Weights only, for `model.load_weights`: of Keras 3 if the name ends in `.weights.h5`, else of Keras 2.
    case weights

    /// How names of such files end.
    public var endings: [String] {
        switch self {
        case .keras: [".keras"]
        case .h5, .tfKeras: [".h5", ".hdf5"]
        case .weights: [Self.keras3Weights, ".h5", ".hdf5"]
        }
    }

    /// Keras takes a name with this ending for its third version's weights, whatever is in the file.
    static let keras3Weights = ".weights.h5"

    /// The format that the ending of a file's name stands for.
    public init(file: String) throws(FileError) {
        if file.hasSuffix(Self.keras3Weights) {
            self = .weights
        } else if let format = Self.allCases.first(where: { $0.endings.contains { file.hasSuffix($0) } }) {
            self = format
        } else {
            var seen = Set<String>()
            let endings = Self.allCases.flatMap(\.endings).filter { seen.insert($0).inserted }
            throw FileError(
                .write, file: file, "its ending stands for no format that is written",
                remedy: "give a name that ends in \(endings.listed("or"))")
        }
    }

    /// Refuses a name that programs would take for another format.
    public func requireEnding(of file: String) throws(FileError) {
        let isOther = self != .weights && file.hasSuffix(Self.keras3Weights)
        guard !isOther, endings.contains(where: { file.hasSuffix($0) }) else {
            throw FileError(
                .write, file: file, "a file of the format \(rawValue) does not have this ending",
                remedy: "give a name that ends in \(endings.listed("or"))")
        }
    }
}

extension CheckpointFile {
    /// Writes a plain file of another program's format: without the run, without auxiliary outputs, which only training
    /// needs, and without a digest.
    public static func export(
        _ state: RunState, to path: String, as format: ExportFormat, fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(FileError) {
        try format.requireEnding(of: path)
        do {
            try fileSystem.replace(path, with: content(state, path, format))
        } catch let error as FileSystemError {
            throw FileError(.write, file: path, error.reason, remedy: "check the path and its permissions")
        } catch let error as FileError {
            throw error
        } catch {
            throw FileError(.write, file: path, "\(error)")
        }
    }

    private static func content(_ state: RunState, _ path: String, _ format: ExportFormat) throws -> [UInt8] {
        let model = try state.outputModel()
        let file = try HDF5File.createInMemory(label: path)
        switch format {
        case .keras: return try model.archive(path)
        case .weights where path.hasSuffix(ExportFormat.keras3Weights): return try model.weightsFile(path)
        case .weights:
            try KerasFile.writeWeights(model.weights, of: model.network, to: file.root)
        case .h5, .tfKeras:
            try KerasFile.writeModel(model.network, to: file.root, for: format == .h5 ? .keras3 : .keras2)
            try KerasFile.writeTraining(model.optimizer, loss: model.loss, of: model.network, to: file.root)
            try KerasFile.writeWeights(model.weights, of: model.network, to: file.root.createGroup("model_weights"))
        }
        return try file.image()
    }
}

extension RunState {
    /// The network without auxiliary outputs, its weights and slots, with the penalty of the run in its layers.
    fileprivate func outputModel() throws(NetworkError) -> KerasExport {
        let serves = network.servesOutput
        var optimizer = optimizer
        for slot in optimizer.slots.indices {
            optimizer.slots[slot].values = zip(network.trainableParameters, optimizer.slots[slot].values)
                .filter { serves[$0.0.node] }.map(\.1)
        }
        return KerasExport(
            network: try network.withoutAuxiliaryOutputs().penalizingKernels(l2: Double(options["l2"] ?? "") ?? 0),
            weights: zip(network.parameters, weights).filter { serves[$0.0.node] }.map(\.1), loss: loss,
            optimizer: optimizer)
    }
}
