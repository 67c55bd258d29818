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
    private let tileSize: Int
    /// Above all tiles; empty for none.
    private let title: String

    /// Pictures are of one size. Without a number of columns the sheet is about as wide as high. `tileSize`: pixels that the longer
    /// side of a tile should at least have: small ones are enlarged.
    public init(_ tiles: [Tile], columns: Int? = nil, tileSize: Int = 112, title: String = "") {
        precondition(!tiles.isEmpty, "a sheet of something")
        self.tiles = tiles
        self.columns = columns ?? max(1, Int(Double(tiles.count).squareRoot().rounded(.up)))
        (self.tileSize, self.title) = (tileSize, title)
    }

    private static let gap = 6
    /// Of the line below a tile, and where its letters stand.
    private static let (lineHeight, baseline) = (16, 12)

    public var picture: Picture {
        let first = tiles[0].picture
        let scale = max(1, tileSize / max(first.width, first.height))
        let (width, height) = (first.width * scale, first.height * scale)
        let (stepX, stepY) = (width + Self.gap, height + Self.lineHeight + Self.gap)
        let rows = tiles.count.dividedRoundingUp(by: columns)
        let head = title.isEmpty ? 0 : Self.lineHeight
        let titleWidth = Int(PixelSurface.width(of: title).rounded(.up)) + 2 * Self.gap
        var sheet = Picture(
            width: max(min(columns, tiles.count) * stepX + Self.gap, titleWidth),
            height: head + rows * stepY + Self.gap,
            channels: 3, fill: 255)
        let place = { (index: Int) in
            let (row, column) = index.quotientAndRemainder(dividingBy: columns)
            return (x: Self.gap + column * stepX, y: head + Self.gap + row * stepY)
        }
        for (index, tile) in tiles.enumerated() {
            sheet.paste(tile.picture.coloured, x: place(index).x, y: place(index).y, scale: scale)
        }
        var surface = PixelSurface(on: sheet)
        let write = { (text: String, x: Int, y: Int) in
            surface.text(text, at: Point(x: Double(x), y: Double(y + Self.baseline)), .start, .ink)
        }
        write(title, Self.gap, Self.gap / 2)
        for (index, tile) in tiles.enumerated() {
            let caption = TextLine(tile.caption, fitting: Double(width))
            write(caption.text, place(index).x, place(index).y + height)
        }
        return surface.picture
    }
}

extension Picture {
    /// The same picture in three channels.
    fileprivate var coloured: Picture {
        guard channels == 1 else { return self }
        return Picture(width: width, height: height, channels: 3, bytes: bytes.flatMap { [$0, $0, $0] })
    }
}
