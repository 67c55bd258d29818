import Basics
import Reporting

/// Runs side by side: for readers, as comma-separated values, and as JSON.
public struct RunTable {
    private let runs: [RunFolder]

    public init(_ runs: [RunFolder]) { self.runs = runs }

    public var text: String {
        var table = TextTable(
            header: ["Run", "Model", "Epochs", "Best", "val_loss", "val_accuracy", "accuracy", "Time", "State"])
        table.rightAligned = Set(2...7)
        table.rows = runs.map { run in
            let best = run.epochs.best
            let last = run.epochs.last
            return [
                run.path, run.options.model ?? "-", "\(run.epochsDone)/\(run.options.epochs)",
                best.map { "\($0.epoch)" } ?? "-", Self.words(best?.validationLoss),
                Self.words(best?.validationAccuracy), Self.words((best ?? last)?.accuracy),
                Figures.duration(run.seconds), run.state.description,
            ]
        }
        return table.text
    }

    private static func words(_ value: Double?) -> String { value.map(Figures.metric) ?? "-" }

    /// What CSV and JSON have of a run, in this order. What is not known is null.
    private func values(_ run: RunFolder) -> [(name: String, value: JSONValue)] {
        let best = run.epochs.best
        return [
            ("run", .string(run.path)), ("model", run.options.model.map { .string($0) } ?? .null),
            ("state", .string(run.state.description)), ("epochs", .integer(run.epochsDone)),
            ("epochs_wanted", .integer(run.options.epochs)), ("best_epoch", best.map { .integer($0.epoch) } ?? .null),
            ("best_val_loss", .ifFinite(best?.validationLoss)),
            ("best_val_accuracy", .ifFinite(best?.validationAccuracy)),
            ("loss", .ifFinite(run.epochs.last?.loss)), ("accuracy", .ifFinite(run.epochs.last?.accuracy)),
            ("seconds", .ifFinite(run.seconds)),
        ]
    }

    /// A header, and a row a run.
    public var csv: String {
        let header =
            ["run", "model", "state", "epochs", "epochs_wanted", "best_epoch", "best_val_loss"]
            + ["best_val_accuracy", "loss", "accuracy", "seconds"]
        let rows = runs.map { run in values(run).map { Self.field($0.value) } }
        return ([header] + rows).map { $0.joined(separator: ",") }.joined(separator: "\n")
    }

    private static func field(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text.csvField
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        default: ""
        }
    }

    /// One object a run.
    public var json: JSONValue {
        .array(
            runs.map { run in
                .object(Dictionary(uniqueKeysWithValues: values(run).map { ($0.name, $0.value) }))
            })
    }
}

extension RunFolder {
    /// A row an epoch, as Keras's CSVLogger has it: the epoch, then metrics by name. Epochs count from 1.
    public var history: String {
        let columns: [(name: String, value: (EpochLog.Epoch) -> Double?)] = [
            ("accuracy", \.accuracy), ("learning_rate", \.learningRate), ("loss", \.loss),
            ("val_accuracy", \.validationAccuracy), ("val_loss", \.validationLoss),
        ]
        let known = columns.filter { column in epochs.contains { column.value($0) != nil } }
        let header = (["epoch"] + known.map(\.name)).joined(separator: ",")
        let rows = epochs.map { epoch in
            (["\(epoch.epoch)"] + known.map { $0.value(epoch).map { "\($0)" } ?? "" }).joined(separator: ",")
        }
        return ([header] + rows).joined(separator: "\n")
    }
}
