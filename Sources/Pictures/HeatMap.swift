/// A square table of counts as a picture: a cell is the darker the more of its row is in it, green on the diagonal and red
/// elsewhere.
public struct HeatMap {
    private let names: [String]
    /// Row-major.
    private let counts: [Int]
    private let totals: [Int]

    /// A row and a column for each name. `totals` are those of rows.
    public init(names: [String], counts: [Int], totals: [Int]) {
        precondition(counts.count == names.count * names.count && totals.count == names.count, "a cell a pair of names")
        (self.names, self.counts, self.totals) = (names, counts, totals)
    }

    /// Cells of a small table are large enough for their counts, and a picture is no larger than a screen as long as a cell has a
    /// pixel.
    private static let (mostWithCounts, cellWithCount, side) = (20, 40.0, 800.0)
    private static let lineHeight = 18.0
    private static let margin = 8.0
    private static let (widestName, shortestLine) = (160.0, 14.0)

    public var picture: Picture {
        let hasCounts = names.count <= Self.mostWithCounts
        let cell = hasCounts ? Self.cellWithCount : max(1, (Self.side / Double(names.count)).rounded(.down))
        let hasNames = cell >= Self.shortestLine
        let labels = names.enumerated().map { TextLine("\($0.offset) \($0.element)", fitting: Self.widestName) }
        let left = Self.margin + (hasNames ? (labels.map(\.width).max() ?? 0) + Self.margin : 0)
        let top = Self.margin + (hasNames ? 2 : 1) * Self.lineHeight
        let size = Double(names.count) * cell
        var surface = PixelSurface(
            width: left + size + Self.margin, height: top + size + Self.margin, scale: hasCounts ? 2 : 1)
        surface.text(
            "rows: labels, columns: predictions", at: Point(x: left, y: Self.lineHeight), .start, .ink)
        for row in names.indices {
            // The middle of a capital lies in the middle of the cell.
            let base = top + (Double(row) + 0.5) * cell + PixelSurface.capital / 2
            if hasNames {
                let middle = left + (Double(row) + 0.5) * cell
                surface.text("\(row)", at: Point(x: middle, y: top - 6), .middle, .ink)
                surface.text(labels[row].text, at: Point(x: left - Self.margin, y: base), .end, .ink)
            }
            for column in names.indices {
                let count = counts[row * names.count + column]
                let x = left + Double(column) * cell
                let gap = cell > 4 ? 1.0 : 0
                surface.fill(
                    x: x, y: top + Double(row) * cell, width: cell - gap, height: cell - gap, color(count, row, column))
                guard hasCounts, count > 0 else { continue }
                surface.text("\(count)", at: Point(x: x + cell / 2, y: base), .middle, .ink)
            }
        }
        return surface.picture
    }

    private func color(_ count: Int, _ row: Int, _ column: Int) -> Color {
        let share = Double(count) / Double(max(1, totals[row]))
        return row == column
            ? Color.white.mixed(with: .right, 0.06 + 0.74 * share)
            : Color.white.mixed(with: .wrong, count > 0 ? 0.12 + 0.78 * share : 0.03)
    }
}

extension Color {
    fileprivate static let white = Color(red: 255, green: 255, blue: 255)
    fileprivate static let right = Color(red: 44, green: 160, blue: 90)
    fileprivate static let wrong = Color(red: 201, green: 79, blue: 109)

    fileprivate func mixed(with other: Color, _ part: Double) -> Color {
        let mix = { (a: UInt8, b: UInt8) in UInt8((Double(a) + (Double(b) - Double(a)) * part).rounded()) }
        return Color(red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
    }
}
