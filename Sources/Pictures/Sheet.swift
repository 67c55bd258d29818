import Basics

/// Many small pictures with a line of text below each.
public struct Sheet {
    public struct Tile {
        let picture: Picture
        let caption: String

        public init(_ picture: Picture, _ caption: String) { (self.picture, self.caption) = (picture, caption) }
    }

    private let tiles: [Tile]
    private let columns: Int

    /// Pictures are of one size. Without a number of columns the sheet is about as wide as high.
    public init(_ tiles: [Tile], columns: Int? = nil) {
        precondition(!tiles.isEmpty, "a sheet of something")
        self.tiles = tiles
        self.columns = columns ?? max(1, Int(Double(tiles.count).squareRoot().rounded(.up)))
    }

    /// Pixels that the longer side of a tile should at least have: small ones are enlarged.
    private static let tileSize = 112
    private static let gap = 6
    /// Of the line below a tile.
    private static let lineHeight = BitmapFont.height + 6

    public var picture: Picture {
        let first = tiles[0].picture
        let scale = max(1, Self.tileSize / max(first.width, first.height))
        let (width, height) = (first.width * scale, first.height * scale)
        let (stepX, stepY) = (width + Self.gap, height + Self.lineHeight + Self.gap)
        let rows = tiles.count.dividedRoundingUp(by: columns)
        var sheet = Picture(
            width: min(columns, tiles.count) * stepX + Self.gap, height: rows * stepY + Self.gap, channels: 3, fill: 255
        )
        for (index, tile) in tiles.enumerated() {
            let (row, column) = index.quotientAndRemainder(dividingBy: columns)
            let (x, y) = (Self.gap + column * stepX, Self.gap + row * stepY)
            sheet.paste(tile.picture.coloured, x: x, y: y, scale: scale)
            sheet.write(tile.caption, x: x, y: y + height + 3, width: width)
        }
        return sheet
    }
}

extension Picture {
    /// The same picture in three channels.
    fileprivate var coloured: Picture {
        guard channels == 1 else { return self }
        return Picture(width: width, height: height, channels: 3, bytes: bytes.flatMap { [$0, $0, $0] })
    }

    /// One line in ink, cut off with a dot where it is too long. (x, y) is its upper left corner.
    fileprivate mutating func write(_ text: String, x: Int, y: Int, width limit: Int) {
        let most = max(1, limit / BitmapFont.advance)
        let shown = text.count > most ? String(text.prefix(most - 1)) + "." : text
        for (number, character) in shown.enumerated() {
            for dot in BitmapFont.dots(of: character) {
                let (column, row) = (x + number * BitmapFont.advance + dot.column, y + dot.row)
                guard column < self.width, row < height else { continue }
                let place = (row * self.width + column) * 3
                (bytes[place], bytes[place + 1], bytes[place + 2]) = (Color.ink.red, Color.ink.green, Color.ink.blue)
            }
        }
    }
}
