import HDF5Storage
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

    /// Of a larger image no more than the region must be there.
    @Test func aRegionIsEnough() throws {
        let resampler = Resampler()
        for (name, golden) in try Self.cases() {
            let size = golden.result.size
            let region = Resampler.region(for: golden.box, of: golden.source.size, to: size, golden.filter)
            let part = try golden.source.withView { Pixels($0, region) }
            let found = try part.withView { view in
                let placed = PixelView(
                    base: view.base, rowBytes: view.rowBytes, channels: view.channels, region: region,
                    imageSize: golden.source.size)
                return try Self.resized(resampler, placed, golden.box, to: size, golden.filter)
            }
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
