import ImageCoding
import Testing

@Suite struct HeaderTests {
    @Test func anythingElseIsNoImage() {
        for bytes in [[], [0xFF], Array("GIF89a, which is not read".utf8)] as [[UInt8]] {
            _ = bytes.withUnsafeBytes { bytes in
                #expect(throws: ImageError.unknownFormat) { try ImageHeader(bytes) }
            }
        }
    }
}
