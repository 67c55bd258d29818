import Foundation
import HDF5Storage
import TestSupport
import Testing

@testable import ImageCoding

@Suite struct ResamplerTests {
    /// The same bytes as Pillow, with and without vector code.
    @Test(arguments: [false, true]) func resultsAreThoseOfPillow(hasAVX2: Bool) throws {
        let resampler = Resampler(hasAVX2: hasAVX2 && Resampler.processorHasAVX2)
        for (name, golden) in try Self.cases() {
            let found = try golden.source.withView { view in
                try Self.resized(resampler, view, golden.box, to: golden.result.size, golden.filter)
            }
            #expect(found.difference(from: golden.result) == 0, "\(name)")
        }
    }

    /// Vector code reads several pixels at a time, but none beyond the last, and makes the same bytes as plain code.
    @Test func vectorCodeKeepsToTheImage() throws {
        let (plain, vectors) = (Resampler(hasAVX2: false), Resampler(hasAVX2: Resampler.processorHasAVX2))
        let memory = try GuardedMemory()
        var random = Mutation(seed: 9)
        for width in 1...40 {
            let size = PixelSize(width: width, height: 2)
            let bytes = (0..<width * 2 * 3).map { _ in UInt8(random.number(below: 256)) }
            let view = PixelView(memory.place(bytes), size, channels: 3)
            for outputs in 1...40 {
                let wanted = PixelSize(width: outputs, height: 3)
                for filter in ResamplingFilter.allCases {
                    let expected = try Self.resized(plain, view, Resampler.Box(size), to: wanted, filter)
                    let found = try Self.resized(vectors, view, Resampler.Box(size), to: wanted, filter)
                    #expect(found.difference(from: expected) == 0, "\(width) to \(outputs), \(filter)")
                }
            }
        }
    }

    /// Of a larger image no more than the region must be there.
    @Test func aRegionIsEnough() throws {
        let resampler = Resampler()
        let memory = try GuardedMemory()
        for (name, golden) in try Self.cases() {
            let (size, channels) = (golden.result.size, golden.source.channels)
            let region = Resampler.region(for: golden.box, of: golden.source.size, to: size, golden.filter)
            let part = try golden.source.withView { $0.copy(region) }
            let view = PixelView(
                base: memory.place(part), rowBytes: region.width * channels, channels: channels, region: region,
                imageSize: golden.source.size)
            let found = try Self.resized(resampler, view, golden.box, to: size, golden.filter)
            #expect(found.difference(from: golden.result) == 0, "\(name)")
        }
    }

    /// Without enlarging or reducing, a part is cut out.
    @Test func oneToOne() throws {
        let source = try Pixels(try Golden.group("source").dataset("40x52x3"))
        let region = PixelRect(x: 7, y: 5, width: 31, height: 22)
        try source.withView { (view) throws in
            let box = Resampler.Box(left: 7, top: 5, right: 38, bottom: 27)
            for filter in ResamplingFilter.allCases {
                let found = try Self.resized(Resampler(), view, box, to: region.size, filter)
                #expect(found == Pixels(view, region))
            }
        }
    }

    private typealias Case = (
        source: Pixels, box: Resampler.Box, filter: ResamplingFilter, result: Pixels
    )

    private static func cases() throws -> [(name: String, Case)] {
        let groups = try Golden.group("resize")
        return try groups.children().map { name in
            let group = try groups.group(name)
            let facts = group.attributes
            let source = try facts.string("source").dropFirst("source/".count)
            let box = try facts.values("box", as: Double.self)
            let filter = try #require(ResamplingFilter(rawValue: try facts.string("filter")))
            return (
                name,
                (
                    try Pixels(try Golden.group("source").dataset(String(source))),
                    Resampler.Box(left: box[0], top: box[1], right: box[2], bottom: box[3]), filter,
                    try Pixels(try group.dataset("result"))
                )
            )
        }
    }

    private static func resized(
        _ resampler: Resampler, _ view: PixelView, _ box: Resampler.Box, to size: PixelSize, _ filter: ResamplingFilter
    ) throws -> Pixels {
        let bytes = [UInt8](unsafeUninitializedCapacity: size.width * size.height * view.channels) { output, count in
            if let base = output.baseAddress { resampler.resize(view, box, to: size, filter, into: base) }
            count = output.count
        }
        return try bytes.withUnsafeBufferPointer { bytes in
            let base = try #require(bytes.baseAddress)
            return Pixels(PixelView(base, size, channels: view.channels))
        }
    }
}

/// Memory before a page that must not be touched: whoever reads beyond its end crashes.
private final class GuardedMemory {
    private static let size = 1 << 16
    private let base: UnsafeMutableRawPointer

    init() throws {
        base = try #require(
            mmap(nil, 2 * Self.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        try #require(base != MAP_FAILED && mprotect(base + Self.size, Self.size, PROT_NONE) == 0)
    }

    deinit { munmap(base, 2 * Self.size) }

    func place(_ bytes: [UInt8]) -> UnsafePointer<UInt8> {
        precondition(bytes.count <= Self.size, "more than there is room for")
        let first = base + Self.size - bytes.count
        first.copyMemory(from: bytes, byteCount: bytes.count)
        return UnsafePointer(first.assumingMemoryBound(to: UInt8.self))
    }
}
