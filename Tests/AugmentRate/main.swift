// Measures how fast images are augmented on one core: scripts/check-augment-rate.
//
//     augment-rate small SECONDS           32x32: padded, cropped, mirrored, erased, normalised
//     augment-rate policy SECONDS          224x224: RandAugment
//     augment-rate photographs SECONDS FOLDER
//                                          JPEG files: decoded, random-resized-crop 224, mirrored, normalised
//
// Prints images for each second of processor time, which other programs on the machine disturb less.

import Basics
import FoundationEssentials
import Glibc
import ImageCoding
import Transforms

/// Images of smooth shapes, as the peers make them.
func pictures(_ count: Int, side: Int) -> [AlignedBuffer<UInt8>] {
    (0..<count).map { number in
        let picture = AlignedBuffer<UInt8>(count: side * side * 3)
        for place in 0..<side * side * 3 {
            let (pixel, channel) = place.quotientAndRemainder(dividingBy: 3)
            let (row, column) = pixel.quotientAndRemainder(dividingBy: side)
            picture[place] = UInt8((row * 5 + column * 3 + channel * 40 + number * 17 + row * column / 8) % 256)
        }
        return picture
    }
}

/// Transforms one after the other, as a reader's thread applies them, and normalises.
final class Chain {
    private let transforms: [any SampleTransform]
    private let specification: SampleSpecification
    private let normalizer: Normalizer
    private let buffers: [AlignedBuffer<UInt8>]
    private let scratch = TransformScratch()
    private let label = AlignedBuffer<Int32>(count: 1)
    private let targets = AlignedBuffer<Float>(count: 1)
    private let output: AlignedBuffer<Float>

    init(_ list: String, side: Int) throws {
        transforms = try AugmentationList(parsing: list, option: "augment").transforms
        specification = SampleSpecification(shape: [side, side, 3], form: .bytes)
        guard
            let normalizer = Normalizer(
                .standardized(mean: [125, 123, 114], deviation: [63, 62, 67]), sample: specification.shape)
        else { preconditionFailure("three channels") }
        self.normalizer = normalizer
        buffers = (0..<2).map { _ in AlignedBuffer(count: side * side * 3) }
        output = AlignedBuffer(count: side * side * 3)
    }

    func make(_ picture: AlignedBuffer<UInt8>, number: Int, normalizes: Bool) {
        var source = UnsafePointer(picture.baseAddress)
        for (stage, transform) in transforms.enumerated() {
            let target = buffers[stage % 2].baseAddress
            let random = CounterRandom(
                seed: 1, purpose: .augmentation, stream: CounterRandom.mix(UInt64(number), UInt64(stage)))
            let samples = ShardSamples(
                specification, count: 1, values: source, labels: label.baseAddress, targets: targets.baseAddress,
                epoch: 0, random: random
            ) { _ in random }
            let place = SamplePlace(
                values: target, label: label.baseAddress, targets: targets.baseAddress, scratch: scratch)
            transform.fill(place, from: samples, at: 0, random: random)
            source = UnsafePointer(target)
        }
        if normalizes { normalizer.normalize(.bytes(source), count: 1, into: output.baseAddress) }
    }
}

/// Images for each second.
func rate(_ seconds: Double, _ count: Int, _ makeAll: (_ round: Int) throws -> Void) rethrows -> Double {
    try makeAll(0)
    let begin = BootClock.processorTime
    var (passed, round) = (0.0, 0)
    while passed < seconds {
        round += 1
        try makeAll(round)
        passed = Double(BootClock.processorTime - begin) * 1e-9
    }
    return Double(round * count) / passed
}

let arguments = CommandLine.arguments
guard arguments.count >= 3, let seconds = Double(arguments[2]) else {
    print("usage: augment-rate small|policy|photographs SECONDS [FOLDER]")
    exit(64)
}
let found: Double
switch arguments[1] {
case "small":
    let (images, chain) = (pictures(128, side: 32), try Chain("pad-and-crop(4), flip, random-erasing(0.5)", side: 32))
    found = rate(seconds, images.count) { round in
        for (i, image) in images.enumerated() { chain.make(image, number: round * 128 + i, normalizes: true) }
    }
case "policy":
    let (images, chain) = (pictures(16, side: 224), try Chain("rand-augment", side: 224))
    found = rate(seconds, images.count) { round in
        for (i, image) in images.enumerated() { chain.make(image, number: round * 16 + i, normalizes: false) }
    }
default:
    guard arguments.count == 4 else { exit(64) }
    let names = try FileManager.default.contentsOfDirectory(atPath: arguments[3]).sorted()
    let files = try names.map { [UInt8](try Data(contentsOf: URL(filePath: arguments[3] + "/" + $0))) }
    guard let crop = try AugmentationList(parsing: "random-resized-crop", option: "augment").crop.first else { exit(1) }
    let center = CenterCrop(height: 224, width: 224)
    let decoding = ImageDecoding(try crop.plan(for: center.size, evaluation: center), channels: 3)
    let (stage, chain) = (try ImageStage(decoding), try Chain("flip", side: 224))
    let sample = AlignedBuffer<UInt8>(count: 224 * 224 * 3)
    found = try rate(seconds, files.count) { round in
        for (i, file) in files.enumerated() {
            let number = round * files.count + i
            let random = CounterRandom(seed: 2, purpose: .augmentation, stream: UInt64(number))
            try file.withUnsafeBytes { try stage.decode($0, random: random, into: sample.baseAddress) }
            chain.make(sample, number: number, normalizes: true)
        }
    }
}
print(String.formatted("%.1f", found))
