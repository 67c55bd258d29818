/// Letters as strokes of a pen: smooth in every size, without a font file. Latin, Greek and Cyrillic ones; a box stands for others.
enum StrokeFont {
    /// What a capital is high, in the units of `Letter`.
    static let height = 14.0
    /// Between two letters.
    private static let gap = 3.5

    /// A letter in a box from its upper left corner; the base line is at `height`, and y grows downwards.
    struct Letter {
        let width: Double
        /// Lines from point to point.
        let strokes: [[Point]]
    }

    static func letter(_ character: Character) -> Letter { letters[character] ?? box }

    /// Those of the texts for which boxes stand, each once.
    static func missing(in texts: [String]) -> [Character] {
        var seen = Set<Character>()
        return texts.joined().filter { letters[$0] == nil && !$0.isWhitespace && seen.insert($0).inserted }
    }

    private static let box = Letter(width: 8, strokes: [closed([(0, 0), (8, 0), (8, 14), (0, 14)])])

    private static func closed(_ corners: [(Double, Double)]) -> [Point] {
        (corners + corners.prefix(1)).map { Point(x: $0.0, y: $0.1) }
    }

    /// Where the letters of a text begin, and where it ends.
    static func places(of text: String) -> (starts: [Double], end: Double) {
        var x = 0.0
        let starts = text.map { character in
            defer { x += letter(character).width + gap }
            return x
        }
        return (starts, max(0, x - gap))
    }

    // MARK: Reading the drawing

    private static let letters: [Character: Letter] = {
        var letters: [Character: Letter] = [:]
        for line in [ascii, latin, greek, cyrillic].joined(separator: "\n").split(separator: "\n") {
            guard let name = line.first else { continue }
            let parts = line.dropFirst().split(separator: "|")
            letters[name] = Letter(width: number(parts[0]), strokes: parts.dropFirst().map(stroke))
        }
        for (name, other) in pairs(alike) { letters[name] = letters[other] }
        for (name, capital) in pairs(small) { letters[name] = letters[capital]?.small }
        letters["\u{a0}"] = letters[" "]
        for line in accents.split(separator: "\n") {
            let (names, mark) = (line.prefix { $0 != ":" }, line.drop { $0 != ":" }.dropFirst())
            let strokes = mark.split(separator: "|").map(stroke)
            let isBelow = strokes.joined().allSatisfy { $0.y >= 0 }
            for (name, base) in pairs(names) {
                letters[name] = letters[base]?.with(strokes, isBelow: isBelow)
            }
        }
        return letters
    }()

    /// Words of two letters.
    private static func pairs(_ text: some StringProtocol) -> [(Character, Character)] {
        text.split { $0 == " " || $0 == "\n" }.map { word in
            guard word.count == 2, let first = word.first, let last = word.last else {
                preconditionFailure("\(word) is no pair")
            }
            return (first, last)
        }
    }

    private static func number(_ text: Substring) -> Double {
        guard let value = Double(text.filter { $0 != " " }) else { preconditionFailure("\(text) is no number") }
        return value
    }

    private static func stroke(_ text: Substring) -> [Point] {
        let points = text.split(separator: " ").filter { $0.contains(",") }.map { pair in
            let numbers = pair.split(separator: ",").map(number)
            return Point(x: numbers[0], y: numbers[1])
        }
        if text.hasPrefix("~") { return curve(points) }
        if text.hasPrefix("o") { return ring(points) }
        return points
    }

    /// A quadratic B-spline from the first point to the last; those between draw it to them.
    private static func curve(_ points: [Point]) -> [Point] {
        let inner = points.dropFirst().dropLast()
        var result = [points[0]]
        for (index, control) in inner.enumerated() {
            let end = index == inner.count - 1 ? points[points.count - 1] : middle(control, points[index + 2])
            result += arc(from: result[result.count - 1], control, to: end)
        }
        return result
    }

    /// The same without ends.
    private static func ring(_ points: [Point]) -> [Point] {
        var result = [middle(points[points.count - 1], points[0])]
        for (index, control) in points.enumerated() {
            let end = middle(control, points[(index + 1) % points.count])
            result += arc(from: result[result.count - 1], control, to: end)
        }
        return result
    }

    private static func middle(_ a: Point, _ b: Point) -> Point { Point(x: (a.x + b.x) / 2, y: (a.y + b.y) / 2) }

    /// Points of a parabola, without its first.
    private static func arc(from a: Point, _ control: Point, to b: Point) -> [Point] {
        let pieces = 6
        return (1...pieces).map { piece in
            let t = Double(piece) / Double(pieces)
            let (p, q, r) = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
            return Point(x: p * a.x + q * control.x + r * b.x, y: p * a.y + q * control.y + r * b.y)
        }
    }
}

extension StrokeFont.Letter {
    /// As high as a lower-case letter.
    fileprivate var small: Self {
        Self(width: width * 0.78, strokes: strokes.map { $0.map { Point(x: $0.x * 0.78, y: 4 + $0.y * 10 / 14) } })
    }

    /// With a mark above or below its middle. The mark has its own middle at x = 0; y = 0 is where it comes nearest to the letter.
    fileprivate func with(_ mark: [[Point]], isBelow: Bool) -> Self {
        let ys = strokes.joined().map(\.y)
        let base = isBelow ? StrokeFont.height : (ys.min() ?? 0) - 1.6
        // A narrow letter is as wide as its mark.
        let (left, right) = (mark.joined().map(\.x).min() ?? 0, mark.joined().map(\.x).max() ?? 0)
        let shift = max(0, -(width / 2 + left))
        let moved = strokes.map { $0.map { Point(x: $0.x + shift, y: $0.y) } }
        let marks = mark.map { $0.map { Point(x: $0.x + width / 2 + shift, y: $0.y + base) } }
        return Self(width: max(width + shift, width / 2 + shift + right), strokes: moved + marks)
    }
}
