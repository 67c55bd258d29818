import Basics
import Models
import Pictures

/// What a layer holds or makes, side by side.
package enum LayerPictures {
    /// A tile a channel; a vector is one row of dots.
    package static func maps(_ values: [Float], _ shape: Shape, most: Int) -> Picture {
        guard shape.rank == 3 else {
            let dots = Picture(stretching: values, width: values.count, height: 1, channels: 1)
            return Grid(dots.bytes.map { Picture(width: 1, height: 1, channels: 1, bytes: [$0]) }).picture
        }
        let (height, width, channels) = (shape[0], shape[1], shape[2])
        return Grid(
            (0..<min(channels, most)).map { channel in
                let map = stride(from: channel, to: values.count, by: channels).map { values[$0] }
                return Picture(stretching: map, width: width, height: height, channels: 1)
            }
        ).picture
    }

    /// `shape` is [kH, kW, in, out].
    package static func kernels(_ values: [Float], _ shape: Shape, most: Int) -> Picture {
        let (height, width, inputs, filters) = (shape[0], shape[1], shape[2], shape[3])
        let tile = { (filter: Int, channels: Range<Int>) in
            let weights = (0..<height * width).flatMap { place in
                channels.map { values[(place * inputs + $0) * filters + filter] }
            }
            return Picture(aroundZero: weights, width: width, height: height, channels: channels.count)
        }
        let shown = 0..<min(filters, most)
        if inputs == 1 || inputs == 3 { return Grid(shown.map { tile($0, 0..<inputs) }).picture }
        let seen = 0..<min(inputs, most)
        return Grid(
            shown.flatMap { filter in seen.map { tile(filter, $0..<$0 + 1) } }, columns: seen.count
        ).picture
    }
}
