/// Draws into pixels with smooth edges.
package struct PixelSurface: Surface {
    private(set) var picture: Picture
    /// Pixels for each unit of length.
    private let scale: Double

    /// White.
    init(width: Double, height: Double, scale: Double = 2) {
        self.init(
            on: Picture(
                width: Int((width * scale).rounded(.up)), height: Int((height * scale).rounded(.up)), channels: 3,
                fill: 255),
            scale: scale)
    }

    /// On a picture of three channels.
    init(on picture: Picture, scale: Double = 1) {
        precondition(picture.channels == 3, "colours")
        (self.picture, self.scale) = (picture, scale)
    }

    mutating func line(_ points: [Point], _ color: Color, width: Double, isDashed: Bool) {
        let scaled = points.map { Point(x: $0.x * scale, y: $0.y * scale) }
        let pieces = isDashed ? Self.dashes(scaled, on: 6 * scale, off: 4 * scale) : Self.segments(scaled)
        stroke(pieces, color, radius: width * scale / 2)
    }

    mutating func text(_ text: String, at place: Point, _ anchor: TextAnchor, _ color: Color) {
        let unit = Self.capital * scale / StrokeFont.height
        let (starts, end) = StrokeFont.places(of: text)
        let shift =
            switch anchor {
            case .start: 0.0
            case .middle: end / 2
            case .end: end
            }
        let top = place.y * scale - StrokeFont.height * unit
        for (character, start) in zip(text, starts) {
            let left = place.x * scale + (start - shift) * unit
            let pieces = StrokeFont.letter(character).strokes.flatMap { stroke in
                Self.segments(stroke.map { Point(x: left + $0.x * unit, y: top + $0.y * unit) })
            }
            stroke(pieces, color, radius: Self.pen * scale / 2)
        }
    }

    /// Units of length that a text takes.
    static func width(of text: String) -> Double { StrokeFont.places(of: text).end * capital / StrokeFont.height }

    /// Of text: what a capital is high, and how thick the pen is. As a sans-serif font of 13 units.
    static let capital = 9.4
    private static let pen = 1.15

    mutating func fill(x: Double, y: Double, width: Double, height: Double, _ color: Color) {
        for row in Self.pixels(y * scale, (y + height) * scale, below: picture.height) {
            for column in Self.pixels(x * scale, (x + width) * scale, below: picture.width) {
                blend(column, row, color, 1)
            }
        }
    }

    package typealias Segment = (Point, Point)

    private static func segments(_ points: [Point]) -> [Segment] { Array(zip(points, points.dropFirst())) }

    /// The parts of a line that are drawn, alternately `on` and `off` pixels long.
    package static func dashes(_ points: [Point], on: Double, off: Double) -> [Segment] {
        var result: [Segment] = []
        var isOn = true
        var left = on
        for (start, end) in segments(points) {
            let (dx, dy) = (end.x - start.x, end.y - start.y)
            let length = (dx * dx + dy * dy).squareRoot()
            let at = { (distance: Double) in
                Point(x: start.x + dx * distance / length, y: start.y + dy * distance / length)
            }
            var position = 0.0
            while position < length {
                let next = min(length, position + left)
                if isOn, next > position { result.append((at(position), at(next))) }
                left -= next - position
                position = next
                // Ahead of the end the piece is used up, whatever rounding has left of it.
                if position < length {
                    isOn.toggle()
                    left = isOn ? on : off
                }
            }
        }
        return result
    }

    /// Colours each pixel by how much of it lies within `radius` of the nearest of the segments, so that it is coloured once where
    /// they meet.
    private mutating func stroke(_ segments: [Segment], _ color: Color, radius: Double) {
        let reach = radius + 1
        let ends = segments.flatMap { [$0.0, $0.1] }
        guard let left = ends.map(\.x).min(), let right = ends.map(\.x).max(), let top = ends.map(\.y).min(),
            let bottom = ends.map(\.y).max()
        else { return }
        let columns = Self.pixels(left - reach, right + reach, below: picture.width)
        let rows = Self.pixels(top - reach, bottom + reach, below: picture.height)
        var covers = [Double](repeating: 0, count: columns.count * rows.count)
        for (a, b) in segments {
            let (dx, dy) = (b.x - a.x, b.y - a.y)
            let square = dx * dx + dy * dy
            for y in Self.pixels(min(a.y, b.y) - reach, max(a.y, b.y) + reach, below: picture.height) {
                for x in Self.pixels(min(a.x, b.x) - reach, max(a.x, b.x) + reach, below: picture.width) {
                    let (px, py) = (Double(x) + 0.5 - a.x, Double(y) + 0.5 - a.y)
                    let along = square > 0 ? min(max((px * dx + py * dy) / square, 0), 1) : 0
                    let (qx, qy) = (px - along * dx, py - along * dy)
                    let cover = min(radius + 0.5 - (qx * qx + qy * qy).squareRoot(), 1)
                    let place = (y - rows.lowerBound) * columns.count + x - columns.lowerBound
                    covers[place] = max(covers[place], cover)
                }
            }
        }
        for (place, cover) in covers.enumerated() where cover > 0 {
            let (row, column) = place.quotientAndRemainder(dividingBy: columns.count)
            blend(columns.lowerBound + column, rows.lowerBound + row, color, cover)
        }
    }

    private static func pixels(_ low: Double, _ high: Double, below count: Int) -> Range<Int> {
        let first = max(0, min(count, Int(low.rounded(.down))))
        return first..<max(first, min(count, Int(high.rounded(.up))))
    }

    private mutating func blend(_ x: Int, _ y: Int, _ color: Color, _ part: Double) {
        let place = (y * picture.width + x) * 3
        for (c, value) in [color.red, color.green, color.blue].enumerated() {
            let old = Double(picture.bytes[place + c])
            picture.bytes[place + c] = UInt8((old + (Double(value) - old) * part).rounded())
        }
    }
}
