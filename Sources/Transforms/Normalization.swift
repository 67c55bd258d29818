import Basics

/// How stored samples become the numbers a network sees. A checkpoint keeps it as text (`description`).
public enum Normalization: Sendable, Equatable, LosslessStringConvertible {
    /// As they are: the rule for floats.
    case unchanged
    /// x / 255: the rule for bytes.
    case unit
    /// (x - low) / (high - low).
    case range(ValueRange)
    /// (x - mean) / deviation, by channel, both in the units of the stored samples.
    case standardized(mean: [Float], deviation: [Float])

    /// The rule for a data set where no other is chosen.
    public static func standard(for form: SampleForm) -> Normalization { form == .bytes ? .unit : .unchanged }

    /// `unchanged`, `unit`, `range 0:4095`, or `standardized 125.3 123.0 113.9 / 63.0 62.1 66.7`.
    public var description: String {
        switch self {
        case .unchanged: return "unchanged"
        case .unit: return "unit"
        case .range(let range): return "range \(range)"
        case .standardized(let mean, let deviation):
            let lists = [mean, deviation].map { $0.map(\.description).joined(separator: " ") }
            return "standardized \(lists[0]) / \(lists[1])"
        }
    }

    /// What becomes of numbers: `bytes divided by 255`.
    public func words(for numbers: String) -> String {
        switch self {
        case .unchanged: "\(numbers) as they are"
        case .unit: "\(numbers) divided by 255"
        case .range(let range): "\(numbers) of \(range) become 0 to 1"
        case .standardized: "\(numbers) standardized by mean and deviation of each channel"
        }
    }

    public init?(_ description: String) {
        switch description {
        case "unchanged": self = .unchanged
        case "unit": self = .unit
        default:
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

/// Stored samples of a shard.
public enum SampleValues {
    case bytes(UnsafePointer<UInt8>)
    case floats(UnsafePointer<Float>)
}

/// A normalization made ready for samples of one shape.
public struct Normalizer: Sendable {
    public let rule: Normalization
    private let sample: Shape
    private let channels: Int
    /// What each byte value becomes, 256 entries a channel; one channel stands for all where they do not differ.
    private let table: [Float]

    /// Nil if the rule has another number of channels than the samples, or a deviation that is not above zero.
    public init?(_ rule: Normalization, sample: Shape) {
        self.rule = rule
        self.sample = sample
        let bytes = (0..<256).map { Float($0) }
        switch rule {
        case .unchanged:
            channels = 1
            table = bytes
        case .unit:
            channels = 1
            table = bytes.map { $0 / 255 }
        case .range(let range):
            channels = 1
            table = bytes.map { ($0 - range.low) / (range.high - range.low) }
        case .standardized(let mean, let deviation):
            guard mean.count == deviation.count, mean.count == sample.extents.last, deviation.allSatisfy({ $0 > 0 })
            else { return nil }
            channels = mean.count
            table = zip(mean, deviation).flatMap { mean, deviation in bytes.map { ($0 - mean) / deviation } }
        }
    }

    /// Normalises `count` samples into `output`, which has room for `count` times the sample's elements.
    public func normalize(_ values: SampleValues, count: Int, into output: UnsafeMutablePointer<Float>) {
        let elements = count * sample.count
        switch values {
        case .bytes(let bytes):
            table.withUnsafeBufferPointer { table in
                if channels == 1 {
                    for i in 0..<elements { output[i] = table[Int(bytes[i])] }
                } else {
                    for pixel in stride(from: 0, to: elements, by: channels) {
                        for c in 0..<channels { output[pixel + c] = table[c << 8 | Int(bytes[pixel + c])] }
                    }
                }
            }
        case .floats(let floats):
            switch rule {
            case .unchanged: output.update(from: floats, count: elements)
            case .unit: for i in 0..<elements { output[i] = floats[i] / 255 }
            case .range(let range):
                for i in 0..<elements { output[i] = (floats[i] - range.low) / (range.high - range.low) }
            case .standardized(let mean, let deviation):
                for pixel in stride(from: 0, to: elements, by: channels) {
                    for c in 0..<channels { output[pixel + c] = (floats[pixel + c] - mean[c]) / deviation[c] }
                }
            }
        }
    }
}
