import Datasets
import Transforms
import HDF5Storage
import Basics

/// What `dptrain data inspect` says of a file: what was found in it, and how a run would use it.
public struct DatasetInspection: CustomStringConvertible {
    public let description: String

    public init(_ file: DatasetFile, validationSplit: Double? = nil) throws {
        var lines = [file.path]
        for split in Split.allCases {
            if let dataset = file.splits[split] { lines += try Self.lines(of: dataset) }
        }
        lines += file.notes.map { "note: \($0)" }
        if !file.unused.isEmpty { lines.append("not used: \(file.unused.listed(atMost: 20))") }
        if let names = file.classNames {
            lines.append("classes: \(names.enumerated().map { "\($0) \($1)" }.joined(separator: ", "))")
        }
        if let (mean, deviation) = file.statistics {
            lines.append("mean by channel: \(Self.list(mean))")
            lines.append("standard deviation by channel: \(Self.list(deviation))")
        }
        lines.append("fingerprint: \(try file.fingerprint())")
        if let train = file.splits[.train] {
            let rule = validationSplit.map { ValidationRule.last($0) } ?? .usual
            lines.append("normalization: \(Self.explain(train))")
            lines.append("validation: \(try file.trainingData(rule).explanation)")
        }
        let summary = try DatasetSummary(sampling: file, countsDamaged: true)
        let rule = file.splits[.train].flatMap { try? $0.standardNormalization().rule } ?? .unchanged
        for (samples, statistics) in summary.splits {
            lines.append(
                "values of \(statistics.samples) \(samples.split.rawValue) samples: from \(ValueRange.text(statistics.least)) to "
                    + ValueRange.text(statistics.most))
        }
        var warnings = summary.warnings(for: rule)
        if let train = file.splits[.train], let text = try train.layoutWarning(batch: Self.usualBatch) {
            warnings.append(text)
        }
        lines += warnings.map { "warning: \($0)" }
        description = lines.joined(separator: "\n")
    }

    private static let usualBatch = 128

    private static func lines(of dataset: SampleSet) throws -> [String] {
        let source = dataset.source
        var lines = [
            "\(dataset.split.rawValue): \(dataset.count) "
                + (dataset.isEncoded
                    ? "encoded images" : "samples of \(dataset.sample), \(source.dataset.elementType)"),
            "  samples: \(source.dataset.path), \(orderText(source)), \(try storageText(source))",
        ]
        for input in dataset.further {
            let own = input.source
            let kind = own.parts.areEncoded ? "encoded images" : "\(own.sample), \(own.dataset.elementType)"
            lines.append(
                "  input \(input.name): \(own.dataset.path), \(kind), \(orderText(own)), \(try storageText(own))")
        }
        if source.parts.parts.count > 1 { lines.append("  in \(source.parts.parts.count) part files") }
        if dataset.isEncoded { lines.append("  \(lengthText(dataset))") }
        guard dataset.heads.isEmpty else { return lines + dataset.heads.map { "  output \($0.text)" } }
        switch dataset.targets {
        case .labels:
            lines.append("  labels: \(dataset.targetsPath ?? ""), \(dataset.classes) classes")
            if let counts = dataset.classCounts {
                lines.append("  samples by class: \(counts.text(atMost: 20))")
                if let warning = counts.warning { lines.append("  warning: \(warning)") }
            }
        case .targets(let values, let width):
            if dataset.targets.isMultiHot {
                lines.append(
                    "  targets: \(dataset.targetsPath ?? ""), which of \(width) classes a sample belongs to (0 or 1)")
                break
            }
            let range = (values.min() ?? 0, values.max() ?? 0)
            let areWhole = width == 1 && range.0 >= 0 && values.allSatisfy { $0 == $0.rounded() }
            lines.append(
                "  targets: \(dataset.targetsPath ?? ""), \(width) a sample, from \(range.0) to \(range.1)"
                    + (areWhole ? "; class numbers for a network that tells classes apart" : ""))
        case .none:
            lines.append("  no labels")
        }
        return lines
    }

    /// `20134 to 310244 bytes an image, 109876 on average`
    private static func lengthText(_ dataset: SampleSet) -> String {
        let lengths = (0..<dataset.count).map { dataset.source.parts.length(of: dataset.rows[$0]) }
        let mean = lengths.reduce(0, +) / max(1, lengths.count)
        return "\(lengths.min() ?? 0) to \(lengths.max() ?? 0) bytes an image, \(mean) on average"
    }

    private static func orderText(_ source: SampleSource) -> String {
        switch source.order {
        case .nhwc: "height x width x channels"
        case .nchw: "channels x height x width, turned round while reading"
        case .ncwh: "width before height (MATLAB), turned round while reading"
        case nil where source.parts.areEncoded: "JPEG, PNG or WebP"
        case nil: source.sample.rank == 1 ? "features" : "height x width, one channel"
        }
    }

    private static func storageText(_ source: SampleSource) throws -> String {
        switch try source.dataset.storage() {
        case _ where source.dataset.holdsByteLists: return "lists of bytes, read by HDF5 one by one"
        case .contiguous:
            return source.access == .byRow
                ? "contiguous, converted by HDF5 sample by sample" : "contiguous, read at its place in the file"
        case .chunked(let chunk, let filters):
            let packing = filters.isEmpty ? "uncompressed" : filters.joined(separator: " + ")
            return "chunks of \(chunk) (\(packing)), shuffled chunk by chunk"
        case .other:
            return "read by HDF5 sample by sample"
        }
    }

    private static func explain(_ samples: SampleSet) -> String {
        let rule: String
        do {
            let (standard, note) = try samples.standardNormalization()
            rule = note ?? (standard == .unit ? "x / 255" : "values are used as they are")
        } catch {
            return "\(error)"
        }
        return "\(rule), unless another is chosen"
    }

    private static func list(_ values: [Float]) -> String { values.map(\.description).joined(separator: ", ") }
}

extension HeadTargets {
    /// `digit: /train/digit, 10 classes`
    fileprivate var text: String {
        let content =
            switch kind {
            case .label(let classes): "\(classes) classes"
            case .values(let width, true): "which of \(width) classes a sample belongs to (0 or 1)"
            case .values(let width, false): "\(Figures.count(width, "value")) a sample"
            }
        return "\(name): \(path), \(content)"
    }
}
