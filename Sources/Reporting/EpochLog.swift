import Checkpoints
import FoundationEssentials

/// The epochs that a run's `log.jsonl` tells of: see `RunLog`.
public struct EpochLog: Sendable {
    /// A line of the log; what a run does not have, or is no number, is nil.
    public struct Epoch: Decodable, Sendable {
        public let epoch: Int
        public let loss: Double?
        public let accuracy: Double?
        public let validationLoss: Double?
        public let validationAccuracy: Double?
        public let learningRate: Double?
        public let imagesPerSecond: Double?
        public let seconds: Double?
        /// Whether it was the best so far; logs of early versions do not say.
        public let isBest: Bool?

        private enum CodingKeys: String, CodingKey {
            case epoch, loss, accuracy
            case validationLoss = "val_loss"
            case validationAccuracy = "val_accuracy"
            case learningRate = "learning_rate"
            case imagesPerSecond = "images_per_second"
            case seconds
            case isBest = "best"
        }
    }

    public let epochs: [Epoch]

    /// The epoch whose weights are `best.h5`.
    public var best: Epoch? { epochs.last { $0.isBest == true } }

    /// `run` is an output folder, or the log itself.
    public init(of run: String) throws {
        let path = Self.path(of: run)
        epochs = try Self.epochs(of: run)
        guard !epochs.isEmpty else {
            throw UnreadableLog(description: "\(path): the log tells of no whole epoch; wait for the first one to end")
        }
    }

    /// The same where there may be none yet.
    package static func epochs(of run: String) throws -> [Epoch] {
        let decoder = JSONDecoder()
        // A run that goes on may have written half of its last line.
        return try text(of: run).split(separator: "\n").compactMap { line in
            guard line.hasPrefix("{\"event\":\"epoch\"") else { return nil }
            return try? decoder.decode(Epoch.self, from: Data(line.utf8))
        }
    }

    package static func text(of run: String) throws -> String {
        let path = path(of: run)
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw UnreadableLog(
                description: "\(path): no log of a run can be read there; give the folder of a run's --output")
        }
        return text
    }

    private static func path(of run: String) -> String {
        var isFolder: Bool = false
        let exists = FileManager.default.fileExists(atPath: run, isDirectory: &isFolder)
        return exists && isFolder ? "\(run)/\(CheckpointStore.logName)" : run
    }
}

/// A log that there is nothing to read from.
public struct UnreadableLog: Error, Sendable, CustomStringConvertible {
    public let description: String

    package init(description: String) { self.description = description }
}
