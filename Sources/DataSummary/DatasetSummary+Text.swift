import Datasets
import Transforms
import Basics

/// What `dptrain data stats` prints.
extension DatasetSummary {
    /// For people. `warnings` go at the end.
    public func text(warnings: [String]) -> String {
        (splits.flatMap { Self.lines(of: $0.samples, $0.statistics) } + warnings.map { "warning: \($0)" })
            .joined(separator: "\n")
    }

    private static func lines(of samples: SampleSet, _ statistics: SampleStatistics) -> [String] {
        let type = samples.source.dataset.elementType
        var lines = [
            "\(samples.split.rawValue): \(statistics.samples) samples of \(samples.sample), \(type)",
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
        return lines
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
        ]
    }

    private static func json(of samples: SampleSet, _ statistics: SampleStatistics) -> JSONValue {
        var members: [String: JSONValue] = [
            "samples": .integer(statistics.samples), "type": .string("\(samples.source.dataset.elementType)"),
            "shape": .array(samples.sample.extents.map { .integer($0) }),
            "least": .number(Double(statistics.least)), "most": .number(Double(statistics.most)),
            "mean": .array(statistics.mean.map { .number($0) }),
            "deviation": .array(statistics.deviation.map { .number($0) }),
            "constant": .integer(statistics.constant.count), "repeated": .integer(statistics.repeated.count),
        ]
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
