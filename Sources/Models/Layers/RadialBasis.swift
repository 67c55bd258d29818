import Basics

/// Squared distances of a vector to fixed codes, y_i = Σ_j (x_j - code_ij)²: the output layer of LeCun et al.,
/// "Gradient-based learning applied to document recognition", 1998. The smallest output is the prediction.
public struct RadialBasis: PlainDescription {
    public let units: Int
    /// ±1 in each place.
    public let codes: Initializer

    public init(units: Int, codes: Initializer = .signs) {
        self.units = units
        self.codes = codes
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 1, hint: "put a flatten or a dense layer before it")
        guard units > 0 else { throw LayerError("needs at least one unit, not \(units)") }
        if codes == .digits, input.count != DigitCodes.count || units > DigitCodes.bitmaps.count {
            throw LayerError(
                "the codes of digits are \(DigitCodes.bitmaps.count) of \(DigitCodes.count) values, "
                    + "and do not fit \(units) units over \(input)")
        }
        return [units]
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        [ParameterSpecification("codes", [units, inputs[0].count], codes, role: .frozen)]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int { inputs[0].count * units }

    public var typeName: String { "RadialBasis" }
    public var category: String { "radial basis" }
}

/// The digits as stylised bitmaps of 7x12, as the paper has them, so that similar characters have similar codes. Ink is +1,
/// paper -1. The drawings are this program's own.
enum DigitCodes {
    static let count = 84

    static let bitmaps: [[String]] = [
        [
            "..###..", ".#...#.", "#.....#", "#.....#", "#.....#", "#.....#",
            "#.....#", "#.....#", "#.....#", "#.....#", ".#...#.", "..###..",
        ],
        [
            "...#...", "..##...", ".#.#...", "...#...", "...#...", "...#...",
            "...#...", "...#...", "...#...", "...#...", "...#...", ".#####.",
        ],
        [
            ".#####.", "#.....#", "......#", "......#", ".....#.", "....#..",
            "...#...", "..#....", ".#.....", "#......", "#......", "#######",
        ],
        [
            "#######", "......#", ".....#.", "....#..", "...#...", "..####.",
            "......#", "......#", "......#", "......#", "#.....#", ".#####.",
        ],
        [
            ".#.....", ".#.....", "#....#.", "#....#.", "#....#.", "#....#.",
            "#######", ".....#.", ".....#.", ".....#.", ".....#.", ".....#.",
        ],
        [
            "#######", "#......", "#......", "#......", "#.###..", "##...#.",
            "......#", "......#", "......#", "......#", "#....#.", ".####..",
        ],
        [
            "...###.", "..#....", ".#.....", "#......", "#......", "#.###..",
            "##...#.", "#.....#", "#.....#", "#.....#", ".#...#.", "..###..",
        ],
        [
            "#######", "......#", "......#", ".....#.", ".....#.", "....#..",
            "....#..", "...#...", "...#...", "..#....", "..#....", "..#....",
        ],
        [
            ".#####.", "#.....#", "#.....#", "#.....#", ".#...#.", "..###..",
            ".#...#.", "#.....#", "#.....#", "#.....#", "#.....#", ".#####.",
        ],
        [
            "..###..", ".#...#.", "#.....#", "#.....#", "#.....#", ".#...##",
            "..###.#", "......#", "......#", ".....#.", "....#..", ".###...",
        ],
    ]

    /// ±1 row by row, a row of bits a digit.
    static let values = bitmaps.flatMap { $0.joined().map { $0 == "#" ? Float(1) : -1 } }
}
