import Basics

/// The same elements in another shape. One extent may be -1: it takes what is left.
public struct Reshape: PlainDescription {
    public let target: [Int]

    /// Windows of images in patches have five.
    private static let mostAxes = 6

    public init(_ target: [Int]) { self.target = target }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        let known = target.filter { $0 != -1 }
        guard target.count - known.count <= 1, known.allSatisfy({ (1...Int(Int32.max)).contains($0) }),
            (1...Self.mostAxes).contains(target.count)
        else {
            throw LayerError(
                "its shape \(target) must be one to \(Self.mostAxes) positive extents, of which one may be -1")
        }
        var count = 1
        for extent in known {
            let (product, overflows) = count.multipliedReportingOverflow(by: extent)
            guard !overflows else { throw LayerError("its shape \(target) is too large") }
            count = product
        }
        guard known.count < target.count ? input.count % count == 0 : input.count == count else {
            throw LayerError("cannot make \(target) of the \(input.count) elements of its input \(input)")
        }
        return Shape(target.map { $0 == -1 ? input.count / count : $0 })
    }

    public var typeName: String { "Reshape" }
    public var category: String { "reshape" }
    public var takesAnyRank: Bool { true }
}

/// Axes in another order: axis i of the output is axis `order[i]` of the input, the first one 0.
public struct Permute: PlainDescription {
    public let order: [Int]

    public init(_ order: [Int]) { self.order = order }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard order.sorted() == Array(0..<input.rank) else {
            throw LayerError("its order of axes does not fit its input \(input)")
        }
        return Shape(order.map { input[$0] })
    }

    public var typeName: String { "Permute" }
    public var category: String { "reshape" }
    public var takesAnyRank: Bool { true }
}

/// An image without its margins.
public struct Cropping2D: PlainDescription {
    public let margins: Margins2D

    public init(_ margins: Margins2D) { self.margins = margins }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        let cuts = [margins.top, margins.bottom, margins.left, margins.right]
        guard cuts.allSatisfy({ (0...Int(Int32.max)).contains($0) }),
            margins.top + margins.bottom < input[0], margins.left + margins.right < input[1]
        else { throw LayerError("nothing is left of its input \(input) without its margins \(cuts)") }
        return [input[0] - margins.top - margins.bottom, input[1] - margins.left - margins.right, input[2]]
    }

    public var typeName: String { "Cropping2D" }
    public var category: String { "reshape" }
}

/// [H, W, C] to the maximum or the mean of each channel: [C], or [1, 1, C] with `keepsAxes`. `GlobalAveragePooling2D` is the
/// mean without axes, for which engines have kernels. Equal maxima share the gradient, as in TensorFlow.
public struct GlobalPooling2D: PlainDescription {
    public let kind: Pooling2D.Kind
    public let keepsAxes: Bool

    public init(_ kind: Pooling2D.Kind, keepsAxes: Bool = false) { (self.kind, self.keepsAxes) = (kind, keepsAxes) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let channels = try inputs.single(rank: 3)[2]
        return keepsAxes ? [1, 1, channels] : [channels]
    }

    public var typeName: String { kind == .max ? "GlobalMaxPooling2D" : "GlobalAveragePooling2D" }
    public var category: String { "pooling" }
}

/// A vector several times, as the steps of a sequence.
public struct RepeatVector: PlainDescription {
    public let count: Int

    public init(_ count: Int) { self.count = count }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 1)
        guard (1...Int(Int32.max)).contains(count), !input[0].multipliedReportingOverflow(by: count).overflow else {
            throw LayerError("its n = \(count) is no possible number of steps")
        }
        return [count, input[0]]
    }

    public var typeName: String { "RepeatVector" }
    public var category: String { "reshape" }
}
