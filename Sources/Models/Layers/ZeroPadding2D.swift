import Basics

/// Pixels beside an image: above, below, left and right.
public struct Margins2D: Sendable, Equatable, CustomStringConvertible {
    public let top: Int
    public let bottom: Int
    public let left: Int
    public let right: Int

    public init(top: Int, bottom: Int, left: Int, right: Int) {
        self.top = top
        self.bottom = bottom
        self.left = left
        self.right = right
    }

    /// The same on all sides.
    public init(_ side: Int) { self.init(top: side, bottom: side, left: side, right: side) }

    public static let none = Margins2D(0)

    public static func + (a: Margins2D, b: Margins2D) -> Margins2D {
        Margins2D(
            top: a.top + b.top, bottom: a.bottom + b.bottom, left: a.left + b.left, right: a.right + b.right)
    }

    public var description: String { "((\(top), \(bottom)), (\(left), \(right)))" }
}

/// An image with zeros around it: [H, W, C] to [top + H + bottom, left + W + right, C].
public struct ZeroPadding2D: LayerDescription {
    public let margins: Margins2D

    public init(_ margins: Margins2D) { self.margins = margins }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        let sides = [margins.top, margins.bottom, margins.left, margins.right]
        guard sides.allSatisfy({ (0...Int(Int32.max)).contains($0) }) else {
            throw LayerError("its padding \(margins) must be from 0 to 2^31 - 1")
        }
        return [margins.top + input[0] + margins.bottom, margins.left + input[1] + margins.right, input[2]]
    }

    public var typeName: String { "ZeroPadding2D" }
    public var category: String { "padding" }
}
