import ArgumentParser
import Basics
import FoundationEssentials
import Pictures
import Reporting
import Reports
import Training

struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract:
            "Draw loss, accuracy or errors, and learning rate of runs over their epochs, all runs in one picture.",
        discussion: """
            Examples:
              dptrain plot runs/lenet --output lenet.svg
              dptrain plot runs/plain runs/residual --error --output degradation.png
            """)

    @Argument(help: "output folders of runs, or their log.jsonl", completion: .file())
    var runs: [String]

    @Option(help: ArgumentHelp("picture to write: .svg or .png", valueName: "file"), completion: .file())
    var output: String

    @Option(help: "text above the picture")
    var title = ""

    @Flag(help: "a logarithmic axis for the loss and the error")
    var log = false

    @Flag(help: "replace the picture if it exists")
    var overwrite = false

    @Flag(help: "show the error (the part of samples with a wrong prediction) instead of the accuracy")
    var error = false

    private enum Form: String { case svg, png }

    private var form: Form? { Form(rawValue: URL(fileURLWithPath: output).pathExtension.lowercased()) }

    mutating func validate() throws {
        guard form != nil else { throw ValidationError("--output \(output) ends neither in .svg nor in .png") }
    }

    func run() throws {
        let runs = try RunFolder.chosen(from: self.runs, tells: true)
        let names = RunFolder.names(of: runs)
        let logs = try runs.map { try EpochLog(of: $0) }
        let file = try OutputFile(output, overwrite: overwrite)
        var chart = RunChart(logs: logs, names: names, showsError: error, isLogarithmic: log).chart
        chart.title = title
        let bytes = form == .png ? try chart.picture.png() : Array(chart.svg.utf8)
        try file.write(bytes)
        if form == .png {
            StandardError.warnOfBoxes(in: [title] + names, remedy: "an --output that ends in .svg has all letters")
        }
        try StandardOutput.print(
            "\(output): \(runs.count == 1 ? "the run" : "\(runs.count) runs") \(names.joined(separator: ", "))")
    }
}

/// Curves of training and validation from the logs of runs.
private struct RunChart {
    let logs: [EpochLog]
    let names: [String]
    let showsError: Bool
    let isLogarithmic: Bool
    /// Beyond this ratio of the largest to the smallest, learning rates are told apart on a logarithmic axis only.
    private static let mostLinearRatio = 20.0

    var chart: Chart {
        let panels =
            [
                panel("loss", \.loss, \.validationLoss, isLogarithmic: isLogarithmic),
                showsError
                    ? panel("error", \.error, \.validationError, isLogarithmic: isLogarithmic)
                    : panel("accuracy", \.accuracy, \.validationAccuracy),
                panel("mean absolute error", \.mae, \.validationMAE, isLogarithmic: isLogarithmic),
            ] + ofOutputs + [
                panel("learning rate", \.learningRate, nil, isLogarithmic: ratesSpread)
            ]
        let isValidated = logs.contains { $0.epochs.contains { $0.validationLoss != nil } }
        return Chart(
            legend: names,
            note: isValidated ? "lines: validation, dashes: training, diamonds: the best epoch" : "dashes: training",
            horizontalTitle: "epoch", panels: panels.compactMap(\.self))
    }

    /// Losses, accuracies and mean absolute errors of each of several outputs.
    private var ofOutputs: [Chart.Panel?] {
        let names = Set(logs.flatMap { $0.epochs.flatMap(\.outputs.keys) })
        // An output may be called val_x.
        let ofValidation = names.filter { $0.hasPrefix("val_") && names.contains(String($0.dropFirst(4))) }
        return names.subtracting(ofValidation).sorted().filter { !$0.hasSuffix("_rmse") }.map { name in
            let isLogarithmic = isLogarithmic && !name.hasSuffix("_accuracy")
            return panel(name, \.outputs[name], \.outputs["val_" + name], isLogarithmic: isLogarithmic)
        }
    }

    private var ratesSpread: Bool {
        let rates = logs.flatMap { $0.epochs.compactMap(\.learningRate) }.filter { $0 > 0 }
        return (rates.max() ?? 0) > Self.mostLinearRatio * (rates.min() ?? 0)
    }

    private typealias Measure = KeyPath<EpochLog.Epoch, Double?>

    /// Nil for what no run has measured.
    private func panel(
        _ title: String, _ training: Measure, _ validation: Measure?, isLogarithmic: Bool = false
    ) -> Chart.Panel? {
        var curves: [Chart.Curve] = []
        for (entry, log) in logs.enumerated() {
            for (measure, isDashed) in [(training, true), (validation, false)] {
                guard let measure else { continue }
                let points = log.epochs.map { (x: Double($0.epoch), y: $0[keyPath: measure] ?? .nan) }
                guard points.contains(where: { $0.y.isFinite }) else { continue }
                curves.append(Chart.Curve(entry: entry, isDashed: isDashed, points: points))
            }
        }
        let marks = logs.enumerated().compactMap { entry, log -> (entry: Int, x: Double, y: Double)? in
            guard let validation, let best = log.epochs.best, let value = best[keyPath: validation] else { return nil }
            return (entry, Double(best.epoch), value)
        }
        return curves.isEmpty
            ? nil : Chart.Panel(title: title, isLogarithmic: isLogarithmic, curves: curves, marks: marks)
    }
}

extension EpochLog.Epoch {
    fileprivate var error: Double? { accuracy.map { 1 - $0 } }
    fileprivate var validationError: Double? { validationAccuracy.map { 1 - $0 } }
}
