import ImportSources

/// What a npy file says of each sample.
enum NumPyTargets {
    /// Class numbers; names where they are words.
    case labels([Int32], names: [String]?)
    /// Numbers to be predicted, so many a sample.
    case values([Float], width: Int)

    /// Each number up to the largest label is a class.
    private static let largestLabel = (1 << 16) - 1

    /// Integers and truth values [N] or [N, 1] are class numbers, as are one-hot rows [N, K]. Whole floats from 0 on are class
    /// numbers too. Words are classes in sorted order, or in that of `names`. All else are numbers to be predicted.
    init(_ array: NumPyArray, names: [String]? = nil) throws(ImportError) {
        guard array.extents.dropFirst().count(where: { $0 != 1 }) <= 1 else {
            throw .unreadable(
                array.place,
                reason: "its shape is \(array.extents); targets are [N], [N, 1], or [N, K] of K classes or numbers")
        }
        try array.requireMemory(array.count * array.width * (array.type.isNumeric ? 12 : 64))
        guard array.type.isNumeric else {
            self = try Self.words(array, names)
            return
        }
        if array.width > 1 {
            self = try Self.rows(array)
        } else if array.type.kind == .float {
            self = Self.floats(try Self.numbers(array))
        } else {
            self = .labels(try Self.integers(array), names: nil)
        }
    }

    /// The same as numbers to be predicted.
    var asValues: NumPyTargets {
        guard case .labels(let labels, nil) = self else { return self }
        return .values(labels.map { Float($0) }, width: 1)
    }

    private static func integers(_ array: NumPyArray) throws(ImportError) -> [Int32] {
        let rows = try array.rows()
        var labels: [Int32] = []
        labels.reserveCapacity(array.count)
        var row: [UInt8] = []
        for record in 0..<array.count {
            try rows.read(into: &row)
            // What is no `Int` is too large for one.
            let label = array.type.integer(row, 0) ?? .max
            guard (0...largestLabel).contains(label) else {
                throw .noClassNumber(array.place, record: record, label: label, largest: largestLabel)
            }
            labels.append(Int32(label))
        }
        try rows.requireEnd()
        return labels
    }

    private static func numbers(_ array: NumPyArray) throws(ImportError) -> [Float] {
        let rows = try array.rows()
        var values: [Float] = []
        values.reserveCapacity(array.count * array.width)
        var row: [UInt8] = []
        for record in 0..<array.count {
            try rows.read(into: &row)
            for index in 0..<array.width {
                let value = Float(array.type.number(row, index))
                guard value.isFinite else {
                    throw .damaged(array.place, reason: "row \(record) has the value \(value)")
                }
                values.append(value)
            }
        }
        try rows.requireEnd()
        return values
    }

    private static func floats(_ values: [Float]) -> NumPyTargets {
        let areClasses = values.allSatisfy { $0 == $0.rounded() && (0...Float(largestLabel)).contains($0) }
        return areClasses ? .labels(values.map { Int32($0) }, names: nil) : .values(values, width: 1)
    }

    private static func rows(_ array: NumPyArray) throws(ImportError) -> NumPyTargets {
        let (values, width) = (try numbers(array), array.width)
        var labels: [Int32] = []
        for begin in stride(from: 0, to: values.count, by: width) {
            let row = values[begin..<begin + width]
            guard let hot = row.firstIndex(of: 1), row.count(where: { $0 == 0 }) == width - 1 else {
                return .values(values, width: width)
            }
            labels.append(Int32(hot - begin))
        }
        return .labels(labels, names: (0..<width).map(String.init))
    }

    private static func words(_ array: NumPyArray, _ known: [String]?) throws(ImportError) -> NumPyTargets {
        guard array.width == 1 else {
            throw .unreadable(array.place, reason: "its shape is \(array.extents); words are [N]")
        }
        let rows = try array.rows()
        var words: [String] = []
        var row: [UInt8] = []
        for _ in 0..<array.count {
            try rows.read(into: &row)
            words.append(array.type.word(row, 0))
        }
        try rows.requireEnd()
        let names = known ?? Set(words).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let numbers = Dictionary(zip(names, Int32(0)...), uniquingKeysWith: { first, _ in first })
        var labels: [Int32] = []
        for (record, word) in words.enumerated() {
            guard let number = numbers[word] else {
                throw .damaged(array.place, reason: "record \(record) is '\(word)', which the training labels lack")
            }
            labels.append(number)
        }
        return .labels(labels, names: names)
    }
}
