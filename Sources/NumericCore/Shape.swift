/// The extents of a tensor, outermost first. Shapes of samples leave the batch axis out: an image is [H, W, C].
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    public var extents: [Int]

    public init(_ extents: [Int]) { self.extents = extents }
    public init(arrayLiteral elements: Int...) { self.extents = elements }

    public var rank: Int { extents.count }
    /// The number of elements; 1 for the empty shape.
    public var count: Int { extents.reduce(1, *) }
    public subscript(axis: Int) -> Int { extents[axis] }

    /// `28x28x1`
    public var description: String {
        extents.isEmpty ? "scalar" : extents.map(String.init).joined(separator: "x")
    }
}
