import Basics
import Models
import Pictures

/// What a layer holds or makes, side by side, each with its number.
package enum LayerPictures {
    /// A tile a channel; of a vector a dot a value, which stands below it.
    package static func maps(_ values: [Float], _ shape: Shape, most: Int, title: String = "") -> Picture {
        guard shape.rank == 3 else {
            let dots = Picture(stretching: values, width: values.count, height: 1, channels: 1)
            let tiles = values.prefix(most).enumerated().map { place, value in
                Sheet.Tile(
                    Picture(width: 1, height: 1, channels: 1, bytes: [dots.bytes[place]]),
                    "\(place): " + .formatted("%.3g", Double(value)))
            }
            return Sheet(tiles, tileSize: dotSize, title: title).picture
        }
        let (height, width, channels) = (shape[0], shape[1], shape[2])
        let tiles = (0..<min(channels, most)).map { channel in
            let map = stride(from: channel, to: values.count, by: channels).map { values[$0] }
            return Sheet.Tile(
                Picture(stretching: map, width: width, height: height, channels: 1), "\(channel)")
        }
        return Sheet(tiles, title: title).picture
    }

    /// `shape` is [kH, kW, in, out]. A tile is called by its filter, and its channel if there is a tile for each.
    package static func kernels(_ values: [Float], _ shape: Shape, most: Int, title: String = "") -> Picture {
        let (height, width, inputs, filters) = (shape[0], shape[1], shape[2], shape[3])
        let picture = { (filter: Int, channels: Range<Int>) in
            let weights = (0..<height * width).flatMap { place in
                channels.map { values[(place * inputs + $0) * filters + filter] }
            }
            return Picture(aroundZero: weights, width: width, height: height, channels: channels.count)
        }
        let shown = 0..<min(filters, most)
        if inputs == 1 || inputs == 3 {
            return Sheet(shown.map { Sheet.Tile(picture($0, 0..<inputs), "\($0)") }, title: title).picture
        }
        let seen = 0..<min(inputs, most)
        let tiles = shown.flatMap { filter in
            seen.map { Sheet.Tile(picture(filter, $0..<$0 + 1), "\(filter).\($0)") }
        }
        return Sheet(
            tiles, columns: seen.count, tileSize: tiles.count > manyTiles ? smallSize : dotSize, title: title
        ).picture
    }

    /// Pixels of a value of a vector, or of a filter's kernel for one channel; less where there are many.
    private static let (dotSize, smallSize, manyTiles) = (80, 48, 400)
}
