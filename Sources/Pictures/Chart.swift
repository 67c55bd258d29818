/// Curves over a common horizontal axis, in panels one below the other.
public struct Chart {
    public struct Curve {
        /// Which entry of the legend it belongs to.
        public var entry: Int
        public var isDashed: Bool
        /// A value that is not finite breaks the line.
        public var points: [(x: Double, y: Double)]

        public init(entry: Int, isDashed: Bool, points: [(x: Double, y: Double)]) {
            (self.entry, self.isDashed, self.points) = (entry, isDashed, points)
        }
    }

    public struct Panel {
        public var title: String
        public var isLogarithmic: Bool
        public var curves: [Curve]
        /// Points that are marked, each with its entry of the legend.
        public var marks: [(entry: Int, x: Double, y: Double)]

        public init(
            title: String, isLogarithmic: Bool = false, curves: [Curve],
            marks: [(entry: Int, x: Double, y: Double)] = []
        ) {
            (self.title, self.isLogarithmic, self.curves, self.marks) = (title, isLogarithmic, curves, marks)
        }
    }

    /// Above the legend; empty for none.
    public var title = ""
    public var legend: [String]
    /// What stands below the legend: what dashes mean.
    public var note: String
    public var horizontalTitle: String
    public var panels: [Panel]

    public init(legend: [String], note: String, horizontalTitle: String, panels: [Panel]) {
        (self.legend, self.note, self.horizontalTitle, self.panels) = (legend, note, horizontalTitle, panels)
    }

    public var svg: String {
        var surface = VectorSurface(width: Self.width, height: height)
        draw(on: &surface)
        return surface.document
    }

    public var picture: Picture {
        var surface = PixelSurface(width: Self.width, height: height)
        draw(on: &surface)
        return surface.picture
    }

    // MARK: Layout

    private static let width = 720.0
    private static let left = 72.0
    private static let right = 20.0
    private static let lineHeight = 20.0
    private static let panelHeight = 180.0
    /// Above a panel, for its title, and below, for the numbers of the axis.
    private static let panelMargins = (above: 32.0, below: 24.0)

    private var titleHeight: Double { title.isEmpty ? 0 : Self.lineHeight }
    private var legendHeight: Double { titleHeight + Double(legend.count + 1) * Self.lineHeight + 8 }

    private var height: Double {
        legendHeight + Double(panels.count) * (Self.panelMargins.above + Self.panelHeight + Self.panelMargins.below)
            + Self.lineHeight
    }

    private func draw(on surface: inout some Surface) {
        drawLegend(on: &surface)
        let values = panels.flatMap { $0.curves.flatMap { $0.points.map(\.x) } }
        let horizontal = Axis(values, marks: 10, step: 1)
        var top = legendHeight
        for panel in panels {
            top += Self.panelMargins.above
            draw(panel, top: top, horizontal, on: &surface)
            top += Self.panelHeight + Self.panelMargins.below
        }
        let middle = (Self.left + Self.width - Self.right) / 2
        surface.text(horizontalTitle, at: Point(x: middle, y: top + 12), .middle, .ink)
    }

    private func drawLegend(on surface: inout some Surface) {
        if !title.isEmpty { surface.text(title, at: Point(x: Self.left, y: Self.lineHeight), .start, .ink) }
        for (entry, name) in legend.enumerated() {
            let y = titleHeight + Double(entry + 1) * Self.lineHeight
            surface.line(
                [Point(x: Self.left, y: y - 5), Point(x: Self.left + 28, y: y - 5)], .ofCurve(entry), width: 2,
                isDashed: false)
            surface.text(name, at: Point(x: Self.left + 36, y: y), .start, .ink)
        }
        surface.text(
            note, at: Point(x: Self.left, y: titleHeight + Double(legend.count + 1) * Self.lineHeight), .start, .ink)
    }

    private func draw(_ panel: Panel, top: Double, _ horizontal: Axis, on surface: inout some Surface) {
        let vertical = Axis(
            panel.curves.flatMap { $0.points.map(\.y) }, panel.isLogarithmic ? .logarithmic : .linear, marks: 5)
        let bottom = top + Self.panelHeight
        let end = Self.width - Self.right
        let x = { (position: Double) in Self.left + position * (end - Self.left) }
        let y = { (position: Double) in bottom - position * Self.panelHeight }
        surface.text(panel.title, at: Point(x: Self.left, y: top - 10), .start, .ink)
        for tick in vertical.ticks {
            guard let position = vertical.position(of: tick) else { continue }
            surface.line(
                [Point(x: Self.left, y: y(position)), Point(x: end, y: y(position))], .grid, width: 1, isDashed: false)
            surface.text(Axis.label(tick), at: Point(x: Self.left - 8, y: y(position) + 5), .end, .ink)
        }
        for tick in horizontal.ticks {
            guard let position = horizontal.position(of: tick) else { continue }
            surface.line(
                [Point(x: x(position), y: bottom), Point(x: x(position), y: bottom + 5)], .ink, width: 1,
                isDashed: false)
            surface.text(Axis.label(tick), at: Point(x: x(position), y: bottom + 20), .middle, .ink)
        }
        surface.line([Point(x: Self.left, y: bottom), Point(x: end, y: bottom)], .ink, width: 1, isDashed: false)
        for curve in panel.curves {
            let places = curve.points.map { point in
                horizontal.position(of: point.x).flatMap { across in
                    vertical.position(of: point.y).map { Point(x: x(across), y: y($0)) }
                }
            }
            for part in places.split(separator: nil) {
                let points = part.compactMap(\.self)
                if points.count == 1 {
                    alone(points[0], curve, on: &surface)
                } else {
                    surface.line(points, .ofCurve(curve.entry), width: 2, isDashed: curve.isDashed)
                }
            }
        }
        for marked in panel.marks {
            guard let across = horizontal.position(of: marked.x), let up = vertical.position(of: marked.y) else {
                continue
            }
            mark(Point(x: x(across), y: y(up)), .ofCurve(marked.entry), on: &surface)
        }
    }

    /// A value without neighbours: a diamond, or a cross where a line would have dashes.
    private func alone(_ place: Point, _ curve: Curve, on surface: inout some Surface) {
        guard curve.isDashed else { return mark(place, .ofCurve(curve.entry), on: &surface) }
        for slope in [-1.0, 1] {
            let ends = [-4.0, 4].map { Point(x: place.x + $0, y: place.y + $0 * slope) }
            surface.line(ends, .ofCurve(curve.entry), width: 2, isDashed: false)
        }
    }

    /// A diamond.
    private func mark(_ center: Point, _ color: Color, on surface: inout some Surface) {
        let size = 5.0
        let corners = [(0, -size), (size, 0), (0, size), (-size, 0), (0, -size)]
        surface.line(
            corners.map { Point(x: center.x + $0.0, y: center.y + $0.1) }, color, width: 2, isDashed: false)
    }
}
