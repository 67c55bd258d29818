import Basics
import Interchange
import Models
import Optimization

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
    /// needs, and without a digest. `texts` stand beside the model, each with its name.
    public static func export(
        _ state: RunState, to path: String, as format: ExportFormat, texts: [(String, String)] = [],
        fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(FileError) {
        try format.requireEnding(of: path)
        do {
            try OutputFile(path, overwrite: true).write(content(state, path, format, texts), fileSystem)
        } catch let error as FileError {
            throw error
        } catch {
            throw FileError(.write, file: path, "\(error)")
        }
    }

    private static func content(
        _ state: RunState, _ path: String, _ format: ExportFormat, _ texts: [(String, String)]
    ) throws -> [UInt8] {
        let model = try state.outputModel(texts)
        switch format {
        case .keras: return try model.archive(path)
        case .weights:
            return path.hasSuffix(ExportFormat.keras3Weights)
                ? try model.weightsFile(path) : try model.olderWeightsFile(path)
        case .h5: return try model.olderFile(path, for: .keras3)
        case .tfKeras: return try model.olderFile(path, for: .keras2)
        }
    }
}

extension RunState {
    /// The network without auxiliary outputs, its weights and slots, with the penalty of the run in its layers.
    fileprivate func outputModel(_ texts: [(String, String)]) throws(NetworkError) -> KerasExport {
        let serves = network.servesOutput
        var optimizer = optimizer
        for slot in optimizer.slots.indices {
            optimizer.slots[slot].values = zip(network.trainableParameters, optimizer.slots[slot].values)
                .filter { serves[$0.0.node] }.map(\.1)
        }
        return KerasExport(
            network: try network.withoutAuxiliaryOutputs().penalizingKernels(l2: Double(options["l2"] ?? "") ?? 0),
            weights: zip(network.parameters, weights).filter { serves[$0.0.node] }.map(\.1), loss: loss,
            optimizer: optimizer, schedule: kerasSchedule, texts: texts)
    }

    /// The schedule of the run as Keras computes it from the number of updates; nil where the rate in force is another one, by a
    /// warm-up, a plateau or an epoch, and where Keras has no such schedule.
    private var kerasSchedule: JSONValue? {
        guard let schedule = try? options["schedule"].map({ try LearningRateSchedule(parsing: $0) }),
            let base = schedule.ownRate ?? optimizer.configuration["learning_rate"]?.number,
            // The rate in force is that of the last update.
            let rate = schedule.rateOfKeras(base: base, update: max(0, optimizer.iteration - 1)),
            abs(rate - optimizer.learningRate) <= 1e-6 * rate
        else { return nil }
        return schedule.kerasConfiguration(base: base)
    }
}
