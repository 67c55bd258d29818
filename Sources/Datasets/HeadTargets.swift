import HDF5Storage

/// What a network with several outputs asks of a data file for one of them, a head.
public struct HeadDemand: Sendable, Equatable {
    /// The output's name, under which its targets are looked for: `/train/digit`, `/validation/digit`.
    public let name: String
    /// Where the training targets lie, if a person said it. Those of other splits then have the last part of this name.
    public let path: String?
    public let demand: TargetDemand?

    public init(name: String, path: String?, demand: TargetDemand?) {
        (self.name, self.path, self.demand) = (name, path, demand)
    }

    /// What the data set of a split is called.
    var word: String { DatasetPath.word(path ?? name) }
}

/// The targets of one head: some columns of the rows that hold those of all.
public struct HeadTargets: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A class number, in one column.
        case label(classes: Int)
        /// Numbers to be predicted; or which classes a sample belongs to, if all are 0 or 1.
        case values(width: Int, isMultiHot: Bool)
    }

    public let name: String
    public let path: String
    public let kind: Kind
    /// In label order, if the labels are words.
    public let classNames: [String]?
    /// Whether all numbers are from 0 to 1.
    package let areShares: Bool

    package init(name: String, path: String, kind: Kind, classNames: [String]?, areShares: Bool = true) {
        (self.name, self.path, self.kind, self.classNames) = (name, path, kind, classNames)
        self.areShares = areShares
    }

    /// What each sample has.
    var form: TargetForm { if case .label = kind { .labels } else { .targets } }

    /// Columns.
    public var width: Int { if case .values(let width, _) = kind { width } else { 1 } }
}

/// Reads the targets of all heads of a split into rows.
struct HeadReader {
    let heads: [HeadDemand]
    /// One for each head.
    let datasets: [Dataset]
    let samples: Int
    let options: DatasetOptions
    /// Those of heads that an earlier split has given numbers.
    let known: [HeadTargets]

    func read() throws -> (found: TargetReader.Found, heads: [HeadTargets]) {
        var (columns, targets, notes) = ([Targets](), [HeadTargets](), [String]())
        for (number, head) in heads.enumerated() {
            var options = options
            options.demand = head.demand
            // A small split may look as if it had targets of another kind, such as one class a sample by chance.
            if !known.isEmpty { options.targets = known[number].form }
            let reader = TargetReader(
                dataset: datasets[number], samples: samples, options: options,
                classNames: known.isEmpty ? nil : known[number].classNames)
            let found = try reader.read()
            columns.append(found.targets)
            notes += found.notes
            let own = HeadTargets(
                name: head.name, path: datasets[number].path, kind: try kind(of: found, datasets[number]),
                classNames: found.names ?? (known.isEmpty ? nil : known[number].classNames),
                areShares: found.targets.values.allSatisfy { (0...1).contains($0) })
            guard known.isEmpty || (own.form, own.width) == (known[number].form, known[number].width) else {
                throw DatasetError(
                    file: datasets[number].file, object: own.path,
                    "it has \(own.width) columns of \(own.form.rawValue), but the training targets of the output \(head.name) are "
                        + "\(known[number].width) columns of \(known[number].form.rawValue)",
                    remedy: "store targets of all splits alike")
            }
            targets.append(own)
        }
        let width = targets.reduce(0) { $0 + $1.width }
        try datasets[0].requireMemory(samples * width * MemoryLayout<Float>.stride, for: "the targets of all outputs")
        var rows: [Float] = []
        rows.reserveCapacity(samples * width)
        for sample in 0..<samples {
            for column in columns {
                switch column {
                case .labels(let labels): rows.append(Float(labels[sample]))
                case .targets(let values, let own): rows += values[sample * own..<(sample + 1) * own]
                case .none: break
                }
            }
        }
        return (TargetReader.Found(targets: .targets(rows, width: width), notes: notes), targets)
    }

    private func kind(of found: TargetReader.Found, _ dataset: Dataset) throws -> HeadTargets.Kind {
        switch found.targets {
        case .labels(let labels):
            return .label(classes: found.names?.count ?? found.width ?? Int(labels.max() ?? -1) + 1)
        case .targets(_, let width): return .values(width: width, isMultiHot: found.targets.isMultiHot)
        case .none: return .values(width: 0, isMultiHot: false)
        }
    }
}

extension SampleSet {
    /// Refuses labels of heads that are no classes, as rows without a class may have. Splits that are not used may have some.
    package func requireLabelsOfHeads() throws {
        let all = ofAllEpochs
        guard case .targets(let values, let width) = all.targets else { return }
        var column = 0
        for head in heads {
            if case .label = head.kind, let sample = (0..<all.count).first(where: { values[$0 * width + column] < 0 }) {
                throw DatasetError(
                    file: file, object: head.path,
                    "the label of sample \(all.rows[sample]) is \(Int(values[sample * width + column]))",
                    remedy: "leave its row out if it has no class, or say with --label-offset where labels begin")
            }
            column += head.width
        }
    }

    /// Refuses targets of heads that part files have otherwise, and gives the classes of both.
    func joinedHeads(with other: [HeadTargets]) throws -> [HeadTargets] {
        try zip(heads, other).map { own, other in
            guard own.classNames == other.classNames else {
                throw DatasetError(
                    file: file, object: own.path, "its classes are not those of the part files before it",
                    remedy: "store class numbers")
            }
            switch (own.kind, other.kind) {
            case (.label(let a), .label(let b)):
                return HeadTargets(
                    name: own.name, path: other.path, kind: .label(classes: max(a, b)), classNames: own.classNames)
            case (.values(let a, let isHot), .values(let b, let otherIsHot)) where a == b:
                return HeadTargets(
                    name: own.name, path: other.path, kind: .values(width: a, isMultiHot: isHot && otherIsHot),
                    classNames: nil, areShares: own.areShares && other.areShares)
            default:
                throw DatasetError(
                    file: file, object: own.path,
                    "its targets are of another kind than those of the part files before it",
                    remedy: "part files hold targets of one kind")
            }
        }
    }
}
