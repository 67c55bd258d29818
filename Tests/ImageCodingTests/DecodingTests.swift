import HDF5Storage
import ImageCoding
import TestSupport
import Testing

@Suite struct DecodingTests {
    /// Pixels and headers against Pillow's. Pillow has a libjpeg-turbo of its own, so pixels of JPEG may differ by one.
    @Test func pixelsAreThoseOfPillow() throws {
        let decoder = try ImageDecoder()
        let cases = try Golden.group("decode")
        for name in try cases.children() {
            let group = try cases.group(name)
            let facts = group.attributes
            let encoded = try group.dataset("encoded").read(as: UInt8.self)
            let header = try ImageHeader(encoded)
            let wanted = try facts.values("wanted", as: Int64.self).map { Int($0) }
            let reduction = header.reduction(for: PixelSize(width: wanted[0], height: wanted[1]))
            let expected = try Pixels(try group.dataset("pixels"))
            let found = try decoder.pixels(
                encoded, channels: try facts.int("channels"), reduction: reduction, upright: true)
            let difference = found.difference(from: expected)
            #expect(
                difference.map { $0 <= (header.format == .jpeg ? 1 : 0) } == true,
                "\(name): \(found.size) differs by \(difference ?? 256)")
        }
    }

    @Test func headersAreThoseOfPillow() throws {
        let cases = try Golden.group("decode")
        for name in try cases.children() {
            let group = try cases.group(name)
            let facts = group.attributes
            let header = try ImageHeader(try group.dataset("encoded").read(as: UInt8.self))
            let format = header.format == .webp ? "WEBP" : header.format.rawValue
            let size = PixelSize(width: try facts.int("width"), height: try facts.int("height"))
            #expect(try format == facts.string("format"), "\(name)")
            #expect(header.size == size, "\(name)")
            #expect(try "\(header.color)" == facts.string("color"), "\(name)")
            #expect(try header.bits == facts.int("bits"), "\(name)")
            #expect(try header.hasAlpha == (facts.int("alpha") == 1), "\(name)")
            #expect(try header.orientation.rawValue == facts.int("orientation"), "\(name)")
            #expect(!header.isAnimated)
        }
    }

    /// Parts of an image are what the whole has there, at every reduction, for every way to store colours, turned or not.
    @Test func regionsAreThoseOfTheWhole() throws {
        let decoder = try ImageDecoder()
        var random = Mutation(seed: 5)
        let names = [
            "jpeg-draft-0-45x33", "jpeg-draft-1-45x33", "jpeg-draft-2-45x33", "jpeg-progressive", "jpeg-restarts",
            "jpeg-grey", "jpeg-cmyk", "jpeg-ycck", "jpeg-turned-5", "jpeg-turned-8", "png-rgb", "png-turned",
            "png-rgb-8-interlaced", "webp-lossy", "webp-turned",
        ]
        for name in names {
            let encoded = try Golden.encoded(name)
            let header = try ImageHeader(encoded)
            for reduction in header.format == .jpeg ? Reduction.allCases : [.none] {
                let whole = try decoder.pixels(encoded, reduction: reduction, upright: true)
                for _ in 0..<30 {
                    let width = 1 + random.number(below: whole.size.width)
                    let height = 1 + random.number(below: whole.size.height)
                    let region = PixelRect(
                        x: random.number(below: whole.size.width - width + 1),
                        y: random.number(below: whole.size.height - height + 1), width: width, height: height)
                    let part = try decoder.pixels(encoded, reduction: reduction, region: region, upright: true)
                    let expected = try whole.withView { Pixels($0, region) }
                    #expect(part.difference(from: expected) == 0, "\(name), \(region) at 1/\(reduction.rawValue)")
                }
            }
        }
    }

    /// JPEG is decoded to fewer columns where fewer are wanted.
    @Test func aRegionOfJPEGIsNotTheWhole() throws {
        let encoded = try Golden.encoded("jpeg-draft-2-45x33")
        let region = PixelRect(x: 40, y: 30, width: 8, height: 6)
        let decoded = try encoded.withUnsafeBytes { try ImageDecoder().decode($0, channels: 3, region: region).region }
        #expect(decoded.contains(region) && decoded.width <= 32 && decoded.height == 6)
    }

    @Test func reductionIsThatOfPillowsDraft() throws {
        let header = try ImageHeader(try Golden.encoded("jpeg-draft-2-45x33"))
        #expect(header.size == PixelSize(width: 91, height: 67))
        let found = [(92, 68), (91, 1), (45, 33), (45, 34), (46, 33), (22, 16), (11, 8), (12, 8), (1, 1)].map {
            header.reduction(for: PixelSize(width: $0.0, height: $0.1))
        }
        #expect(found == [.none, .none, .half, .none, .none, .quarter, .eighth, .quarter, .eighth])
        #expect(try ImageHeader(try Golden.encoded("png-rgb")).reduction(for: PixelSize(width: 1, height: 1)) == .none)
    }

    /// One decoder after another image, or after one that failed.
    @Test func nothingIsLeftOfEarlierImages() throws {
        let decoder = try ImageDecoder()
        let (small, large) = (try Golden.encoded("jpeg-turned-5"), try Golden.encoded("jpeg-draft-1-45x33"))
        let expected = try decoder.pixels(small)
        for other in [large, Array(large.dropLast(200)), Array(large.prefix(300)), try Golden.encoded("webp-lossy")] {
            _ = try? decoder.pixels(other)
            #expect(try decoder.pixels(small) == expected)
        }
    }
}
