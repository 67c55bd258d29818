import Datasets
import Transforms
import Basics

/// What the samples of a data file are like, and what looks like a mistake.
public struct DatasetSummary: Sendable {
    /// Of the splits that the file has.
    public let splits: [(samples: SampleSet, statistics: SampleStatistics)]
    /// Whether all samples were looked at.
    public let isWhole: Bool

    /// What the file says besides samples and targets, and how it was understood.
    let notes: [String]
    let unused: [String]

    /// Of a bounded number of samples of each split. An image that cannot be decoded is an error, unless `countsDamaged`.
    public init(sampling file: DatasetFile, countsDamaged: Bool = false) throws {
        splits = try Split.allCases.compactMap { file.splits[$0] }.map {
            ($0, try $0.sampledStatistics(countsDamaged: countsDamaged))
        }
        isWhole = splits.allSatisfy { $0.samples.count == $0.statistics.samples + $0.statistics.damaged.count }
        (notes, unused) = (file.notes, file.unused)
    }

    /// Of all samples. `progress` gets the part that is done, 0...1, from time to time.
    public init(of file: DatasetFile, progress: (Double) -> Void = { _ in }) throws {
        let sets = Split.allCases.compactMap { file.splits[$0] }
        let total = sets.reduce(0) { $0 + $1.count }
        var done = 0
        splits = try sets.map { samples in
            defer { done += samples.count }
            return (samples, try samples.statistics { progress(Double(done + $0) / Double(total)) })
        }
        isWhole = true
        (notes, unused) = (file.notes, file.unused)
    }

    /// What looks like a mistake, a sentence each. `rule` is how samples become inputs, if nothing else scales them.
    public func warnings(for rule: Normalization?) -> [String] {
        splits.flatMap { warnings(of: $0.samples, $0.statistics, rule) } + rangeWarnings + sharedWarnings
    }

    // MARK: One split

    private func warnings(of samples: SampleSet, _ statistics: SampleStatistics, _ rule: Normalization?) -> [String] {
        guard samples.sample.rank == 3 else { return [] }
        let images = "\(samples.split.rawValue) images"
        var warnings: [String] = []
        if let rule, samples.split == .train, let text = scaleWarning(samples.source.form, statistics, rule) {
            warnings.append("\(images) \(text)")
        }
        if let first = statistics.damaged.first, let reason = statistics.firstDamage {
            warnings.append(
                "\(statistics.damaged.count) of the \(images) cannot be decoded: number \(first)\(more(statistics.damaged)): \(reason)"
            )
        }
        let looked = isWhole ? "\(statistics.samples) \(images)" : "\(statistics.samples) \(images) looked at"
        if let first = statistics.constant.first {
            let black = statistics.zero.count == statistics.constant.count ? " of zeros, as if never written" : ""
            warnings.append(
                "\(statistics.constant.count) of \(looked) have one value everywhere\(black): number \(first)\(more(statistics.constant))"
            )
        }
        if let first = statistics.repeated.first, let original = statistics.firstOriginal {
            warnings.append(
                "\(statistics.repeated.count) of \(looked) repeat an earlier one: number \(first) is number \(original)\(more(statistics.repeated))"
            )
        }
        return warnings
    }

    private func more(_ occurrence: SampleStatistics.Occurrence) -> String {
        occurrence.count > 1 ? ", and others" : ""
    }

    private func scaleWarning(
        _ form: SampleForm, _ statistics: SampleStatistics, _ rule: Normalization
    ) -> String? {
        let most = ValueRange.text(statistics.most)
        switch (form, rule) {
        case (.bytes, .unit) where statistics.most == 1:
            return "have bytes of 0 and 1 only, which divided by 255 are almost 0; see --normalization unchanged"
        case (.floats, .unchanged) where statistics.least >= 0 && statistics.most > 2 && statistics.most <= 255:
            return "have values up to \(most), used as they are; --normalization unit divides by 255"
        case (.floats, .unchanged) where statistics.least >= 0 && statistics.most > 255:
            return "have values up to \(most), used as they are; see --value-range"
        default: return nil
        }
    }

    // MARK: Between splits

    /// One of them was scaled, and the other was not.
    private var rangeWarnings: [String] {
        guard let train = splits.first(where: { $0.samples.split == .train }) else { return [] }
        return splits.compactMap { other in
            let spans = [train, other].map { Double($0.statistics.most) - Double($0.statistics.least) }
            guard other.samples.split != .train, spans.min() ?? 0 > 0, (spans.max() ?? 0) / (spans.min() ?? 1) > 16
            else {
                return nil
            }
            let ranges = [train, other].map {
                "\($0.samples.split.rawValue) samples are from \(ValueRange.text($0.statistics.least)) to "
                    + ValueRange.text($0.statistics.most)
            }
            return "\(ranges[0]), but \(ranges[1]): were only some of them scaled?"
        }
    }

    private var sharedWarnings: [String] {
        guard let train = splits.first(where: { $0.samples.split == .train }) else { return [] }
        return splits.compactMap { other in
            guard other.samples.split != .train, other.samples.sample.rank == 3 else { return nil }
            let shared = train.statistics.shared(with: other.statistics)
            guard let first = shared.first else { return nil }
            return
                "\(shared.count) \(other.samples.split.rawValue) images are also train images: number \(first)\(more(shared))"
        }
    }
}
