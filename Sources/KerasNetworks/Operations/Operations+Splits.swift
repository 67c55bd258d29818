import Basics
import KerasCalls
import Models

/// `ops.split`, the function with several results. Each of them is a layer, `x[:, 2:4]`, and goes home as that.
extension KerasOperation {
    static let split = "Split"

    /// Takes one of the results, and says how Keras writes it behind the tensor.
    mutating func part(_ number: Int) throws(LayerError) -> (slice: Slice, key: JSONValue) {
        try requireTensorsOnly()
        let input = inputs.first ?? [1]
        let axis = try self.axis(options.integer("axis"), rank: input.rank)
        let starts = try self.starts(of: input[axis])
        try options.finish()
        guard starts.indices.contains(number) else {
            throw LayerError("part \(number) of it is read, and it makes \(starts.count)")
        }
        let (start, end) = (starts[number], number + 1 < starts.count ? starts[number + 1] : input[axis])
        let axes = input.extents.enumerated().map { place, extent in
            place == axis ? Slice.Axis(start: start, count: end - start) : Slice.Axis(start: 0, count: extent)
        }
        let bounds: JSONValue = [
            "class_name": "__slice__", "config": ["start": .integer(start), "stop": .integer(end), "step": nil],
        ]
        return (Slice(axes), .array([JSONValue](repeating: KerasArguments.everything, count: axis + 1) + [bounds]))
    }

    /// Where the parts of so many elements begin. The option is a number of equal parts, or the first element of each part but the
    /// first.
    private mutating func starts(of extent: Int) throws(LayerError) -> [Int] {
        let name = "indices_or_sections"
        if let count = try options.single(name) {
            guard count > 0, extent.isMultiple(of: count) else {
                throw LayerError("Split of \(extent) elements into \(count) equal parts is not possible")
            }
            return (0..<count).map { $0 * (extent / count) }
        }
        let starts = try [0] + (options.integers(name) ?? [])
        guard zip(starts, starts.dropFirst() + [extent]).allSatisfy({ $0 < $1 }) else {
            throw LayerError(
                "Split of \(extent) elements at \(starts.dropFirst()) is not supported: they must rise inside")
        }
        return starts
    }
}
