/// The extents of a tensor, outermost first. Shapes of samples leave the batch axis out: an image is [H, W, C].
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    public var extents: [Int]

    public init(_ extents: [Int]) { self.extents = extents }
    public init(arrayLiteral elements: Int...) { self.extents = elements }

    public var rank: Int { extents.count }
    /// The number of elements; 1 for the empty shape.
    public var count: Int { extents.reduce(1, *) }
    /// Whether no extent is negative and there are at most 2^31 - 1 elements, so that counts fit the libraries' integers and
    /// products of two of them do not overflow.
    public var isOfPossibleSize: Bool {
        var count = 1
        for extent in extents {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow, product <= Int(Int32.max) else { return false }
            count = product
        }
        return true
    }

    public subscript(axis: Int) -> Int { extents[axis] }

    /// `28x28x1`
    public var description: String {
        extents.isEmpty ? "scalar" : extents.map(String.init).joined(separator: "x")
    }
}
