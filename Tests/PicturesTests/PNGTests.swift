import Foundation
import Pictures
import Testing

@Suite struct PNGTests {
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
        #expect(try PNG.decode(PNG.encode(picture), name: "a.png") == picture)
    }

    /// Written by Python's standard library, one line a filter: none, left, up, average, Paeth (see `generate.py`).
    @Test func readsAllFilters() throws {
        let coloured = try PNG.decode(golden("filters-rgb.png"), name: "filters-rgb.png")
        #expect(coloured.width == 4 && coloured.height == 5 && coloured.channels == 3)
        #expect(coloured.bytes == squares(60))
        let grey = try PNG.decode(golden("filters-grey.png"), name: "filters-grey.png")
        #expect(grey.width == 3 && grey.height == 5 && grey.channels == 1)
        #expect(grey.bytes == squares(15))
    }

    private func squares(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 * $0 * 7 % 256) } }

    @Test func refusesWhatItCannotRead() throws {
        let whole = PNG.encode(noise(5, 4, 3))
        #expect(message(whole, changing: 0) == "a.png: it is no PNG file")
        #expect(message(Array(whole.dropLast(20))).contains("cut off"))
        #expect(message(whole, changing: whole.count - 20).contains("check sum"))
        #expect(message([]) == "a.png: it is no PNG file")
        #expect(message(Array(whole.prefix(8))).contains("header"))
        #expect(try message(golden("palette.png")).contains("without transparency, palette"))
    }

    private func message(_ bytes: [UInt8], changing place: Int? = nil) -> String {
        var bytes = bytes
        if let place { bytes[place] ^= 1 }
        do {
            _ = try PNG.decode(bytes, name: "a.png")
            return "nothing was thrown"
        } catch {
            return error.description
        }
    }

    private func golden(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
        return Array(try Data(contentsOf: folder.appendingPathComponent(name)))
    }
}
