import Basics

/// Many small pictures as one: what a layer sees, or its kernels, side by side.
public struct Grid {
    private let tiles: [Picture]
    private let columns: Int

    /// Tiles are of one size. Without a number of columns the grid is about as wide as high.
    public init(_ tiles: [Picture], columns: Int? = nil) {
        precondition(!tiles.isEmpty, "a grid of something")
        self.tiles = tiles
        self.columns = columns ?? max(1, Int(Double(tiles.count).squareRoot().rounded(.up)))
    }

    /// Pixels that the longer side of a tile should at least have: small ones are enlarged.
    private static let tileSize = 48
    private static let gap = 2

    public var picture: Picture {
        let tile = tiles[0]
        let scale = max(1, Self.tileSize / max(tile.width, tile.height))
        let (stepX, stepY) = (tile.width * scale + Self.gap, tile.height * scale + Self.gap)
        let rows = tiles.count.dividedRoundingUp(by: columns)
        var result = Picture(
            width: min(columns, tiles.count) * stepX + Self.gap, height: rows * stepY + Self.gap,
            channels: tile.channels, fill: 255)
        for (index, tile) in tiles.enumerated() {
            let (row, column) = index.quotientAndRemainder(dividingBy: columns)
            result.paste(tile, x: Self.gap + column * stepX, y: Self.gap + row * stepY, scale: scale)
        }
        return result
    }
}

extension Picture {
    /// Values [height, width, channels] from black, the smallest, to white, the largest; grey where all are the same.
    public init(stretching values: [Float], width: Int, height: Int, channels: Int) {
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
        self.init(values, from: low, to: high, width: width, height: height, channels: channels)
    }

    /// The same with zero as the middle grey, so that signs show.
    public init(aroundZero values: [Float], width: Int, height: Int, channels: Int) {
        let reach = values.filter(\.isFinite).map(abs).max() ?? 0
        self.init(values, from: -reach, to: reach, width: width, height: height, channels: channels)
    }

    private init(_ values: [Float], from low: Float, to high: Float, width: Int, height: Int, channels: Int) {
        // In double precision the range of any floats is finite.
        let range = Double(high) - Double(low)
        self.init(
            width: width, height: height, channels: channels,
            bytes: values.map { value in
                guard range > 0, value.isFinite else { return 128 }
                return UInt8(((Double(value) - Double(low)) / range * 255).rounded())
            })
    }
}
