import CZlib
import Foundation
import HDF5Storage
import ImageCoding
import TestSupport
import Testing

/// Images changed at random end with an error, or with as many pixels as their header promises. The environment variable
/// DPTRAIN_IMAGE_MUTATIONS sets how many images of each format are tried.
@Suite struct MutationTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["DPTRAIN_IMAGE_MUTATIONS"].flatMap { Int($0) } ?? 400
    private static let limits = ImageLimits(maxPixels: 1 << 20)

    @Test(arguments: ["jpeg", "png", "webp"]) func mutatedImages(format: String) throws {
        let cases = try Golden.group("decode")
        let names = try cases.children().filter { $0.hasPrefix(format) }
        let images = try names.map { try Golden.encoded($0) }
        let decoder = try ImageDecoder(limits: Self.limits)
        let resampler = Resampler()
        var mutation = Mutation(seed: 3)
        var successes = 0
        for round in 0..<Self.rounds {
            var bytes = mutation.changed(images[mutation.number(below: images.count)])
            // Else nearly all changes would end at a check sum.
            if format == "png" && round % 4 > 0 { bytes = Self.withChecksums(bytes) }
            do {
                try check(bytes, decoder, resampler, reduction: Reduction.allCases[round % 4], region: round % 3 > 0)
                successes += 1
            } catch let error as ImageError {
                #expect(error.description.count > 10)
            }
        }
        #expect((1..<Self.rounds).contains(successes), "\(successes) of \(Self.rounds)")
    }

    private func check(
        _ bytes: [UInt8], _ decoder: ImageDecoder, _ resampler: Resampler, reduction: Reduction, region: Bool
    ) throws {
        try bytes.withUnsafeBytes { bytes in
            let header = try ImageHeader(bytes, limits: Self.limits)
            let reduction = header.format == .jpeg ? reduction : .none
            let size = reduction.reduced(header.uprightSize)
            let middle = PixelRect(
                x: size.width / 3, y: size.height / 3, width: size.width - 2 * (size.width / 3),
                height: size.height - 2 * (size.height / 3))
            let view = try decoder.decode(
                bytes, channels: 3, reduction: reduction, region: region ? middle : nil, upright: true)
            #expect(view.imageSize == size && view.region.contains(region ? middle : PixelRect(size)))
            let box = Resampler.Box(
                left: Double(view.region.x), top: Double(view.region.y),
                right: Double(view.region.x + view.region.width), bottom: Double(view.region.y + view.region.height))
            guard !region else { return }
            var output = [UInt8](repeating: 0, count: 8 * 8 * 3)
            output.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return }
                resampler.resize(view, box, to: PixelSize(width: 8, height: 8), .bicubic, into: base)
            }
        }
    }

    /// A PNG with the check sums that its chunks should have.
    private static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        var position = 8
        while position + 12 <= bytes.count {
            let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = position + 8 + length
            guard end + 4 <= bytes.count else { break }
            let sum = crc32(0, Array(bytes[position + 4..<end]), UInt32(4 + length))
            for i in 0..<4 { bytes[end + i] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * i)) }
            position = end + 4
        }
        return bytes
    }
}
