import Pictures
import Testing

@Suite struct GridTests {
    @Test func tilesLieInRows() {
        let tiles = (0..<5).map { Picture(width: 24, height: 48, channels: 1, fill: UInt8($0 * 10)) }
        let grid = Grid(tiles).picture
        // Three columns and two rows, two pixels of white around each.
        #expect(grid.width == 3 * 26 + 2 && grid.height == 2 * 50 + 2 && grid.channels == 1)
        #expect(grid.bytes[0] == 255)
        #expect(grid.bytes[2 * grid.width + 2] == 0)
        #expect(grid.bytes[2 * grid.width + 2 + 26] == 10)
        #expect(grid.bytes[52 * grid.width + 2 + 26] == 40)
        // The sixth place is empty.
        #expect(grid.bytes[60 * grid.width + 60] == 255)
    }

    @Test func smallTilesAreEnlarged() {
        let tile = Picture(width: 3, height: 3, channels: 3, bytes: (0..<27).map { UInt8($0) })
        let grid = Grid([tile, tile], columns: 1).picture
        #expect(grid.width == 48 + 4 && grid.height == 2 * 50 + 2)
        let place = ((2 + 47) * grid.width + 2 + 47) * 3
        #expect(Array(grid.bytes[place..<place + 3]) == [24, 25, 26])
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
