import Datasets
import Transforms
import Basics

/// What `dptrain data stats` prints.
extension DatasetSummary {
    /// For people. `warnings` go at the end.
    public func text(warnings: [String]) -> String {
        let content = notes.map { "note: \($0)" } + (unused.isEmpty ? [] : ["not used: \(unused.listed(atMost: 20))"])
        let lines = splits.flatMap { Self.lines(of: $0.samples, $0.statistics) } + content
        return (lines + warnings.map { "warning: \($0)" }).joined(separator: "\n")
    }

    private static func lines(of samples: SampleSet, _ statistics: SampleStatistics) -> [String] {
        let kind =
            samples.source.decoding.map { "encoded images, seen as \($0.plan)" }
            ?? "samples of \(samples.sample), \(samples.source.dataset.elementType)"
        var lines = [
            "\(samples.split.rawValue): \(statistics.samples) \(kind)",
            "  values: from \(ValueRange.text(statistics.least)) to \(ValueRange.text(statistics.most))",
        ]
        if samples.sample.rank == 3 {
            lines.append("  mean by channel: \(list(statistics.mean))")
            lines.append("  standard deviation by channel: \(list(statistics.deviation))")
            lines.append(
                "  images with one value everywhere: \(statistics.constant.count); that repeat an earlier one: "
                    + "\(statistics.repeated.count)")
        }
        if let counts = samples.classCounts {
            lines.append("  classes: \(counts.classes), \(counts.empty) of them without samples")
            lines.append("  samples by class: \(counts.text(atMost: 1000))")
            if let warning = counts.warning { lines.append("  warning: \(warning)") }
        }
        if let (width, least, most) = targets(of: samples) {
            lines.append("  targets: \(width) a sample, from \(ValueRange.text(least)) to \(ValueRange.text(most))")
        }
        return lines
    }

    /// Of numbers to be predicted: how many a sample, and their range.
    private static func targets(of samples: SampleSet) -> (width: Int, least: Float, most: Float)? {
        guard case .targets(let values, let width) = samples.targets, let least = values.min(), let most = values.max()
        else { return nil }
        return (width, least, most)
    }

    private static func list(_ values: [Double]) -> String {
        values.map { Figures.decimal($0, 4) }.joined(separator: ", ")
    }

    /// For programs. Classes have their counts where there are at most 10,000.
    public func json(warnings: [String]) -> JSONValue {
        let classWarnings = splits.compactMap { part in
            part.samples.classCounts?.warning.map { "\(part.samples.split.rawValue): \($0)" }
        }
        let members = splits.map { ($0.samples.split.rawValue, Self.json(of: $0.samples, $0.statistics)) }
        return [
            "splits": .object(Dictionary(uniqueKeysWithValues: members)),
            "warnings": .array((classWarnings + warnings).map { .string($0) }),
            "notes": .array(notes.map { .string($0) }), "unused": .array(unused.map { .string($0) }),
        ]
    }

    private static func json(of samples: SampleSet, _ statistics: SampleStatistics) -> JSONValue {
        var members: [String: JSONValue] = [
            "samples": .integer(statistics.samples), "type": .string("\(samples.source.dataset.elementType)"),
            "shape": .array(samples.sample.extents.map { .integer($0) }),
            "least": statistics.samples > 0 ? .number(Double(statistics.least)) : .null,
            "most": statistics.samples > 0 ? .number(Double(statistics.most)) : .null,
            "mean": .array(statistics.mean.map { .number($0) }),
            "deviation": .array(statistics.deviation.map { .number($0) }),
            "constant": .integer(statistics.constant.count), "repeated": .integer(statistics.repeated.count),
            "encoded": .bool(samples.isEncoded), "damaged": .integer(statistics.damaged.count),
        ]
        if let (width, least, most) = targets(of: samples) {
            members["targets"] = [
                "width": .integer(width), "least": .number(Double(least)), "most": .number(Double(most)),
            ]
        }
        if let counts = samples.classCounts {
            members["classes"] = .integer(counts.classes)
            members["empty_classes"] = .integer(counts.empty)
            if counts.classes <= 10_000 {
                members["class_counts"] = .array((0..<counts.classes).map { .integer(counts[$0]) })
            }
        }
        return .object(members)
    }
}
