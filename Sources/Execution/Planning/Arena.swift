import Models
import Basics

/// How an engine lays out a parameter in the arena. Formats convert between that and Keras's row-major shape.
public protocol ParameterFormat: Sendable {
    /// Elements in the arena, the layout's own padding included.
    var elementCount: Int { get }
    /// Equal texts mean equal layouts; compared between ranks before the first step.
    var digest: String { get }
    func pack(_ logical: UnsafePointer<Float>, into arena: UnsafeMutablePointer<Float>) throws
    func unpack(_ arena: UnsafePointer<Float>, into logical: UnsafeMutablePointer<Float>) throws
}

/// Keras's own row-major layout.
public struct PlainFormat: ParameterFormat, Equatable {
    public let elementCount: Int

    public init(elementCount: Int) { self.elementCount = elementCount }

    public var digest: String { "plain \(elementCount)" }

    public func pack(_ logical: UnsafePointer<Float>, into arena: UnsafeMutablePointer<Float>) {
        arena.update(from: logical, count: elementCount)
    }

    public func unpack(_ arena: UnsafePointer<Float>, into logical: UnsafeMutablePointer<Float>) {
        logical.update(from: arena, count: elementCount)
    }
}

/// A parameter's place in the arena.
public struct ArenaSlice: Sendable {
    /// The index in the network's `parameters`.
    public let parameter: Int
    /// A multiple of 16 elements, as is the slice's length: vector bodies and tails never differ between slicings.
    public let offset: Int
    public let format: any ParameterFormat
    public let role: ParameterSpecification.Role

    public static let alignment = 16
    public var range: Range<Int> { offset..<offset + format.elementCount.rounded(upToMultipleOf: Self.alignment) }
    /// Without what is behind the parameter up to the next.
    var elements: Range<Int> { offset..<offset + format.elementCount }
}

/// Where every parameter lies in the one contiguous block that holds them all. Trainable parameters come in the order
/// in which backward completes their gradients, so that what is ready is always a prefix; then moving statistics,
/// whose "gradients" are the batch's statistics; then frozen weights, which have none.
public struct ArenaLayout: Sendable {
    public let slices: [ArenaSlice]
    /// The elements of the parameter arena.
    public let count: Int
    /// The elements of a gradient arena: trainable parameters and statistics.
    public let gradientCount: Int
    private let sliceOfParameter: [Int]

    /// `order`: parameter indices and their formats, already in arena order.
    init(_ network: Network, order: [(parameter: Int, format: any ParameterFormat)]) {
        var slices: [ArenaSlice] = []
        var offset = 0
        var sliceOfParameter = Array(repeating: 0, count: network.parameters.count)
        for role in [ParameterSpecification.Role.trainable, .statistic, .frozen] {
            for (parameter, format) in order where network.parameters[parameter].specification.role == role {
                let slice = ArenaSlice(parameter: parameter, offset: offset, format: format, role: role)
                sliceOfParameter[parameter] = slices.count
                slices.append(slice)
                offset = slice.range.upperBound
            }
        }
        self.slices = slices
        self.sliceOfParameter = sliceOfParameter
        count = offset
        gradientCount = slices.last { $0.role != .frozen }?.range.upperBound ?? 0
    }

    public subscript(parameter index: Int) -> ArenaSlice { slices[sliceOfParameter[index]] }

    /// Equal texts mean equal arenas; compared between ranks before the first step.
    public var digest: String {
        slices.map { "\($0.parameter)@\($0.offset):\($0.format.digest)" }.joined(separator: "; ")
    }
}
