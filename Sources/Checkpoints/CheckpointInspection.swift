import Basics
import Models
import Optimization

/// What `dptrain checkpoint inspect` shows of a run.
public struct CheckpointInspection: Sendable {
    private let state: RunState
    private let file: String

    public init(_ state: RunState, file: String) {
        self.state = state
        self.file = file
    }

    /// Run, options, history and tensors, a section each.
    public var text: String {
        let options = Self.section("Options", state.options)
        let execution = Self.section("Computed with", state.execution)
        let sections = [run, options, execution, history, tensors]
        return sections.compactMap { $0 }.joined(separator: "\n\n")
    }

    private var run: String { Self.aligned(facts) }

    /// What there is to say of the run, by its name.
    package var facts: [(name: String, value: String)] {
        let (network, position, optimizer) = (state.network, state.position, state.optimizer)
        let epoch =
            position.step == 0
            ? "\(Figures.count(position.epoch, "epoch")) done"
            : "\(position.step.grouped) steps into epoch \(position.epoch + 1)"
        let updates = "\(optimizer.iteration.grouped) updates"
        var lines = [
            ("checkpoint", file),
            ("model", "\(network.name), input \(network.inputText), \(network.parameterCount.grouped) parameters"),
            (
                "position",
                "\(position.globalStep.grouped) \(position.globalStep == 1 ? "step" : "steps") done; \(epoch)"
            ),
            ("loss", state.loss.description),
            ("optimizer", "\(optimizer.kerasClass), learning rate \(Float(optimizer.learningRate)), \(updates)"),
            ("data", state.dataFingerprint),
            ("normalization", state.normalization),
        ]
        if !state.classNames.isEmpty {
            lines.append(("classes", "\(state.classNames.count): " + state.classNames.joined(separator: ", ")))
        }
        for change in state.overrides {
            lines.append(
                (
                    "overridden",
                    "--\(change.option) from \(Self.words(change.was)) to \(Self.words(change.now)) after step \(change.step.grouped)"
                ))
        }
        if let words = Coordinator.words(for: Array(state.coordinator.utf8)) { lines.append(("decisions", words)) }
        return lines.filter { !$0.1.isEmpty }
    }

    private var history: String? {
        guard !state.history.isEmpty else { return nil }
        let metrics = Set(state.history.flatMap(\.keys)).sorted()
        var table = TextTable(header: ["epoch"] + metrics)
        table.rightAligned = Set(0...metrics.count)
        table.rows = state.history.enumerated().map { epoch, record in
            ["\(epoch + 1)"] + metrics.map { record[$0].map(Self.short) ?? "" }
        }
        return "History\n" + table.text
    }

    private var tensors: String {
        var table = TextTable(header: ["tensor", "shape", "min", "mean", "max", "NaN"])
        table.rightAligned = [2, 3, 4, 5]
        table.rows = tensorStatistics.map { name, shape, statistics in
            [
                name, shape.description, Self.short(Double(statistics.minimum)),
                Self.short(statistics.mean), Self.short(Double(statistics.maximum)), statistics.nanCount.grouped,
            ]
        }
        return "Tensors\n" + table.text
    }

    /// Of weights and slots.
    package var tensorStatistics: [(name: String, shape: Shape, statistics: TensorStatistics)] {
        state.tensors.map { ($0.name, $0.shape, TensorStatistics($0.values)) }
    }

    private static func section(_ title: String, _ values: [String: String]) -> String? {
        guard !values.isEmpty else { return nil }
        return "\(title)\n" + aligned(values.sorted { $0.key < $1.key }.map { ("  \($0.key)", $0.value) })
    }

    private static func aligned(_ lines: [(name: String, value: String)]) -> String {
        let width = lines.map(\.name.count).max() ?? 0
        return lines.map { $0.name.padded(to: width + 2) + $0.value }.joined(separator: "\n")
    }

    /// Of an override's value.
    private static func words(_ value: String) -> String { value == "-" ? "not given" : value }

    /// Five significant digits.
    private static func short(_ value: Double) -> String { .formatted("%.5g", value) }
}
