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

        private enum CodingKeys: String, CodingKey {
            case epoch, loss, accuracy
            case validationLoss = "val_loss"
            case validationAccuracy = "val_accuracy"
            case learningRate = "learning_rate"
        }
    }

    public let epochs: [Epoch]

    /// `run` is an output folder, or the log itself.
    public init(of run: String) throws {
        var isFolder: Bool = false
        let exists = FileManager.default.fileExists(atPath: run, isDirectory: &isFolder)
        let path = exists && isFolder ? "\(run)/log.jsonl" : run
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw UnreadableLog(
                description: "\(path): no log of a run can be read there; give the folder of a run's --output")
        }
        let decoder = JSONDecoder()
        // A run that goes on may have written half of its last line.
        epochs = text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("{\"event\":\"epoch\"") else { return nil }
            return try? decoder.decode(Epoch.self, from: Data(line.utf8))
        }
        guard !epochs.isEmpty else {
            throw UnreadableLog(description: "\(path): the log tells of no whole epoch; wait for the first one to end")
        }
    }
}

/// A log that there is nothing to read from.
public struct UnreadableLog: Error, Sendable, CustomStringConvertible {
    public let description: String
}
