import Basics
import HDF5Storage
import Transforms

extension SampleSource {
    /// Whether samples are integers other than uint8, which become floats on the way.
    public var holdsWideIntegers: Bool { dataset.elementType.isInteger && form == .floats }
}

/// Integers wider than bytes say nothing of which number is black and which is white. So the values that occur decide, all
/// of them.
extension SampleSet {
    /// Such a data set is not read to its end before a run.
    private static var mostBytes: Int { 1 << 30 }
    private static var blockBytes: Int { 8 << 20 }

    /// What values are divided by to be from 0 to 1, as where no rule is chosen. Those that are stored as floats are taken to be so
    /// already.
    package func unitDivisor() throws -> Float {
        let remedy = "choose --normalization centered-pixel, which subtracts the mean and divides by nothing"
        return switch try standardNormalization(elseChoose: remedy).rule {
        case .unit: 255
        case .range(let range): range.high
        case .unchanged, .standardized, .preprocessed: 1
        }
    }

    /// What a rule that is made for bytes takes other values for; nil if there is nothing to say.
    package func remark(on rule: Normalization) -> String? {
        guard source.form == .floats, rule.isForBytes else { return nil }
        return
            "the \(source.dataset.elementType) values of \(source.dataset.path) are taken to be from 0 to 255, as bytes are"
    }

    /// The rule for samples where no other is chosen, with a remark on it. Integers wider than bytes are read once, to the
    /// end.
    public func standardNormalization() throws -> (rule: Normalization, note: String?) {
        try standardNormalization(
            elseChoose: "say with --value-range LOW:HIGH which values become 0 and 1, such as 0:4095")
    }

    /// `remedy` is for values that do not say what they mean.
    private func standardNormalization(elseChoose remedy: String) throws -> (rule: Normalization, note: String?) {
        let type = source.dataset.elementType
        guard source.holdsWideIntegers else { return (.standard(for: source.form), nil) }
        let place = "the \(type) values of \(source.dataset.path)"
        guard sample.rank == 3 else { return (.unchanged, "\(place) are used as they are") }
        let bytes = source.dataset.shape.count / source.dataset.rows * count * type.bytes
        guard bytes <= Self.mostBytes else {
            throw unclear("its \(bytes >> 30) GiB of \(type) are too many to look for the range of values", remedy)
        }
        let (least, most) = try integerRange()
        let found = "\(place) are from \(least) to \(most)"
        switch (least, most) {
        case (0..., ...1): return (.unchanged, "\(found), and used as they are")
        case (0..., ...255): return (.unit, "\(found), and divided by 255")
        case (0..., ...65535): return (.range(.sixteenBits), "\(found), and divided by 65535; see --value-range")
        default: throw unclear("its \(type) values are from \(least) to \(most)", remedy)
        }
    }

    private func integerRange() throws -> (Int64, Int64) {
        let dataset = source.dataset
        var block = max(1, Self.blockBytes / (dataset.rowCount * MemoryLayout<Int64>.stride))
        if case .chunked(let rows) = source.access { block = block.rounded(upToMultipleOf: rows) }
        try dataset.requireMemory(block * dataset.rowCount * 8, for: "a chunk of it")
        var (least, most) = (Int64.max, Int64.min)
        var sample = 0
        while sample < count {
            let first = rows[sample]
            let end = min((first / block + 1) * block, rows[count - 1] + 1)
            let values = AlignedBuffer<Int64>(count: (end - first) * dataset.rowCount)
            try source.parts.read(rows: first..<end, into: values.baseAddress)
            // Rows that lie between these may be held out of training.
            while sample < count, rows[sample] < end {
                let start = (rows[sample] - first) * dataset.rowCount
                for value in values[start..<start + dataset.rowCount] {
                    (least, most) = (min(least, value), max(most, value))
                }
                sample += 1
            }
        }
        return (least, most)
    }

    private func unclear(_ detail: String, _ remedy: String) -> DatasetError {
        DatasetError(file: file, object: source.dataset.path, detail, remedy: remedy)
    }
}
