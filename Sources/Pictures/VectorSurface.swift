/// Writes Scalable Vector Graphics.
struct VectorSurface: Surface {
    private let width: Double
    private let height: Double
    private var elements: [String] = []

    init(width: Double, height: Double) {
        (self.width, self.height) = (width, height)
    }

    mutating func line(_ points: [Point], _ color: Color, width: Double, isDashed: Bool) {
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        let dashes = isDashed ? " stroke-dasharray=\"6 4\"" : ""
        elements.append(
            "<polyline fill=\"none\" stroke=\"\(Self.hex(color))\" stroke-width=\"\(Self.number(width))\"\(dashes) "
                + "points=\"\(list)\"/>")
    }

    mutating func text(_ text: String, at place: Point, _ anchor: TextAnchor, _ color: Color) {
        elements.append(
            "<text x=\"\(Self.number(place.x))\" y=\"\(Self.number(place.y))\" text-anchor=\"\(anchor.rawValue)\" "
                + "fill=\"\(Self.hex(color))\">\(Self.escaped(text))</text>")
    }

    var document: String {
        let size = "\(Self.number(width)) \(Self.number(height))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(Self.number(width))" \
            height="\(Self.number(height))" font-family="sans-serif" font-size="13">
            <rect width="100%" height="100%" fill="#ffffff"/>
            \(elements.joined(separator: "\n"))
            </svg>

            """
    }

    /// Tenths of a unit are fine enough.
    private static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let (whole, rest) = abs(tenths).quotientAndRemainder(dividingBy: 10)
        return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
    }

    private static func hex(_ color: Color) -> String {
        "#"
            + [color.red, color.green, color.blue].map { value in
                let digits = String(value, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
    }

    /// Characters that XML forbids even when escaped are left out.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case _ where scalar.value < 0x20 && scalar != "\t": continue
            case _ where scalar.value == 0xFFFE || scalar.value == 0xFFFF: continue
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
