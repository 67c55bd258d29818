import Basics
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
        /// Of regression.
        public let mae: Double?
        public let validationMAE: Double?
        public let rmse: Double?
        public let validationRMSE: Double?
        public let learningRate: Double?
        public let seconds: Double?
        /// Whether it was the best so far; logs of early versions do not say.
        public let isBest: Bool?
        /// Of each of several outputs, by Keras's names: `digit_loss`, `val_digit_accuracy`.
        public let outputs: [String: Double]

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Name.self)
            func number(_ name: String) throws -> Double? {
                try values.decodeIfPresent(Double.self, forKey: Name(name))
            }
            epoch = try values.decode(Int.self, forKey: Name("epoch"))
            (loss, validationLoss) = (try number("loss"), try number("val_loss"))
            (accuracy, validationAccuracy) = (try number("accuracy"), try number("val_accuracy"))
            (mae, validationMAE) = (try number("mae"), try number("val_mae"))
            (rmse, validationRMSE) = (try number("rmse"), try number("val_rmse"))
            (learningRate, seconds) = (try number("learning_rate"), try number("seconds"))
            isBest = try values.decodeIfPresent(Bool.self, forKey: Name("best"))
            outputs = try values.allKeys.filter(\.isOfOutput).reduce(into: [:]) { outputs, name in
                outputs[name.stringValue] = try number(name.stringValue)
            }
        }

        /// A key of a line.
        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(_ name: String) { stringValue = name }
            init(stringValue: String) { self.init(stringValue) }
            init?(intValue: Int) { nil }

            /// Whether it is a measure of one of several outputs: the output's name stands before the measure's.
            var isOfOutput: Bool {
                guard let end = stringValue.lastIndex(of: "_") else { return false }
                return ["loss", "accuracy", "mae", "rmse"].contains(stringValue[end...].dropFirst())
                    && !["val", "raw_val"].contains(stringValue[..<end])
            }
        }
    }

    public let epochs: [Epoch]

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
        return try lines(of: run, event: "epoch").compactMap { line in
            try? decoder.decode(Epoch.self, from: Data(line.utf8))
        }
    }

    private static func text(of run: String) throws -> String {
        let path = path(of: run)
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw UnreadableLog(
                description: "\(path): no log of a run can be read there; give the folder of a run's --output")
        }
        return text
    }

    /// The lines of one kind of event.
    package static func records(of run: String, event: String) throws -> [JSONValue] {
        try lines(of: run, event: event).compactMap { try? JSONValue(parsing: String($0)) }
    }

    /// The same as text.
    package static func lines(of run: String, event: String) throws -> [Substring] {
        try text(of: run).split(separator: "\n").filter { $0.hasPrefix("{\"event\":\"\(event)\"") }
    }

    private static func path(of run: String) -> String {
        var isFolder: Bool = false
        let exists = FileManager.default.fileExists(atPath: run, isDirectory: &isFolder)
        return exists && isFolder ? "\(run)/\(CheckpointStore.logName)" : run
    }
}

extension [EpochLog.Epoch] {
    /// The one whose weights are `best.h5`.
    public var best: EpochLog.Epoch? { last { $0.isBest == true } }
}

/// A log that there is nothing to read from.
public struct UnreadableLog: Error, Sendable, CustomStringConvertible {
    public let description: String

    package init(description: String) { self.description = description }
}
