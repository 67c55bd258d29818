import HDF5Storage
import ImageCoding
import Testing

@Suite struct EncodingTests {
    /// What is decoded again differs by no more than one grey level from what Pillow's file gives, which is of the same
    /// length but for a few bytes: Pillow has a libjpeg-turbo of its own.
    @Test func filesAreThoseOfPillow() throws {
        let encoder = try JPEGEncoder()
        let decoder = try ImageDecoder()
        let cases = try Golden.group("encode")
        for name in try cases.children() {
            let group = try cases.group(name)
            let pixels = try Pixels(try group.dataset("pixels"))
            let quality = try group.attributes.int("quality")
            let found = try pixels.withView { Array(try encoder.encode($0, quality: quality)) }
            let expected = try group.dataset("encoded").read(as: UInt8.self)
            #expect(abs(found.count - expected.count) <= 8, "\(name)")
            let difference = try decoder.pixels(found, channels: pixels.channels).difference(
                from: try decoder.pixels(expected, channels: pixels.channels))
            #expect(difference.map { $0 <= 1 } == true, "\(name)")
        }
    }

    @Test func sidesThatJPEGCannotHold() throws {
        let bytes = [UInt8](repeating: 0, count: 65_501)
        try bytes.withUnsafeBufferPointer { bytes in
            let base = try #require(bytes.baseAddress)
            let size = PixelSize(width: 65_501, height: 1)
            let view = PixelView(base, size, channels: 1)
            let encoder = try JPEGEncoder()
            #expect(throws: ImageError.unsupported(reason: "65501x1 pixels cannot be written as JPEG")) {
                try encoder.encode(view, quality: 90)
            }
        }
    }
}
