import Pictures
import Testing

@Suite struct PictureFileTests {
    private func noise(_ width: Int, _ height: Int, _ channels: Int) -> Picture {
        var state: UInt32 = 7
        let bytes = (0..<width * height * channels).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        return Picture(width: width, height: height, channels: channels, bytes: bytes)
    }

    @Test(arguments: [(1, 1, 1), (7, 3, 1), (1, 9, 3), (32, 33, 3), (200, 1, 3)])
    func readsWhatItWrites(_ width: Int, _ height: Int, _ channels: Int) throws {
        let picture = noise(width, height, channels)
        #expect(try Picture(decoding: picture.png(), name: "a.png") == picture)
    }

    @Test func errorsNameTheFile() throws {
        let whole = try noise(5, 4, 3).png()
        #expect(message([]) == "a.png: it is neither JPEG nor PNG nor WebP")
        #expect(message(Array(whole.dropLast(20))) == "a.png: it is cut off")
    }

    private func message(_ bytes: [UInt8]) -> String {
        do {
            _ = try Picture(decoding: bytes, name: "a.png")
            return "nothing was thrown"
        } catch {
            return error.description
        }
    }
}
