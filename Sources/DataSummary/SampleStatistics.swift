import Datasets
import Transforms
import Basics

/// What the values of samples are like: their range, their moments, and samples that say nothing or occur twice.
public struct SampleStatistics: Sendable {
    /// Samples are recognised by 8 bytes each. Beyond so many, equal ones are not looked for.
    public static let mostRecognised = 1 << 24

    public private(set) var samples = 0
    public private(set) var least = Float.infinity
    public private(set) var most = -Float.infinity
    /// Samples whose values are all the same, and those whose values are all 0; the numbers of the first ones.
    public private(set) var constant = Occurrence()
    public private(set) var zero = Occurrence()
    /// Samples that are equal to an earlier one, and to which the first one is.
    public private(set) var repeated = Occurrence()
    public private(set) var firstOriginal: Int?
    /// Encoded images that cannot be decoded, and why the first one cannot.
    public private(set) var damaged = Occurrence()
    public private(set) var firstDamage: String?

    /// How many samples are of a kind, and which is the first.
    public struct Occurrence: Sendable, Equatable {
        public private(set) var count = 0
        public private(set) var first: Int?

        mutating func add(_ sample: Int) {
            count += 1
            first = first ?? sample
        }
    }

    private let shape: Shape
    private var sums: [Double]
    private var squares: [Double]
    /// The first sample with each digest.
    private var known: [UInt64: Int] = [:]

    init(of shape: Shape) {
        self.shape = shape
        sums = [Double](repeating: 0, count: shape.extents.last ?? 1)
        squares = sums
    }

    /// By channel, or by feature.
    public var mean: [Double] { sums.map { $0 / valuesPerChannel } }

    /// Of the population.
    public var deviation: [Double] {
        zip(squares, mean).map { square, mean in max(0, square / valuesPerChannel - mean * mean).squareRoot() }
    }

    private var valuesPerChannel: Double { Double(max(1, samples * shape.count / sums.count)) }

    /// How many samples of another split are in this one too.
    func shared(with other: SampleStatistics) -> Occurrence {
        var shared = Occurrence()
        for (_, sample) in other.known.filter({ known[$0.key] != nil }).sorted(by: { $0.value < $1.value }) {
            shared.add(sample)
        }
        return shared
    }

    mutating func addDamaged(_ sample: Int, _ reason: String) {
        damaged.add(sample)
        firstDamage = firstDamage ?? reason
    }

    /// Adds successive samples, [H, W, C] each or [F].
    mutating func add(_ values: SampleValues, count: Int, first: Int) {
        for index in 0..<count {
            switch values {
            case .bytes(let bytes): add(bytes + index * shape.count, number: first + index)
            case .floats(let floats): add(floats + index * shape.count, number: first + index)
            }
        }
    }

    private mutating func add<Value: SampleNumber>(_ values: UnsafePointer<Value>, number: Int) {
        samples += 1
        var (low, high) = (values[0], values[0])
        for index in 0..<shape.count {
            low = min(low, values[index])
            high = max(high, values[index])
        }
        least = min(least, low.float)
        most = max(most, high.float)
        if low == high { constant.add(number) }
        if low == high, low.float == 0 { zero.add(number) }
        addMoments(values)
        recognise(UnsafeRawBufferPointer(UnsafeBufferPointer(start: values, count: shape.count)), number)
    }

    private mutating func addMoments<Value: SampleNumber>(_ values: UnsafePointer<Value>) {
        let channels = sums.count
        for channel in 0..<channels {
            var (sum, square) = (0.0, 0.0)
            for index in stride(from: channel, to: shape.count, by: channels) {
                let value = Double(values[index].float)
                sum += value
                square += value * value
            }
            sums[channel] += sum
            squares[channel] += square
        }
    }

    private mutating func recognise(_ bytes: UnsafeRawBufferPointer, _ number: Int) {
        var digest = Digest()
        digest.add(bytes)
        if let original = known[digest.value] {
            firstOriginal = firstOriginal ?? original
            repeated.add(number)
        } else if known.count < Self.mostRecognised {
            known[digest.value] = number
        }
    }
}

/// A stored value.
private protocol SampleNumber: Comparable {
    var float: Float { get }
}

extension UInt8: SampleNumber {
    fileprivate var float: Float { Float(self) }
}

extension Float: SampleNumber {
    fileprivate var float: Float { self }
}
