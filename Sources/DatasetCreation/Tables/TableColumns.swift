import Basics

/// What the columns of a table become, found out in one pass over its rows.
struct TableColumns {
    /// What a column becomes among the features.
    enum Feature {
        /// One value: (x - mean) / deviation.
        case number(column: Int, mean: Double, deviation: Double)
        /// One value for each word: 1 for the word of the row, 0 for the others.
        case words(column: Int, places: [String: Int])

        var width: Int {
            switch self {
            case .number: 1
            case .words(_, let places): places.count
            }
        }
    }

    enum Targets {
        /// Numbers that are to be predicted.
        case numbers(columns: [Int])
        /// A class for each word.
        case classes(column: Int, names: [String], places: [String: Int])
    }

    let rows: Int
    let features: [Feature]
    let targets: Targets
    /// Of each value of a sample: `age`, `city=Oslo`.
    let names: [String]
    /// Of each value of a sample as it is stored. The deviation is 1 where all values are equal.
    let mean: [Float]
    let deviation: [Float]

    /// The values of a sample.
    var width: Int { names.count }

    /// One-hot columns are wide, and samples are limited.
    private static let mostWords = 1 << 16
    private static let mostValues = 1 << 20

    init(_ file: TableFile, _ options: TableOptions) throws(ImportError) {
        var targets: [Int] = []
        for name in options.targets { targets.append(try file.column(name, option: "target")) }
        var categorical: Set<Int> = []
        for name in options.categorical { categorical.insert(try file.column(name, option: "categorical")) }
        guard Set(targets).count == targets.count, !targets.isEmpty else {
            throw .badOption("target", reason: "name a column once")
        }
        guard targets.count < file.columns.count else {
            throw .badOption("target", reason: "no column is left for the features")
        }
        if targets.count > 1, let words = targets.first(where: categorical.contains) {
            throw .badOption("target", reason: "\(file.columns[words]) has classes, and can only be the one target")
        }
        let isClass = try Self.isOfClasses(targets, categorical, file)
        let rows = try file.rows()
        var tallies = file.columns.indices.map {
            Tally(countsWords: categorical.contains($0) || (isClass && targets == [$0]))
        }
        var count = 0
        while try rows.next() {
            for column in tallies.indices { try tallies[column].add(rows, column, file) }
            count += 1
        }
        guard count > 0 else { throw .unreadable(file.path, reason: "it has no rows") }
        self.rows = count
        self.targets =
            isClass
            ? .classes(column: targets[0], names: tallies[targets[0]].sorted, places: tallies[targets[0]].places)
            : .numbers(columns: targets)
        var features: [Feature] = []
        var values: [(name: String, mean: Double, deviation: Double)] = []
        for column in file.columns.indices where !targets.contains(column) {
            let (name, tally) = (file.columns[column], tallies[column])
            if tally.countsWords {
                features.append(.words(column: column, places: tally.places))
                values += tally.sorted.map { word in
                    let share = Double(tally.words[word] ?? 0) / Double(count)
                    return ("\(name)=\(word)", share, (share * (1 - share)).squareRoot())
                }
            } else {
                let isScaled = options.standardizes && tally.deviation > 0
                features.append(
                    .number(column: column, mean: isScaled ? tally.mean : 0, deviation: isScaled ? tally.deviation : 1))
                values.append(isScaled ? (name, 0, 1) : (name, tally.mean, tally.deviation))
            }
            guard values.count <= Self.mostValues else {
                throw .badOption("categorical", reason: "a row would become more than \(Self.mostValues) values")
            }
        }
        self.features = features
        names = values.map(\.name)
        mean = values.map { Float($0.mean) }
        deviation = values.map { Float($0.deviation) > 0 ? Float($0.deviation) : 1 }
    }

    /// A target of words has classes. One of numbers has them if it is among the categorical columns.
    private static func isOfClasses(
        _ targets: [Int], _ categorical: Set<Int>, _ file: TableFile
    ) throws(ImportError) -> Bool {
        guard targets.count == 1, !categorical.contains(targets[0]) else { return targets.count == 1 }
        let rows = try file.rows()
        guard try rows.next() else { return false }
        return try rows.value(targets[0]).number == nil
    }

    /// What is known of a column once all rows were seen.
    private struct Tally {
        let countsWords: Bool
        /// How often each word occurs.
        private(set) var words: [String: Int] = [:]
        private(set) var mean = 0.0
        private var count = 0
        private var squares = 0.0

        init(countsWords: Bool) { self.countsWords = countsWords }

        /// Of the population.
        var deviation: Double { count > 0 ? (squares / Double(count)).squareRoot() : 0 }

        mutating func add(_ rows: TableFile.Rows, _ column: Int, _ file: TableFile) throws(ImportError) {
            guard countsWords else {
                let name = file.columns[column]
                let number = try rows.number(column, remedy: "if it has words, give --categorical \(name)")
                // Welford's recurrence, which loses no digits.
                count += 1
                let difference = number - mean
                mean += difference / Double(count)
                squares += difference * (number - mean)
                return
            }
            words[try rows.value(column).text, default: 0] += 1
            guard words.count <= TableColumns.mostWords else {
                throw .badLine(
                    file.path, line: rows.line,
                    reason: "column \(file.columns[column]) has more than \(TableColumns.mostWords) different words")
            }
        }

        /// Numbers by size, words by letters.
        var sorted: [String] {
            let numbers = words.keys.map { (TableValue($0, decimalComma: false).number, $0) }
            if numbers.allSatisfy({ $0.0 != nil }) {
                return numbers.sorted { ($0.0 ?? 0, $0.1) < ($1.0 ?? 0, $1.1) }.map(\.1)
            }
            return words.keys.sorted()
        }

        var places: [String: Int] {
            Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($0.element, $0.offset) })
        }
    }
}
