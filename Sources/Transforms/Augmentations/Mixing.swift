import Basics
import CTransforms

/// Whom samples are mixed with: a random permutation of these.
public enum MixingPartners: String, Sendable, CaseIterable {
    /// The samples of the batch over all ranks. A rank reads the partners of its samples itself, so that the number of ranks does
    /// not matter.
    case batch
    /// The samples of the shard, which are in memory anyway.
    case shard
}

/// A transform that mixes pairs of samples, and their targets in the same proportion.
protocol MixingAugmentation: Augmentation {
    var partners: MixingPartners { get }
    /// If it is given, a class with a larger share gets 1, and the others 0.
    var threshold: Float? { get }

    /// Mixes values; answers which part of the result is the first sample's.
    func mix(_ pair: SamplePair, into output: UnsafeMutableRawPointer, random: CounterRandom) -> Float
}

/// The values of a sample and its partner.
struct SamplePair {
    let first: UnsafeRawPointer
    let second: UnsafeRawPointer
    let samples: SampleSpecification
}

extension MixingAugmentation {
    var threshold: Float? { nil }

    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        var output = input
        output.targets = try ClassShares.shares(of: input, for: self)
        return output
    }

    /// Samples of evaluation have their own class only.
    var inEvaluation: (any SampleTransform)? { ClassShares() }
    var takesPartner: Bool { partners == .batch }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        let partner =
            takesPartner
            ? shard.partner(of: index) : Permutation(count: shard.count, random: shard.random)[index]
        let pair = SamplePair(
            first: shard.values(index), second: shard.values(partner), samples: shard.specification)
        let part = mix(pair, into: output.values, random: random)
        ClassShares.write(output.targets, from: shard, (index, part), (partner, 1 - part))
        if let threshold { ClassShares.divide(output.targets, at: threshold, shard) }
    }
}

/// Turns a label into a share for each class: 1 for the label's.
struct ClassShares: SampleTransform {
    let description = "class-shares"
    var inEvaluation: (any SampleTransform)? { self }

    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        var output = input
        output.targets = try Self.shares(of: input, for: self)
        return output
    }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        output.take(index, of: shard)
        Self.write(output.targets, from: shard, (index, 1))
    }

    static func shares(
        of samples: SampleSpecification, for transform: any SampleTransform
    ) throws(TransformError) -> SampleSpecification.Targets {
        switch samples.targets {
        case .label(let classes), .shares(let classes): return .shares(classes: classes)
        // Samples that only predictions are wanted of.
        case .none: return .none
        case .values:
            throw TransformError(
                transform, "mixes classes, and these samples have target values; leave it out of --augment")
        }
    }

    /// Shares as classes that a sample has or has not, for losses that ask one question for each class.
    static func divide(_ output: UnsafeMutablePointer<Float>, at threshold: Float, _ shard: ShardSamples) {
        switch shard.specification.targets {
        case .label(let classes), .shares(let classes):
            for k in 0..<classes { output[k] = output[k] > threshold ? 1 : 0 }
        case .none, .values: break
        }
    }

    /// The weighted sum of what samples have now.
    static func write(
        _ output: UnsafeMutablePointer<Float>, from shard: ShardSamples, _ parts: (sample: Int, part: Float)...
    ) {
        switch shard.specification.targets {
        case .label(let classes):
            output.update(repeating: 0, count: classes)
            for (sample, part) in parts { output[Int(shard.label(sample))] += part }
        case .shares(let classes):
            for k in 0..<classes {
                output[k] = parts.reduce(0) { $0 + $1.part * shard.targets($1.sample)[k] }
            }
        case .none, .values: break
        }
    }
}

/// Zhang et al., "mixup: beyond empirical risk minimization", 2017.
struct Mixup: MixingAugmentation {
    static let name = "mixup"
    static let summary =
        "takes the weighted mean of two samples and of their classes; the weight is drawn from Beta(alpha, alpha)"
    let description: String
    private let alpha: Float
    private let probability: Float
    let partners: MixingPartners

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        alpha = try parameters.alpha("alpha", standard: 0.2)
        probability = try parameters.probability(standard: 1)
        partners = try parameters.word("partners", standard: parameters.usualPartners)
        description = parameters.text
    }

    func mix(_ pair: SamplePair, into output: UnsafeMutableRawPointer, random: CounterRandom) -> Float {
        let isMixed = random.uniform(0) < probability
        return pair.mean(share: isMixed ? random.part(1).beta(alpha) : 1, into: output)
    }
}

/// Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable features", 2019.
struct CutMix: MixingAugmentation {
    static let name = "cutmix"
    static let summary =
        "puts a box of one image into another; the box's area is drawn from Beta(alpha, alpha), and is its class's share"
    let description: String
    private let alpha: Float
    private let probability: Float
    let partners: MixingPartners

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        alpha = try parameters.alpha("alpha", standard: 1)
        probability = try parameters.probability(standard: 1)
        partners = try parameters.word("partners", standard: parameters.usualPartners)
        description = parameters.text
    }

    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        try requireImages(input)
        var output = input
        output.targets = try ClassShares.shares(of: input, for: self)
        return output
    }

    func mix(_ pair: SamplePair, into output: UnsafeMutableRawPointer, random: CounterRandom) -> Float {
        let isMixed = random.uniform(0) < probability
        return pair.pasted(share: isMixed ? random.part(1).beta(alpha) : 1, into: output, random)
    }
}

/// Either of them, as timm's recipes mix.
struct MixupOrCutMix: MixingAugmentation {
    static let name = "mixup-or-cutmix"
    static let summary = "does mixup or cutmix, which with probability `switch`"
    let description: String
    private let mixup: Float
    private let cutMix: Float
    private let share: Float
    private let probability: Float
    let partners: MixingPartners
    let threshold: Float?

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        mixup = try parameters.alpha("mixup", standard: 0.8)
        cutMix = try parameters.alpha("cutmix", standard: 1)
        share = try parameters.take("switch", standard: 0.5, "a number from 0 to 1") { (0...1).contains($0) }
        probability = try parameters.probability(standard: 1)
        partners = try parameters.word("partners", standard: parameters.usualPartners)
        let least = try parameters.take("threshold", standard: Float(0), "0 for shares, or a number below 1") {
            $0 >= 0 && $0 < 1
        }
        threshold = least > 0 ? least : nil
        description = parameters.text
    }

    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        try requireImages(input)
        var output = input
        output.targets = try ClassShares.shares(of: input, for: self)
        return output
    }

    func mix(_ pair: SamplePair, into output: UnsafeMutableRawPointer, random: CounterRandom) -> Float {
        guard random.uniform(0) < probability else { return pair.mean(share: 1, into: output) }
        if random.uniform(3) < share { return pair.pasted(share: random.part(1).beta(cutMix), into: output, random) }
        return pair.mean(share: random.part(1).beta(mixup), into: output)
    }
}

extension SamplePair {
    /// The weighted mean. The share is the first sample's.
    fileprivate func mean(share: Float, into output: UnsafeMutableRawPointer) -> Float {
        let count = samples.shape.count
        switch samples.form {
        case .bytes:
            // What the bytes are made of exactly.
            let whole = UInt32((share * 65536).rounded())
            dptrain_mix_bytes(
                first.assumingMemoryBound(to: UInt8.self), second.assumingMemoryBound(to: UInt8.self), count, whole,
                output.assumingMemoryBound(to: UInt8.self))
            return Float(whole) / 65536
        case .floats:
            let (a, b) = (first.assumingMemoryBound(to: Float.self), second.assumingMemoryBound(to: Float.self))
            let mixed = output.assumingMemoryBound(to: Float.self)
            for i in 0..<count { mixed[i] = a[i] * share + b[i] * (1 - share) }
            return share
        }
    }

    /// The first image with a box of the second, which is cut off at the borders. Numbers 1 and 2 place it.
    fileprivate func pasted(share: Float, into output: UnsafeMutableRawPointer, _ random: CounterRandom) -> Float {
        output.copyMemory(from: first, byteCount: samples.valueBytes)
        let (height, width) = (samples.shape[0], samples.shape[1])
        let half = 0.5 * (1 - share).squareRoot()
        func side(_ count: Int, _ index: UInt64) -> Range<Int> {
            let (middle, reach) = (random.integer(index, below: count), Int(half * Float(count)))
            return max(middle - reach, 0)..<min(middle + reach, count)
        }
        let (rows, columns) = (side(height, 1), side(width, 2))
        let pixelBytes = samples.shape[2] * samples.form.size
        for row in rows {
            let place = (row * width + columns.lowerBound) * pixelBytes
            (output + place).copyMemory(from: second + place, byteCount: columns.count * pixelBytes)
        }
        return 1 - Float(rows.count * columns.count) / Float(height * width)
    }
}

extension AugmentationParameters {
    fileprivate mutating func alpha(_ name: String, standard: Float) throws(OptionError) -> Float {
        try take(name, standard: standard, "a number from 0.01 to 100") { (0.01...100).contains($0) }
    }
}
