import Basics
import Reporting

/// Runs side by side: for readers, as comma-separated values, and as JSON.
public struct RunTable {
    private let runs: [RunFolder]

    public init(_ runs: [RunFolder]) { self.runs = runs }

    public var text: String {
        let metrics = metrics
        var table = TextTable(
            header: ["Run", "Model", "Epochs", "Best"] + metrics.map(\.name) + ["Time", "State"])
        table.rightAligned = Set(2..<metrics.count + 5)
        table.rows = runs.map { run in
            [
                run.path, run.options.model ?? "-", "\(run.epochsDone)/\(max(run.epochsDone, run.options.epochs))",
                run.epochs.best.map { "\($0.epoch)" } ?? "-",
            ] + metrics.map { $0.value(run).map(Figures.metric) ?? "-" }
                + [Figures.duration(run.seconds), run.state.description]
        }
        return table.text
    }

    private typealias Metric = (name: String, value: (RunFolder) -> Double?)

    /// Of the best epoch: of classes, of regression, or of both, as there are runs of them.
    private var metrics: [Metric] {
        let ofErrors: [Metric] = [
            ("val_mae", { $0.epochs.best?.validationMAE }), ("val_rmse", { $0.epochs.best?.validationRMSE }),
            ("mae", { ($0.epochs.best ?? $0.epochs.last)?.mae }),
        ].filter { metric in runs.contains { metric.value($0) != nil } }
        let ofClasses: [Metric] = [
            ("val_accuracy", { $0.epochs.best?.validationAccuracy }),
            ("accuracy", { ($0.epochs.best ?? $0.epochs.last)?.accuracy }),
        ].filter { metric in ofErrors.isEmpty || runs.contains { metric.value($0) != nil } }
        return [("val_loss", { $0.epochs.best?.validationLoss })] + ofClasses + ofErrors
    }

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
            ("seconds", .ifFinite(run.seconds)), ("best_val_mae", .ifFinite(best?.validationMAE)),
            ("best_val_rmse", .ifFinite(best?.validationRMSE)), ("mae", .ifFinite(run.epochs.last?.mae)),
        ]
    }

    /// A header, and a row a run.
    public var csv: String {
        let header =
            ["run", "model", "state", "epochs", "epochs_wanted", "best_epoch", "best_val_loss"]
            + ["best_val_accuracy", "loss", "accuracy", "seconds", "best_val_mae", "best_val_rmse", "mae"]
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
    /// A row an epoch, as Keras's CSVLogger has it: the epoch, then metrics by name, then those of each of several outputs. Epochs
    /// count from 1.
    public var history: String {
        let ofOutputs = Set(epochs.flatMap(\.outputs.keys)).sorted()
        let columns: [(name: String, value: (EpochLog.Epoch) -> Double?)] =
            [
                ("accuracy", \.accuracy), ("learning_rate", \.learningRate), ("loss", \.loss), ("mae", \.mae),
                ("rmse", \.rmse),
                ("val_accuracy", \.validationAccuracy), ("val_loss", \.validationLoss), ("val_mae", \.validationMAE),
                ("val_rmse", \.validationRMSE),
            ] + ofOutputs.map { name in (name, { $0.outputs[name] }) }
        let known = columns.filter { column in epochs.contains { column.value($0) != nil } }
        let header = (["epoch"] + known.map(\.name)).joined(separator: ",")
        let rows = epochs.map { epoch in
            (["\(epoch.epoch)"] + known.map { $0.value(epoch).map { "\($0)" } ?? "" }).joined(separator: ",")
        }
        return ([header] + rows).joined(separator: "\n")
    }
}
