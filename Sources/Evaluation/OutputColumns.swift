import Datasets
import Execution
import Models
import Reduction
import Sessions

/// One of a network's outputs that have targets, or the only one: what can be measured of it in rows of outputs and of targets.
struct OutputColumns {
    private let place: OutputPlace
    private let kind: TargetKind
    private let classNames: [String]
    private let countsClasses: Bool

    /// In the order of a row. `kind` is that of the targets, and `classNames` are those of a network with one output. What was taken for
    /// what is counted of up to `mostClasses`.
    static func all(
        of network: Network, _ loss: Loss, _ kind: TargetKind, _ dataset: SampleSet, classNames: [String],
        mostClasses: Int
    ) -> [OutputColumns] {
        let places = OutputPlace.all(of: network, loss, kind)
        return places.enumerated().map { number, place in
            // What stands for mixing in evaluation makes shares of labels; what is measured here are the labels themselves.
            let kind = place.kind == .shares && dataset.targetKind == .label ? .label : place.kind
            return OutputColumns(
                place: place, kind: kind,
                classNames: places.count == 1 ? classNames : dataset.heads[number].classNames ?? [],
                countsClasses: kind == .label && place.classes <= mostClasses)
        }
    }

    /// Of its loss in the sum.
    var weight: Double { Double(place.weight) }
    private var outputs: Range<Int> { place.outputs }
    private var classes: Int { place.classes }

    /// How many numbers `sums` are.
    var sumCount: Int {
        3 + (countsClasses ? classes * (classes + 1) : 0) + (place.hasErrors ? 2 * outputs.count : 0)
    }

    /// Of rows of outputs, with their activations: loss, right predictions, those among the best five; then the confusion matrix and
    /// the samples of each class, or the absolute and the squared errors of each output.
    func sums(of rows: [Float], width: Int, _ targets: Targets) -> [Double] {
        var sums = [Double](repeating: 0, count: sumCount)
        let row = OutputRow(place.loss, width: outputs.count, place.decision)
        let values = targets.values
        rows.withUnsafeBufferPointer { rows in
            guard let start = rows.baseAddress else { return }
            for sample in 0..<rows.count / width {
                let x = start + sample * width + outputs.lowerBound
                if kind == .label {
                    add(x, label: label(of: sample, targets), row, to: &sums)
                } else {
                    guard case .targets(_, let stride) = targets else {
                        preconditionFailure("what is measured of targets of kind \(kind) needs target values")
                    }
                    values.withUnsafeBufferPointer { values in
                        guard let first = values.baseAddress else { return }
                        add(x, values: first + sample * stride + place.target, row, to: &sums)
                    }
                }
            }
        }
        return sums
    }

    private func label(of sample: Int, _ targets: Targets) -> Int {
        switch targets {
        case .labels(let labels): Int(labels[sample])
        case .targets(let values, let stride): Int(values[sample * stride + place.target])
        case .none: preconditionFailure("samples that are measured have labels")
        }
    }

    private func add(_ x: UnsafePointer<Float>, label: Int, _ row: OutputRow, to sums: inout [Double]) {
        let prediction = row.rule.prediction(x)
        sums[0] += row.loss(x, label: label)
        if prediction == label { sums[1] += 1 }
        if row.rule.ranks(label, of: x, among: 5) { sums[2] += 1 }
        guard countsClasses else { return }
        sums[3 + classes * classes + label] += 1
        if let prediction { sums[3 + label * classes + prediction] += 1 }
    }

    private func add(
        _ x: UnsafePointer<Float>, values: UnsafePointer<Float>, _ row: OutputRow, to sums: inout [Double]
    ) {
        sums[0] += row.loss(x, values: values)
        if kind == .flags { sums[1] += Double(row.correct(x, flags: values)) }
        guard place.hasErrors else { return }
        for output in 0..<outputs.count {
            let error = Double(x[output]) - Double(values[output])
            sums[3 + output] += abs(error)
            sums[3 + outputs.count + output] += error * error
        }
    }

    /// Means of such sums over all samples, which have these targets.
    func figures(_ sums: ArraySlice<Double>, _ targets: Targets, samples: Int) -> EvaluationResult.Output {
        let (sums, count) = (Array(sums), Double(samples))
        let rest = Array(sums.dropFirst(3))
        let counts = countsClasses ? rest.map { Int($0) } : []
        return EvaluationResult.Output(
            name: place.name, loss: sums[0] / count,
            accuracy: kind == .values ? nil : sums[1] / count / Double(kind.decisions(outputs: outputs.count)),
            top5: kind == .label && outputs.count > 1 ? sums[2] / count : nil,
            confusion: countsClasses
                ? ConfusionMatrix(
                    classNames: (0..<classes).map { $0 < classNames.count ? classNames[$0] : "\($0)" },
                    counts: Array(counts[..<(classes * classes)]), samples: Array(counts[(classes * classes)...]))
                : nil,
            errors: place.hasErrors
                ? RegressionErrors(
                    absolute: Array(rest[..<outputs.count]), squared: Array(rest[outputs.count...]),
                    targets: columns(of: targets)) : nil)
    }

    /// Its own among the targets.
    private func columns(of targets: Targets) -> [Float] {
        guard case .targets(let values, let stride) = targets, stride > outputs.count else { return targets.values }
        return Swift.stride(from: place.target, to: values.count, by: stride).flatMap {
            values[$0..<$0 + outputs.count]
        }
    }
}
