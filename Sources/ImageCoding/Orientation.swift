/// How a stored image must be turned to stand upright: the values of EXIF's tag 0x0112.
public enum Orientation: Int, Sendable {
    case upright = 1
    case mirrored, turned180, flipped, transposed, turnedRight, transverse, turnedLeft

    /// Rows of the stored image are columns of the upright one.
    public var swapsAxes: Bool { rawValue >= 5 }
    private var mirrorsColumns: Bool { [.mirrored, .turned180, .transverse, .turnedLeft].contains(self) }
    private var mirrorsRows: Bool { [.turned180, .flipped, .turnedRight, .transverse].contains(self) }

    /// The size of the upright image for that of the stored one, and the other way round.
    public func turned(_ size: PixelSize) -> PixelSize {
        swapsAxes ? PixelSize(width: size.height, height: size.width) : size
    }

    /// Where a part of the upright image is in the stored one, which has `size`.
    func stored(_ rect: PixelRect, in size: PixelSize) -> PixelRect {
        mirrored(swapped(rect), in: size)
    }

    /// Where a part of the stored image, which has `size`, is in the upright one.
    func upright(_ rect: PixelRect, in size: PixelSize) -> PixelRect {
        swapped(mirrored(rect, in: size))
    }

    private func swapped(_ rect: PixelRect) -> PixelRect {
        swapsAxes ? PixelRect(x: rect.y, y: rect.x, width: rect.height, height: rect.width) : rect
    }

    private func mirrored(_ rect: PixelRect, in size: PixelSize) -> PixelRect {
        PixelRect(
            x: mirrorsColumns ? size.width - rect.x - rect.width : rect.x,
            y: mirrorsRows ? size.height - rect.y - rect.height : rect.y, width: rect.width, height: rect.height)
    }

    /// Turns pixels.
    func turn(_ pixels: PixelView, into memory: inout PixelMemory) -> PixelView {
        let (channels, region) = (pixels.channels, pixels.region)
        let columnStep = mirrorsColumns ? -channels : channels
        let rowStep = mirrorsRows ? -pixels.rowBytes : pixels.rowBytes
        let corner =
            pixels.base + (mirrorsColumns ? (region.width - 1) * channels : 0)
            + (mirrorsRows ? (region.height - 1) * pixels.rowBytes : 0)
        let turned = upright(region, in: pixels.imageSize)
        let output = memory.room(for: turned.width * turned.height * channels)
        let (right, down) = swapsAxes ? (rowStep, columnStep) : (columnStep, rowStep)
        for y in 0..<turned.height {
            var source = corner + y * down
            var target = output + y * turned.width * channels
            for _ in 0..<turned.width {
                target.update(from: source, count: channels)
                source += right
                target += channels
            }
        }
        return PixelView(
            base: output, rowBytes: turned.width * channels, channels: channels, region: turned,
            imageSize: self.turned(pixels.imageSize), owner: memory.buffer)
    }
}
