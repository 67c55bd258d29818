/// What a chart is drawn on: a vector file or pixels. Lengths are in units of the chart, from its upper left corner.
protocol Surface {
    mutating func line(_ points: [Point], _ color: Color, width: Double, isDashed: Bool)
    /// One line of text in letters of the surface's own, its baseline at `place`.
    mutating func text(_ text: String, at place: Point, _ anchor: TextAnchor, _ color: Color)
}

package struct Point: Equatable {
    package var x: Double
    package var y: Double

    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
}

/// Which part of a text lies at its place.
enum TextAnchor: String { case start, middle, end }

struct Color: Equatable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    static let ink = Color(red: 34, green: 34, blue: 34)
    static let grid = Color(red: 221, green: 221, blue: 221)

    /// Colours that also the colour-blind tell apart (Okabe and Ito, 2008), without their yellow, which is pale on white.
    private static let palette = [
        Color(red: 0, green: 114, blue: 178), Color(red: 213, green: 94, blue: 0), Color(red: 0, green: 158, blue: 115),
        Color(red: 204, green: 121, blue: 167), Color(red: 230, green: 159, blue: 0),
        Color(red: 86, green: 180, blue: 233), Color(red: 0, green: 0, blue: 0),
    ]

    /// For the n-th curve; they come round again after seven.
    static func ofCurve(_ index: Int) -> Color { palette[index % palette.count] }
}
