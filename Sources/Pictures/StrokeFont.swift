/// Letters as strokes of a pen: smooth in every size, without a font file. Those of ASCII; others are a question mark.
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

    static func letter(_ character: Character) -> Letter {
        letters[character] ?? letters["?"] ?? Letter(width: 0, strokes: [])
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

    private static let letters: [Character: Letter] = Dictionary(
        uniqueKeysWithValues: drawing.split(separator: "\n").compactMap { line in
            guard let name = line.first else { return nil }
            let parts = line.dropFirst().split(separator: "|")
            return (name, Letter(width: number(parts[0]), strokes: parts.dropFirst().map(stroke)))
        })

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

    /// A letter a line: itself, its width, and strokes: lines from point to point, curves (~) or rings (o).
    private static let drawing = #"""
          3
        ! 0| 0,0 0,9.5| 0,13.6 0,14
        " 3| 0,0 0,4| 3,0 3,4
        # 9| 3,0 1.6,14| 7.4,0 6,14| 0,4.6 9,4.6| 0,9.4 9,9.4
        $ 8.5|~ 8,3.3 7.5,0 .4,0 .4,6 4.2,6.7 8.5,7.4 8.5,14 .5,14 0,10.4| 4.2,-2 4.2,16
        % 12|o 0,0 4.6,0 4.6,6.4 0,6.4|o 7.4,7.6 12,7.6 12,14 7.4,14| 10,0 2,14
        & 10|~ 10,14 3.5,7 1.4,4.6 1.4,0 7,0 7,4 0,6.5 0,14 7.5,14 9.5,8.5
        ' 0| 0,0 0,4
        ( 3|~ 3,-1.5 0,2 0,12.5 3,16
        ) 3|~ 0,-1.5 3,2 3,12.5 0,16
        * 6| 3,0 3,6| .4,1.5 5.6,4.5| 5.6,1.5 .4,4.5
        + 8| 4,4 4,12| 0,8 8,8
        , 1.2| 1.2,13.4 0,16.6
        - 4.5| 0,9 4.5,9
        . 0| 0,13.6 0,14
        / 5.5| 5.5,-.6 0,15.4
        0 8|o 0,0 8,0 8,14 0,14
        1 8| 2,2.6 5,0 5,14
        2 8|~ .4,4 .4,0 7.7,0 7.7,6.2 3.4,10.4 0,14| 0,14 8,14
        3 8|~ .5,2.8 1.2,0 7.4,0 7.4,6.5 3,6.5|~ 3,6.5 8,6.5 8,14 .4,14 0,10.9
        4 8| 6.2,14 6.2,0 0,10 8,10
        5 8| 7.3,0 1.2,0 .7,6.2|~ .7,6.2 2.2,5 8,4.2 8,14 .6,14.3 0,11
        6 8|o 0,5.2 8,5.2 8,14 0,14|~ 7.4,2 6.4,0 0,-.6 0,9.6
        7 8| 0,0 8,0 3,14
        8 8|o .6,0 7.4,0 7.4,6.5 .6,6.5|o 0,6.5 8,6.5 8,14 0,14
        9 8|o 0,0 8,0 8,8.8 0,8.8|~ .6,12 1.6,14 8,14.6 8,4.4
        : 0| 0,5 0,5.4| 0,13.6 0,14
        ; 1.2| 1.2,5 1.2,5.4| 1.2,13.4 0,16.6
        < 8| 8,4 0,8 8,12
        = 8| 0,6 8,6| 0,10 8,10
        > 8| 0,4 8,8 0,12
        ? 7|~ .2,3.6 .4,0 7,0 7,5 3.4,6 3.4,10| 3.4,13.6 3.4,14
        @ 13|o 4,4 9,4 9,10.6 4,10.6|~ 9,4.4 9,11.4 13,11 13,0 0,0 0,15 6,16.4 10,15
        A 10| 0,14 5,0 10,14| 1.7,9.4 8.3,9.4
        B 8.5| 0,0 0,14|~ 0,0 4,0 8,0 8,6.5 4,6.5 0,6.5|~ 0,6.5 4,6.5 8.5,6.5 8.5,14 4,14 0,14
        C 9.5|~ 9.5,4 9,0 0,0 0,14 9,14 9.5,10
        D 9| 0,0 0,14|~ 0,0 4,0 9,0 9,14 4,14 0,14
        E 7.5| 7.5,0 0,0 0,14 7.5,14| 0,6.7 6.5,6.7
        F 7.5| 7.5,0 0,0 0,14| 0,6.9 6.3,6.9
        G 10|~ 9.7,3.7 9,0 0,0 0,14 9,14 10,11.5 10,7.6| 6,7.6 10,7.6
        H 9| 0,0 0,14| 9,0 9,14| 0,6.8 9,6.8
        I 0| 0,0 0,14
        J 6|~ 6,0 6,9 6,14 0,14 0,10
        K 8.5| 0,0 0,14| 8,0 0,8.6| 3,5.4 8.5,14
        L 7| 0,0 0,14 7,14
        M 11| 0,14 0,0 5.5,10 11,0 11,14
        N 9| 0,14 0,0 9,14 9,0
        O 10.5|o 0,0 10.5,0 10.5,14 0,14
        P 8.5| 0,0 0,14|~ 0,0 4,0 8.5,0 8.5,7.4 4,7.4 0,7.4
        Q 10.5|o 0,0 10.5,0 10.5,14 0,14| 6.5,10.5 10,15
        R 8.7| 0,0 0,14|~ 0,0 4,0 8.3,0 8.3,7.3 4,7.3 0,7.3| 4.5,7.3 8.7,14
        S 8.5|~ 8,3.4 7.5,0 .4,0 .4,6 4.2,6.7 8.5,7.4 8.5,14 .5,14 0,10.4
        T 9| 0,0 9,0| 4.5,0 4.5,14
        U 9|~ 0,0 0,8 0,14 9,14 9,8 9,0
        V 9.5| 0,0 4.75,14 9.5,0
        W 14| 0,0 3.6,14 7,1 10.4,14 14,0
        X 9| 0,0 9,14| 9,0 0,14
        Y 9| 0,0 4.5,7.2 9,0| 4.5,7.2 4.5,14
        Z 8.5| 0,0 8.5,0 0,14 8.5,14
        [ 3| 3,-1.5 0,-1.5 0,16 3,16
        \ 5.5| 0,-.6 5.5,15.4
        ] 3| 0,-1.5 3,-1.5 3,16 0,16
        ^ 7| 0,6 3.5,0 7,6
        _ 8| 0,16 8,16
        ` 2| 0,0 2,2.4
        a 7|~ .4,6.6 .9,4 7,3.6 7,8.5 7,14|~ 7,8.6 0,7.8 0,14 5.5,14.4 7,11
        b 7.6| 0,0 0,14|o 0,4 7.6,4 7.6,14 0,14
        c 7|~ 7,6.9 6.4,4 0,4 0,14 6.4,14 7,11.1
        d 7.6| 7.6,0 7.6,14|o 0,4 7.6,4 7.6,14 0,14
        e 7.6| 0,8.9 7.6,8.9|~ 7.6,8.9 7.6,4 0,4 0,14 6.7,14 7.4,11.6
        f 4.8|~ 4.8,.2 1.9,-.6 1.9,4 1.9,14| 0,4.3 4.4,4.3
        g 7.6|o 0,4 7.6,4 7.6,14 0,14|~ 7.6,4 7.6,12 7.6,18.6 1,18.2 .5,16.4
        h 7| 0,0 0,14|~ 0,8 0,4 7,3.4 7,8.5 7,14
        i 0| 0,4 0,14| 0,.4 0,.9
        j 2.5|~ 2.5,4 2.5,14 2.5,18.3 0,18| 2.5,.4 2.5,.9
        k 6.8| 0,0 0,14| 6.4,4 0,10.3| 2.6,7.8 6.8,14
        l 0| 0,0 0,14
        m 12| 0,4 0,14|~ 0,7.6 0,4 6,3.4 6,8 6,14|~ 6,7.6 6,4 12,3.4 12,8 12,14
        n 7| 0,4 0,14|~ 0,8 0,4 7,3.4 7,8.5 7,14
        o 8|o 0,4 8,4 8,14 0,14
        p 7.6| 0,4 0,18|o 0,4 7.6,4 7.6,14 0,14
        q 7.6| 7.6,4 7.6,18|o 0,4 7.6,4 7.6,14 0,14
        r 4.3| 0,4 0,14|~ 0,8.4 .3,3.8 4.3,4.1
        s 6.6|~ 6.2,6.3 5.8,4 .3,4 .3,8.2 3.3,8.8 6.6,9.4 6.6,14 .4,14 0,11.6
        t 4.6|~ 1.8,1 1.8,10 1.8,14.6 4.6,13.8| 0,4.2 4.4,4.2
        u 7|~ 0,4 0,9.5 0,14.6 7,14 7,10| 7,4 7,14
        v 7.4| 0,4 3.7,14 7.4,4
        w 11| 0,4 2.8,14 5.5,4.6 8.2,14 11,4
        x 7| 0,4 7,14| 7,4 0,14
        y 7.4| 0,4 3.8,13.6|~ 7.4,4 4.4,12.4 2.8,18.6 .3,17.8
        z 6.8| 0,4 6.8,4 0,14 6.8,14
        { 4|~ 4,-1.5 1.6,-1.5 1.6,6.6 0,7.2|~ 0,7.2 1.6,7.8 1.6,16 4,16
        | 0| 0,-1.5 0,16
        } 4|~ 0,-1.5 2.4,-1.5 2.4,6.6 4,7.2|~ 4,7.2 2.4,7.8 2.4,16 0,16
        ~ 8|~ 0,9 1.6,6.4 4,8 6.4,9.6 8,7
        """#
}
