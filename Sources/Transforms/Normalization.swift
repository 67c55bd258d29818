import Basics

/// How stored samples become the numbers a network sees. A checkpoint keeps it as text (`description`).
public enum Normalization: Sendable, Equatable, LosslessStringConvertible {
    /// As they are: the rule for floats.
    case unchanged
    /// x / 255: the rule for bytes.
    case unit
    /// (x - low) / (high - low).
    case range(ValueRange)
    /// (x - mean) / deviation, in the units of the stored samples: numbers for each channel, or for each value of a sample.
    case standardized(mean: [Float], deviation: [Float])
    /// As Keras's pretrained networks want colours from 0 to 255.
    case preprocessed(KerasPreprocessing)

    /// The rule for a data set where no other is chosen.
    public static func standard(for form: SampleForm) -> Normalization { form == .bytes ? .unit : .unchanged }

    /// Whether it takes values to be from 0 to 255, whatever they are stored as.
    package var isForBytes: Bool {
        switch self {
        case .unit, .preprocessed: true
        case .unchanged, .range, .standardized: false
        }
    }

    /// `unchanged`, `unit`, `range 0:4095`, `tf`, `torch`, `caffe`, or `standardized 125.3 123.0 113.9 / 63.0 62.1 66.7`.
    public var description: String {
        switch self {
        case .unchanged: return "unchanged"
        case .unit: return "unit"
        case .range(let range): return "range \(range)"
        case .preprocessed(let mode): return mode.rawValue
        case .standardized(let mean, let deviation):
            let lists = [mean, deviation].map { $0.map(\.description).joined(separator: " ") }
            return "standardized \(lists[0]) / \(lists[1])"
        }
    }

    public init?(_ description: String) {
        switch description {
        case "unchanged": self = .unchanged
        case "unit": self = .unit
        default:
            if let mode = KerasPreprocessing(rawValue: description) {
                self = .preprocessed(mode)
                return
            }
            let words = description.split(separator: " ")
            if words.first == "range", words.count == 2, let range = ValueRange(String(words[1])) {
                self = .range(range)
                return
            }
            guard words.first == "standardized" else { return nil }
            let lists = words.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            let numbers = lists.map { $0.compactMap { Float($0) } }
            guard numbers.count == 2, zip(numbers, lists).allSatisfy({ $0.count == $1.count }),
                numbers[0].count == numbers[1].count, !numbers[0].isEmpty
            else { return nil }
            self = .standardized(mean: numbers[0], deviation: numbers[1])
        }
    }
}

/// The modes of Keras's `imagenet_utils.preprocess_input`.
public enum KerasPreprocessing: String, Sendable, CaseIterable {
    /// From -1 to 1.
    case tf
    /// ImageNet's mean 0 and deviation 1 in each channel.
    case torch
    /// Blue, green, red, each minus ImageNet's mean.
    case caffe

    /// Of ImageNet: red, green and blue from 0 to 1.
    private static let mean: SIMD3<Float> = [0.485, 0.456, 0.406]
    private static let deviation: SIMD3<Float> = [0.229, 0.224, 0.225]
    /// Of ImageNet: blue, green and red from 0 to 255.
    private static let reversedMean: SIMD3<Float> = [103.939, 116.779, 123.68]

    /// What a value of a channel of the output becomes.
    func value(_ x: Float, channel: Int) -> Float {
        switch self {
        case .tf: x / 127.5 - 1
        case .torch: (x / 255 - Self.mean[channel]) / Self.deviation[channel]
        case .caffe: x - Self.reversedMean[channel]
        }
    }

    /// Which channel of the input a channel of the output is.
    func source(_ channel: Int) -> Int { self == .caffe ? 2 - channel : channel }
}

/// Stored samples of a shard.
public enum SampleValues {
    case bytes(UnsafePointer<UInt8>)
    case floats(UnsafePointer<Float>)
}

/// A normalization made ready for samples of one shape.
public struct Normalizer: Sendable {
    public let rule: Normalization
    private let sample: Shape
    /// The period of the rule in a sample's values: 1, the channels, or all values.
    private let period: Int
    /// What each byte value becomes, 256 entries for each value of the period; empty if that is a whole sample.
    private let table: [Float]
    /// For each value of the period, for rules that subtract and divide.
    private let mean: [Float]
    private let deviation: [Float]

