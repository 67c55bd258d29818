import HDF5Storage
import ImageCoding
import Testing

@Suite struct RefusalTests {
    @Test func otherFormats() throws {
        let gif = try Golden.group("refused").dataset("gif").read(as: UInt8.self)
        for bytes in [[], [0xFF], Array("RIFF1234WAVE".utf8), gif] {
            #expect(throws: ImageError.unknownFormat) { try ImageHeader(bytes) }
            #expect(throws: ImageError.unknownFormat) { try ImageDecoder().pixels(bytes) }
        }
    }

    @Test func animations() throws {
        for name in ["animated-webp", "animated-png"] {
            let bytes = try Golden.group("refused").dataset(name).read(as: UInt8.self)
            #expect(try ImageHeader(bytes).isAnimated)
            #expect(throws: ImageError.unsupported(reason: "it is animated")) { try ImageDecoder().pixels(bytes) }
        }
    }

    /// Wherever an image is cut off, it is said to be.
    @Test func imagesThatAreCutOff() throws {
        let decoder = try ImageDecoder()
        for name in ["jpeg-420", "jpeg-progressive", "png-rgb", "png-rgb-8-interlaced", "webp-lossy", "webp-lossless"] {
            let bytes = try Golden.encoded(name)
            for count in stride(from: 12, to: bytes.count, by: 7) {
                #expect(throws: ImageError.truncated, "\(name), \(count) of \(bytes.count)") {
                    try decoder.pixels(Array(bytes.prefix(count)))
                }
            }
        }
    }

    @Test func imagesThatAreTooLarge() throws {
        let size = PixelSize(width: 45, height: 33)
        for name in ["jpeg-420", "png-rgb", "webp-lossy"] {
            let bytes = try Golden.encoded(name)
            #expect(try ImageDecoder(limits: ImageLimits(maxPixels: 45 * 33, maxSide: 45)).pixels(bytes).size == size)
            for limits in [ImageLimits(maxPixels: 45 * 33 - 1), ImageLimits(maxSide: 44)] {
                let error = ImageError.tooLarge(size, limits: limits)
                #expect(throws: error) { try ImageHeader(bytes, limits: limits) }
                #expect(throws: error) { try ImageDecoder(limits: limits).pixels(bytes) }
                #expect(error.description.contains("45x33"))
            }
        }
    }

    @Test func moreScansThanAllowed() throws {
        let bytes = try Golden.encoded("jpeg-progressive")
        #expect(throws: ImageError.damaged(reason: "more than 5 scans")) {
            try ImageDecoder(limits: ImageLimits(maxScans: 5)).pixels(bytes)
        }
    }

    /// libjpeg itself would only warn, and fill in grey.
    @Test func damagedPixels() throws {
        var bytes = try Golden.encoded("jpeg-restarts")
        let restart = bytes.indices.last { bytes[$0] == 0xFF && (0xD0...0xD7).contains(bytes[$0 + 1]) }
        let place = try #require(restart)
        bytes[place + 1] = bytes[place + 1] == 0xD7 ? 0xD0 : bytes[place + 1] + 1
        let error = #expect(throws: ImageError.self) { try ImageDecoder().pixels(bytes) }
        #expect(error?.description.hasPrefix("it is damaged: Corrupt JPEG data") == true, "\(error as Any)")
    }

    /// What concerns no pixel is no damage: bytes left over before the end, another version of JFIF, bytes after the end.
    @Test func harmlessOddities() throws {
        let decoder = try ImageDecoder()
        let bytes = try Golden.encoded("jpeg-420")
        let expected = try decoder.pixels(bytes)
        var version = bytes
        version[11] = 9
        let extraneous = bytes.dropLast(2) + [1, 2, 3] + bytes.suffix(2)
        for odd in [version, Array(extraneous), bytes + [1, 2, 3]] { #expect(try decoder.pixels(odd) == expected) }
        let png = try Golden.encoded("png-rgb")
        #expect(try decoder.pixels(png + [1, 2, 3]) == decoder.pixels(png))
    }
}
