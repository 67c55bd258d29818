import Basics
import HDF5Storage

/// What each class counts in the loss.
public enum ClassWeights: Sendable, Equatable, LosslessStringConvertible {
    /// Samples / (classes * samples of the class): all classes count the same in sum.
    case balanced
    /// By number or name; a class that is not there counts 1.
    case list([Item])

    public struct Item: Sendable, Equatable {
        public let name: String
        public let weight: Float
    }

    /// `balanced`, or `0:1,1:9`. A name may have colons, but no commas.
    public init?(_ text: String) {
        if text == "balanced" {
            self = .balanced
            return
        }
        var items: [Item] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let colon = part.lastIndex(of: ":"), colon > part.startIndex,
                let weight = Float(part[part.index(after: colon)...]), weight.isPossibleWeight
            else { return nil }
            items.append(Item(name: String(part[..<colon]), weight: weight))
        }
        guard Set(items.map(\.name)).count == items.count else { return nil }
        self = .list(items)
    }

    public var description: String {
        switch self {
        case .balanced: "balanced"
        case .list(let items): items.map { "\($0.name):\($0.weight)" }.joined(separator: ",")
        }
    }

    /// The weight of each class of the samples, by its number.
    fileprivate func weights(for samples: SampleSet, _ labels: [Int32]) throws(DatasetError) -> [Int32: Float] {
        switch self {
        case .balanced:
            let counts = labels.reduce(into: [Int32: Int]()) { $0[$1, default: 0] += 1 }
            return counts.mapValues { Float(Double(labels.count) / (Double(counts.count) * Double($0))) }
        case .list(let items):
            var weights: [Int32: Float] = [:]
            for item in items {
                guard let label = samples.label(of: item.name) else {
                    throw DatasetError(
                        file: samples.file, object: samples.targetsPath,
                        "there is no class \(item.name), to which --class-weights gives a weight",
                        remedy: "its classes are \(samples.classList)")
                }
                guard weights.updateValue(item.weight, forKey: label) == nil else {
                    throw DatasetError(
                        file: samples.file, object: samples.targetsPath,
                        "--class-weights gives class \(label) two weights", remedy: "name each class once")
                }
            }
            return weights
        }
    }
}

extension Float {
    fileprivate var isPossibleWeight: Bool { isFinite && self >= 0 }
}

extension SampleSet {
    /// A class by its name, or else by its number.
    fileprivate func label(of name: String) -> Int32? {
        if let place = classNames?.firstIndex(of: name) { return Int32(exactly: place) }
        return Int32(name).flatMap { $0 >= 0 && Int($0) < classes ? $0 : nil }
    }

    fileprivate var classList: String { classNames?.listed(atMost: 20) ?? "0 to \(classes - 1)" }

    /// These samples with the weights of their classes.
    public func weighted(by classWeights: ClassWeights) throws -> SampleSet {
        guard heads.isEmpty else {
            throw DatasetError(
                file: file, object: targetsPath,
                "--class-weights gives weights to the classes of one output, as in Keras",
                remedy: "leave it out, or give each sample a weight with --sample-weights")
        }
        guard case .labels(let labels) = targets else {
            throw DatasetError(
                file: file, object: targetsPath, "it has no classes to which --class-weights could give weights",
                remedy: "leave it out, or give each sample a weight with --sample-weights")
        }
        let weights = try classWeights.weights(for: self, labels)
        return weighted { samples in
            guard case .labels(let labels) = samples.targets else { return [] }
            return labels.map { weights[$0] ?? 1 }
        }
    }

    private func weighted(_ weights: (SampleSet) -> [Float]) -> SampleSet {
        var samples = self
        samples.weights = weights(self)
        samples.redraw = redraw.map { $0.mapped { $0.weighted(weights) } }
        return samples
    }

    /// These samples with weights of a data set: one number a sample, finite and not negative.
    func weighted(by dataset: Dataset) throws -> SampleSet {
        func error(_ detail: String) -> DatasetError {
            DatasetError(
                file: file, object: dataset.path, detail, remedy: "--sample-weights needs one number for each sample")
        }
        let samples = source.parts.rows
        guard dataset.elementType.isNumeric, dataset.shape.rank > 0, dataset.rows == samples, dataset.rowCount == 1
        else {
            throw error(
                "weights of shape \(dataset.shape) and type \(dataset.elementType) do not belong to \(samples) rows")
        }
        try dataset.requireMemory(dataset.rows * MemoryLayout<Float>.stride, for: "all of it")
        let stored = try dataset.read(as: Float.self)
        let values = (0..<count).map { stored[rows[$0]] }
        if let index = values.firstIndex(where: { !$0.isPossibleWeight }) {
            throw error("the weight of sample \(rows[index]) is \(values[index])")
        }
        var weighted = self
        weighted.weights = values
        return weighted
    }

    /// Refuses samples of which none counts.
    package func requireSomeWeight() throws {
        guard let weights, !weights.contains(where: { $0 > 0 }) else { return }
        throw DatasetError(
            file: file, object: source.dataset.path, "all samples to train on have the weight 0",
            remedy: "give some of them another one with --sample-weights or --class-weights")
    }
}