    /// Nil if the rule has another number of channels or values than the samples, or a deviation that is not above zero.
    public init?(_ rule: Normalization, sample: Shape) {
        self.rule = rule
        self.sample = sample
        var (mean, deviation): ([Float], [Float]) = ([], [])
        switch rule {
        case .unchanged, .unit, .range, .preprocessed(.tf): period = 1
        case .preprocessed:
            guard sample.rank == 3, sample[2] == 3 else { return nil }
            period = 3
        case .standardized(let means, let deviations):
            guard means.count == sample.extents.last || means.count == sample.count,
                deviations.count == means.count, deviations.allSatisfy({ $0 > 0 })
            else { return nil }
            (period, mean, deviation) = (means.count, means, deviations)
        }
        (self.mean, self.deviation) = (mean, deviation)
        let levels = (0..<256).map { Float($0) }
        switch rule {
        case .unchanged: table = levels
        case .unit: table = levels.map { $0 / 255 }
        case .range(let range): table = levels.map { ($0 - range.low) / (range.high - range.low) }
        case .preprocessed(let mode):
            table = (0..<period).flatMap { channel in levels.map { mode.value($0, channel: channel) } }
        case .standardized:
            // Tables for each value of a sample would not stay in a cache.
            let hasTable = period == 1 || period == sample.extents.last
            table =
                hasTable
                ? zip(mean, deviation).flatMap { mean, deviation in levels.map { ($0 - mean) / deviation } } : []
        }
    }

    /// Normalises `count` samples into `output`, which has room for `count` times the sample's elements.
    public func normalize(_ values: SampleValues, count: Int, into output: UnsafeMutablePointer<Float>) {
        switch values {
        case .bytes(let bytes) where table.isEmpty: standardize(bytes, count, output) { Float($0) }
        case .bytes(let bytes): lookUp(bytes, count * sample.count, output)
        case .floats(let floats):
            let elements = count * sample.count
            switch rule {
            case .unchanged: output.update(from: floats, count: elements)
            case .unit: for i in 0..<elements { output[i] = floats[i] / 255 }
            case .range(let range):
                for i in 0..<elements { output[i] = (floats[i] - range.low) / (range.high - range.low) }
            case .preprocessed(let mode):
                for i in 0..<elements {
                    let channel = i % period
                    output[i] = mode.value(
                        floats[i - channel + (period == 3 ? mode.source(channel) : 0)], channel: channel)
                }
            case .standardized: standardize(floats, elements / period, output) { $0 }
            }
        }
    }

    private func lookUp(_ bytes: UnsafePointer<UInt8>, _ elements: Int, _ output: UnsafeMutablePointer<Float>) {
        table.withUnsafeBufferPointer { table in
            if period == 1 {
                for i in 0..<elements { output[i] = table[Int(bytes[i])] }
            } else if rule == .preprocessed(.caffe) {
                for pixel in stride(from: 0, to: elements, by: period) {
                    for c in 0..<period { output[pixel + c] = table[c << 8 | Int(bytes[pixel + period - 1 - c])] }
                }
            } else {
                for pixel in stride(from: 0, to: elements, by: period) {
                    for c in 0..<period { output[pixel + c] = table[c << 8 | Int(bytes[pixel + c])] }
                }
            }
        }
    }

    /// `periods`: how many times the rule is gone through.
    @inline(__always)
    private func standardize<Element>(
        _ input: UnsafePointer<Element>, _ periods: Int, _ output: UnsafeMutablePointer<Float>,
        _ number: (Element) -> Float
    ) {
        mean.withUnsafeBufferPointer { mean in
            deviation.withUnsafeBufferPointer { deviation in
                for start in stride(from: 0, to: periods * period, by: period) {
                    for i in 0..<period { output[start + i] = (number(input[start + i]) - mean[i]) / deviation[i] }
                }
            }
        }
    }
}

extension Normalization {
    /// In words that follow "its values are".
    public var explanation: String {
        switch self {
        case .unchanged: "as they are"
        case .unit: "divided by 255"
        case .range(let range): "from \(range) to 0:1"
        case .preprocessed(.tf): "from 0:255 to -1:1 (tf)"
        case .preprocessed(.torch): "by ImageNet's mean and deviation (torch)"
        case .preprocessed(.caffe): "blue, green, red, minus ImageNet's mean (caffe)"
        case .standardized(let mean, let deviation):
            mean.count <= 4 && deviation.count <= 4
                ? "minus \(Self.list(mean)), divided by \(Self.list(deviation))"
                : "minus \(mean.count) means, divided by \(Figures.count(deviation.count, "deviation"))"
        }
    }

    private static func list(_ numbers: [Float]) -> String {
        numbers.map { Figures.decimal(Double($0), 2) }.joined(separator: " ")
    }
}
