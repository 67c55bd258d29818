/// Draws into pixels, two for each unit of length, with smooth edges.
struct PixelSurface: Surface {
    private(set) var picture: Picture
    private static let scale = 2.0
    /// Pixels for each dot of a letter.
    private static let dot = 3

    init(width: Double, height: Double) {
        picture = Picture(
            width: Int((width * Self.scale).rounded(.up)), height: Int((height * Self.scale).rounded(.up)), channels: 3,
            fill: 255)
    }

    mutating func line(_ points: [Point], _ color: Color, width: Double, isDashed: Bool) {
        let scaled = points.map { Point(x: $0.x * Self.scale, y: $0.y * Self.scale) }
        let pieces = isDashed ? Self.dashes(scaled, on: 6 * Self.scale, off: 4 * Self.scale) : Self.segments(scaled)
        for (start, end) in pieces { stroke(start, end, color, radius: width * Self.scale / 2) }
    }

    mutating func text(_ text: String, at place: Point, _ anchor: TextAnchor, _ color: Color) {
        let characters = Array(text)
        let advance = BitmapFont.advance * Self.dot
        let length = characters.count * advance
        var x = Int((place.x * Self.scale).rounded())
        switch anchor {
        case .start: break
        case .middle: x -= length / 2
        case .end: x -= length
        }
        let top = Int((place.y * Self.scale).rounded()) - BitmapFont.height * Self.dot
        for character in characters {
            for dot in BitmapFont.dots(of: character) {
                for dy in 0..<Self.dot {
                    for dx in 0..<Self.dot {
                        blend(x + dot.column * Self.dot + dx, top + dot.row * Self.dot + dy, color, 1)
                    }
                }
            }
            x += advance
        }
    }

    private typealias Segment = (Point, Point)

    private static func segments(_ points: [Point]) -> [Segment] { Array(zip(points, points.dropFirst())) }

    /// The parts of a line that are drawn, alternately `on` and `off` pixels long.
    private static func dashes(_ points: [Point], on: Double, off: Double) -> [Segment] {
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
                if isOn { result.append((at(position), at(next))) }
                left -= next - position
                position = next
                if left <= 0 {
                    isOn.toggle()
                    left = isOn ? on : off
                }
            }
        }
        return result
    }

    /// Colours each pixel by how much of it lies within `radius` of the line from `a` to `b`.
    private mutating func stroke(_ a: Point, _ b: Point, _ color: Color, radius: Double) {
        let reach = radius + 1
        let columns = Self.pixels(min(a.x, b.x) - reach, max(a.x, b.x) + reach, below: picture.width)
        let rows = Self.pixels(min(a.y, b.y) - reach, max(a.y, b.y) + reach, below: picture.height)
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        let square = dx * dx + dy * dy
        for y in rows {
            for x in columns {
                let (px, py) = (Double(x) + 0.5 - a.x, Double(y) + 0.5 - a.y)
                let along = square > 0 ? min(max((px * dx + py * dy) / square, 0), 1) : 0
                let (qx, qy) = (px - along * dx, py - along * dy)
                let cover = radius + 0.5 - (qx * qx + qy * qy).squareRoot()
                if cover > 0 { blend(x, y, color, min(cover, 1)) }
            }
        }
    }

    private static func pixels(_ low: Double, _ high: Double, below count: Int) -> Range<Int> {
        let first = max(0, min(count, Int(low.rounded(.down))))
        return first..<max(first, min(count, Int(high.rounded(.up))))
    }

    private mutating func blend(_ x: Int, _ y: Int, _ color: Color, _ part: Double) {
        guard (0..<picture.width).contains(x), (0..<picture.height).contains(y) else { return }
        let place = (y * picture.width + x) * 3
        for (c, value) in [color.red, color.green, color.blue].enumerated() {
            let old = Double(picture.bytes[place + c])
            picture.bytes[place + c] = UInt8((old + (Double(value) - old) * part).rounded())
        }
    }
}
