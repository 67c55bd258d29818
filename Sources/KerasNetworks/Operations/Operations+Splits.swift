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
        if let sum = try options.optionalInteger(TensorFlowFunction.sumOfSizes), sum != input[axis] {
            throw LayerError("Split of \(input[axis]) elements into parts of \(sum) in all is not possible")
        }
        let (start, end) = try bounds(of: number, extent: input[axis])
        try options.finish()
        let axes = input.extents.enumerated().map { place, extent in
            place == axis ? Slice.Axis(start: start, count: end - start) : Slice.Axis(start: 0, count: extent)
        }
        let slice: JSONValue = [
            "class_name": "__slice__", "config": ["start": .integer(start), "stop": .integer(end), "step": nil],
        ]
        return (Slice(axes), .array([JSONValue](repeating: KerasArguments.everything, count: axis + 1) + [slice]))
    }

    /// Where a part of so many elements begins and ends. The option is a number of equal parts, or the first element of each part but
    /// the first.
    private mutating func bounds(of number: Int, extent: Int) throws(LayerError) -> (start: Int, end: Int) {
        let name = "indices_or_sections"
        let unread = { (count: Int) in LayerError("part \(number) of it is read, and it makes \(count)") }
        if let count = try options.single(name) {
            guard count > 0, extent.isMultiple(of: count) else {
                throw LayerError("Split of \(extent) elements into \(count) equal parts is not possible")
            }
            guard (0..<count).contains(number) else { throw unread(count) }
            let size = extent / count
            return (number * size, (number + 1) * size)
        }
        let places = try [0] + (options.integers(name) ?? []) + [extent]
        guard zip(places, places.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw LayerError(
                "Split of \(extent) elements at \(places.dropFirst().dropLast()) is not supported: they must rise inside"
            )
        }
        guard (0..<places.count - 1).contains(number) else { throw unread(places.count - 1) }
        return (places[number], places[number + 1])
    }
}
