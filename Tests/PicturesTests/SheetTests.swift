import Pictures
import Testing

@Suite struct SheetTests {
    @Test func tilesLieInRows() {
        let tiles = (0..<5).map {
            Sheet.Tile(Picture(width: 56, height: 112, channels: 1, fill: UInt8($0 * 10)), "\($0)")
        }
        let sheet = Sheet(tiles).picture
        // Three columns and two rows, six pixels of white around each, and a line below it.
        #expect(sheet.width == 3 * 62 + 6 && sheet.height == 2 * (112 + 16 + 6) + 6 && sheet.channels == 3)
        #expect(sheet.grey(0, 0) == 255)
        #expect(sheet.grey(6, 6) == 0)
        #expect(sheet.grey(6 + 62, 6) == 10)
        #expect(sheet.grey(6 + 62, 6 + 134) == 40)
        // The sixth place is empty.
        #expect(sheet.grey(6 + 124, 6 + 134) == 255)
    }

    @Test func smallTilesAreEnlarged() {
        let tile = Picture(width: 3, height: 3, channels: 3, bytes: (0..<27).map { UInt8($0) })
        let sheet = Sheet([Sheet.Tile(tile, ""), Sheet.Tile(tile, "")], columns: 1, tileSize: 48).picture
        #expect(sheet.width == 48 + 12 && sheet.height == 2 * (48 + 16 + 6) + 6)
        let place = ((6 + 47) * sheet.width + 6 + 47) * 3
        #expect(Array(sheet.bytes[place..<place + 3]) == [24, 25, 26])
    }

    /// A title that is wider than the tiles has room, and captions that are too long are cut.
    @Test func wordsFit() {
        let tile = Picture(width: 48, height: 48, channels: 1, fill: 128)
        let title = Sheet([Sheet.Tile(tile, "")], tileSize: 48, title: "kernels 5x5x1x6 of conv2d").picture
        #expect(title.width > 150)
        let long = Sheet([Sheet.Tile(tile, String(repeating: "w", count: 99))], tileSize: 48).picture
        #expect(long.width == 60)
        let below = (0..<long.width).filter { x in (54..<70).contains { long.grey(x, $0) < 128 } }
        #expect((below.first ?? 0) >= 6 && (below.last ?? 99) < 6 + 49 && below.count > 20)
    }

    @Test func valuesBecomeGreys() {
        let stretched = Picture(stretching: [-2, 0, 2, .nan], width: 2, height: 2, channels: 1)
        #expect(stretched.bytes == [0, 128, 255, 128])
        #expect(Picture(stretching: [3, 3], width: 2, height: 1, channels: 1).bytes == [128, 128])
        #expect(Picture(aroundZero: [-1, 0, 2, 1], width: 2, height: 2, channels: 1).bytes == [64, 128, 255, 191])
        let large = Float.greatestFiniteMagnitude
        #expect(Picture(stretching: [-large, large], width: 2, height: 1, channels: 1).bytes == [0, 255])
    }
}

@Suite struct HeatMapTests {
    /// Of two classes: 3 of 4 are right, and all of 5.
    @Test func cellsAreDarkerTheMoreIsInThem() throws {
        let map = HeatMap(names: ["cat", "dog"], counts: [3, 1, 0, 5], totals: [4, 5]).picture
        // Cells of 80 pixels begin in the lower right part; the corners of a cell hold no digit.
        let (right, bottom) = (map.width - 16, map.height - 16)
        let cell = { (row: Int, column: Int) in
            map.color(right - (2 - column) * 80 + 6, bottom - (2 - row) * 80 + 6)
        }
        #expect(cell(1, 1) == [86, 179, 123])
        #expect(cell(0, 0)[1] > cell(0, 0)[0] && cell(0, 0)[0] > cell(1, 1)[0])
        #expect(cell(0, 1)[0] > cell(0, 1)[1] && cell(0, 1)[0] < 255)
        #expect(cell(1, 0)[0] > cell(0, 1)[0])
    }

    /// As many pixels as classes at least, and no more than a screen has.
    @Test(arguments: [1, 20, 21, 60, 1_000])
    func anyNumberOfClassesHasAPicture(_ classes: Int) {
        let names = (0..<classes).map { "class \($0)" }
        let map = HeatMap(
            names: names, counts: Array(repeating: 0, count: classes * classes),
            totals: Array(repeating: 0, count: classes)
        ).picture
        #expect(map.width >= classes && map.width < 2_200 && map.height < 1_800)
    }
}

extension Picture {
    fileprivate func color(_ x: Int, _ y: Int) -> [Int] {
        (0..<channels).map { Int(bytes[(y * width + x) * channels + $0]) }
    }

    func grey(_ x: Int, _ y: Int) -> Int { color(x, y)[0] }
}
