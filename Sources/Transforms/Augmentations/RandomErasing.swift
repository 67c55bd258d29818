import Basics

/// Overwrites a box of an image: Zhong et al., "Random erasing data augmentation", 2017.
struct RandomErasing: Augmentation {
    static let name = "random-erasing"
    static let summary = "overwrites a box of random area (a part of the image's) and ratio of height to width"
    let description: String
    private let probability: Float
    private let area: Interval
    private let ratio: Interval
    private let content: Content
    private let values: Interval

    /// What a box is overwritten with: numbers of the range `values`.
    private enum Content: String, CaseIterable {
        /// One for each value.
        case pixel
        /// One for each channel.
        case channel
        /// One.
        case constant
    }

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        probability = try parameters.probability(standard: 0.5)
        area = try parameters.interval("area", standard: Interval(0.02...0.4), within: 0.0001...1)
        ratio = try parameters.interval("ratio", standard: Interval(0.3...1 / 0.3), within: 0.01...100)
        content = try parameters.word("content", standard: .pixel)
        values = try parameters.interval("values", standard: Interval(0...255), within: -65536...65536)
        description = parameters.text
    }

    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        try requireImages(input)
        guard input.form == .floats || (values.low >= 0 && values.high <= 255) else {
            throw TransformError(self, "writes values of \(values), and these images are bytes, from 0 to 255")
        }
        return input
    }

    /// How often a box is drawn that does not fit before the image is left as it is.
    private static let attempts: UInt64 = 10

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        output.take(index, of: shard)
        let shape = shard.specification.shape
        guard random.uniform(0) < probability, let box = box(height: shape[0], width: shape[1], random) else { return }
        switch shard.specification.form {
        case .bytes:
            let bytes = output.values.assumingMemoryBound(to: UInt8.self)
            // A number of 16 bits is spread over the levels.
            let (low, levels) = (
                UInt32(values.low.rounded()), UInt32(values.high.rounded()) - UInt32(values.low.rounded()) + 1
            )
            overwrite(bytes, shape, box, random.part(1)) { UInt8(truncatingIfNeeded: low + ($0 * levels) >> 16) }
        case .floats:
            let floats = output.values.assumingMemoryBound(to: Float.self)
            let (low, span) = (values.low, values.high - values.low)
            overwrite(floats, shape, box, random.part(1)) { low + span * Float($0) / 65536 }
        }
    }

    private func box(height: Int, width: Int, _ random: CounterRandom) -> (rows: Range<Int>, columns: Range<Int>)? {
        for attempt in 0..<Self.attempts {
            let first = 4 * attempt + 1
            let wanted = Float(height * width) * random.uniform(first, in: area)
            let ratio = random.uniform(first + 1, in: ratio)
            let (high, wide) = (Int((wanted * ratio).squareRoot()), Int((wanted / ratio).squareRoot()))
            guard (1...height).contains(high), (1...width).contains(wide) else { continue }
            let top = random.integer(first + 2, below: height - high + 1)
            let left = random.integer(first + 3, below: width - wide + 1)
            return (top..<top + high, left..<left + wide)
        }
        return nil
    }

    /// `value` makes an element of 16 random bits.
    @inline(__always)
    private func overwrite<Element>(
        _ output: UnsafeMutablePointer<Element>, _ shape: Shape, _ box: (rows: Range<Int>, columns: Range<Int>),
        _ random: CounterRandom, _ value: (UInt32) -> Element
    ) {
        let (width, channels) = (shape[1], shape[2])
        let row = box.columns.count * channels
        // Eight numbers of each block.
        var number = 0
        var block = random.block(0)
        func next() -> UInt32 {
            if number > 0, number % 8 == 0 { block = random.block(UInt64(number / 8)) }
            defer { number += 1 }
            return block[number % 8 / 2] >> (number % 2 == 0 ? 0 : 16) & 0xFFFF
        }
        func start(_ y: Int) -> UnsafeMutablePointer<Element> {
            output + (y * width + box.columns.lowerBound) * channels
        }
        switch content {
        case .pixel:
            for y in box.rows {
                let target = start(y)
                for i in 0..<row { target[i] = value(next()) }
            }
        case .constant:
            let constant = value(next())
            for y in box.rows { start(y).update(repeating: constant, count: row) }
        case .channel:
            for c in 0..<channels {
                let constant = value(next())
                for y in box.rows {
                    let target = start(y)
                    for x in 0..<box.columns.count { target[x * channels + c] = constant }
                }
            }
        }
    }
}
