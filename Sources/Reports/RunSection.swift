import Basics
import Checkpoints
import Evaluation
import FoundationEssentials
import Pictures
import Reporting

/// What the page of a report says of one run.
public struct RunSection {
    private var members: [String: JSONValue]
    /// Of the longer lists.
    private static let (mostSteps, mostPoints, mostMistakes, mostKernels) = (1_000, 200, 24, 64)

    init(_ members: [String: JSONValue]) { self.members = members }

    /// The log and the options of a run.
    public init(_ run: RunFolder, name: String) throws {
        members = [
            "name": .string(name), "state": .string(run.state.description),
            "options": .object(
                Dictionary(uniqueKeysWithValues: run.options.values.map { ($0.name, .string($0.value)) })),
            "epochs": .array(try Self.records(of: run.path, event: "epoch", most: .max)),
        ]
        let steps = try Self.records(of: run.path, event: "step", most: Self.mostSteps)
        members["steps"] = .array(steps.map { .object($0.object?.filter { Self.stepNames.contains($0.key) } ?? [:]) })
        let times = ["compute_ms", "data_ms", "reduce_exposed_ms", "update_ms"]
        if !steps.isEmpty {
            members["time"] = .object(
                Dictionary(
                    uniqueKeysWithValues: times.map { name in
                        (name, .number(steps.reduce(0) { $0 + ($1[name]?.number ?? 0) } / Double(steps.count)))
                    }))
        }
    }

    private static let stepNames: Set = ["epoch", "step", "loss", "accuracy", "learning_rate", "images_per_second"]

    /// Lines of the log, evenly spread if there are more than `most`.
    private static func records(of run: String, event: String, most: Int) throws -> [JSONValue] {
        let lines = try EpochLog.lines(of: run, event: event)
        let interval = max(1, lines.count.dividedRoundingUp(by: max(1, min(most, lines.count))))
        return stride(from: interval - 1, to: lines.count, by: interval).compactMap {
            try? JSONValue(parsing: String(lines[$0]))
        }
    }

    /// What a checkpoint says of the program and the machine that computed it.
    public mutating func add(environment: [String: String]) {
        members["environment"] = .object(environment.mapValues { .string($0) })
    }

    /// Why there is nothing of the run's weights.
    public mutating func add(note: String) { members["note"] = .string(note) }

    /// The kernels of the layer that sees images.
    public mutating func addKernels(of model: InspectedModel) throws {
        guard let layer = model.firstConvolution else { return }
        let (shape, values) = try model.kernel(ofLayer: layer)
        let picture = LayerPictures.kernels(values, shape, most: Self.mostKernels)
        members["kernels"] = ["layer": .string(layer), "image": .string(try picture.dataURL)]
    }

    /// What the best weights make of the samples of a data file.
    public mutating func add(_ predictions: Predictions, data: String) throws {
        let source: [String: JSONValue] = [
            "data": .string(data), "split": .string(predictions.split.rawValue),
            "samples": .integer(predictions.samples),
        ]
        try members.merge(Self.members(of: predictions, source)) { $1 }
        if !predictions.heads.isEmpty {
            members["outputs"] = .array(
                try predictions.heads.map { head in
                    let own = try Self.members(of: predictions.of(head), source)
                    return .object(own.merging(["name": .string(head.name)]) { $1 })
                })
        }
    }

    /// The errors of values, or the figures of classes, if the samples have targets. `source` says of which samples.
    private static func members(
        of predictions: Predictions, _ source: [String: JSONValue]
    ) throws -> [String: JSONValue] {
        if let errors = predictions.regressionErrors {
            let errors: JSONValue = .object(
                source.merging([
                    "mae": .ifFinite(errors.meanAbsolute), "rmse": .ifFinite(errors.rootMeanSquare),
                    "r2": .ifFinite(errors.r2),
                ]) { $1 })
            return ["errors": errors]
        }
        guard let figures = predictions.classifierFigures else { return [:] }
        let classes = 0..<figures.matrix.classes
        var object = source
        object["accuracy"] = .ifFinite(figures.accuracy)
        object["classes"] = .array(figures.matrix.classNames.map { .string($0) })
        object["support"] = .array(figures.matrix.samples.map { .integer($0) })
        object["confusion"] = .array(
            classes.map { label in .array(classes.map { .integer(figures.matrix[label, $0]) }) })
        object["scores"] = .array(figures.report.classes.map(scores))
        object["macro"] = scores(figures.report.macro)
        if !figures.curves.isEmpty { object["curves"] = .array(figures.curves.map(curves)) }
        if let calibration = figures.calibration {
            object["calibration"] = [
                "error": .ifFinite(calibration.error),
                "bins": .array(
                    calibration.bins.map {
                        ["confidence": .ifFinite($0.confidence), "accuracy": .ifFinite($0.accuracy)]
                    }),
            ]
        }
        object["worst"] = .array(
            try figures.mistakes.prefix(mostMistakes).map { mistake in
                [
                    "sample": .integer(mistake.sample), "label": .integer(mistake.label),
                    "prediction": .integer(mistake.prediction), "score": .ifFinite(Double(mistake.score)),
                    "label_score": .ifFinite(Double(mistake.labelScore)),
                    "image": try predictions.picture(of: mistake.sample).map { .string(try $0.dataURL) } ?? .null,
                ]
            })
        return ["figures": .object(object)]
    }

    var json: JSONValue { .object(members) }

    private static func scores(_ scores: ClassReport.Scores) -> JSONValue {
        [
            "precision": .ifFinite(scores.precision), "recall": .ifFinite(scores.recall), "f1": .ifFinite(scores.f1),
            "support": .integer(scores.support),
        ]
    }

    private static func curves(_ curves: ThresholdCurves?) -> JSONValue {
        guard let curves else {
            return ["roc": [], "precision_recall": [], "roc_area": .null, "average_precision": .null]
        }
        return [
            "roc": points(curves.roc.map { ($0.falsePositives, $0.truePositives) }),
            "precision_recall": points(curves.precisionRecall.map { ($0.recall, $0.precision) }),
            "roc_area": .ifFinite(curves.rocArea), "average_precision": .ifFinite(curves.averagePrecision),
        ]
    }

    /// Evenly chosen ones of many, the ends among them.
    private static func points(_ points: [(Double, Double)]) -> JSONValue {
        let count = min(points.count, mostPoints)
        let chosen = (0..<count).map { points[count > 1 ? $0 * (points.count - 1) / (count - 1) : 0] }
        return .array(chosen.map { .array([rounded($0.0), rounded($0.1)]) })
    }

    /// Of a point of a curve: as fine as a screen.
    private static func rounded(_ value: Double) -> JSONValue { .number((value * 1e5).rounded() / 1e5) }
}

extension Picture {
    /// The picture as a PNG within the text of a page.
    fileprivate var dataURL: String {
        get throws { "data:image/png;base64," + Data(try png()).base64EncodedString() }
    }
}
