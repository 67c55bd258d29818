import Basics
import KerasCalls
import Models

extension KerasOperation {
    /// The same elements in another shape or order, or some of them.
    static let rearrangements: [String: Reader] = [
        "Reshape": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let shape = try operation.options.shape("newshape")
            guard let batch = shape.first, batch == nil || batch == -1 else {
                throw LayerError("Reshape must leave the number of samples open, by -1 as the first number")
            }
            return .plain(Reshape(shape.dropFirst().map { $0 ?? -1 }))
        },
        "Squeeze": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let input = operation.inputs.first ?? [1]
            var axes: Set<Int> = []
            for number in try operation.options.integers("axis") ?? [] {
                let axis = try operation.axis(number, rank: input.rank)
                guard input[axis] == 1 else {
                    throw LayerError("Squeeze along axis \(number), which has \(input[axis]) elements")
                }
                axes.insert(axis)
            }
            guard !axes.isEmpty else { throw LayerError("Squeeze without axes is not supported") }
            return .plain(Reshape(input.extents.indices.filter { !axes.contains($0) }.map { input[$0] }))
        },
        "ExpandDims": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            var extents = operation.inputs.first?.extents ?? []
            var axes: [Int] = []
            for number in try operation.options.integers("axis") ?? [] {
                axes.append(try operation.axis(number, rank: extents.count + 1))
            }
            guard axes.count == 1 else { throw LayerError("ExpandDims of \(axes.count) axes is not supported") }
            extents.insert(1, at: axes[0])
            return .plain(Reshape(extents))
        },
        "Transpose": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let axes = try operation.options.integers("axes") ?? []
            guard axes.first == 0 else { throw LayerError("Transpose must leave the samples' axis the first") }
            return .plain(Permute(axes.dropFirst().map { $0 &- 1 }))
        },
        "Swapaxes": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let rank = operation.inputs.first?.rank ?? 0
            let first = try operation.axis(operation.options.integer("axis1"), rank: rank)
            let second = try operation.axis(operation.options.integer("axis2"), rank: rank)
            var order = Array(0..<rank)
            order.swapAt(first, second)
            return .plain(Permute(order))
        },
        "Moveaxis": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let rank = operation.inputs.first?.rank ?? 0
            let sources = try operation.options.integers("source") ?? []
            let places = try operation.options.integers("destination") ?? []
            guard sources.count == 1, places.count == 1 else {
                throw LayerError("Moveaxis is supported of one axis, not of \(sources)")
            }
            var order = Array(0..<rank)
            let moved = order.remove(at: try operation.axis(sources[0], rank: rank))
            order.insert(moved, at: try operation.axis(places[0], rank: rank))
            return .plain(Permute(order))
        },
        "Flip": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let input = operation.inputs.first ?? [1]
            guard let given = try operation.options.integers("axis") else {
                throw LayerError("Flip without axes is not supported")
            }
            var flipped: Set<Int> = []
            for number in given { flipped.insert(try operation.axis(number, rank: input.rank)) }
            return .plain(
                Slice(
                    input.extents.enumerated().map { axis, extent in
                        flipped.contains(axis)
                            ? Slice.Axis(start: extent - 1, step: -1, count: extent)
                            : Slice.Axis(start: 0, count: extent)
                    }))
        },
        "Roll": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let input = operation.inputs.first ?? [1]
            guard let axes = try operation.options.integers("axis"),
                let given = try operation.options.integers("shift"), given.count == axes.count
            else { throw LayerError("Roll is supported with a shift for each of some axes only") }
            var shifts = [Int](repeating: 0, count: input.rank)
            for (number, shift) in zip(axes, given) {
                let axis = try operation.axis(number, rank: input.rank)
                // Both are shorter than the axis.
                let place = (shifts[axis] + shift % input[axis]) % input[axis]
                shifts[axis] = place < 0 ? place + input[axis] : place
            }
            return .plain(Roll(shifts))
        },
        "Concatenate": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            return operation.options.isAlongLastAxis
                ? .concatenate(try Concatenate(keras: &operation.options))
                : .plain(try AxisConcatenation(keras: &operation.options))
        },
        "Stack": { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let rank = (operation.inputs.first?.rank ?? 0) + 1
            return .plain(Stack(axis: try operation.axis(operation.options.integer("axis"), rank: rank)))
        },
        "GetItem": { (operation) throws(LayerError) in
            guard let input = operation.inputs.first, let key = operation.others.first, operation.others.count == 1
            else {
                throw LayerError("GetItem is supported with constant places only")
            }
            return .plain(try operation.slice(of: input, by: key.array ?? [key]))
        },
    ]

    /// `x[:, 1:, ..., ::-1]` as its parts: numbers, slices and one ellipsis.
    private func slice(of input: Shape, by key: [JSONValue]) throws(LayerError) -> Slice {
        var parts = key
        let isEllipsis = KerasArguments.isEllipsis
        let missing = input.rank + 1 - parts.filter { !isEllipsis($0) }.count
        guard missing >= 0 else { throw unsupported(.array(key)) }
        let rest = [JSONValue](repeating: KerasArguments.everything, count: missing)
        if let place = parts.firstIndex(where: isEllipsis) {
            parts.replaceSubrange(place...place, with: rest)
        } else {
            parts += rest
        }
        guard parts.count == input.rank + 1, isWhole(parts[0]) else { throw unsupported(.array(key)) }
        var axes: [Slice.Axis] = []
        for (part, extent) in zip(parts.dropFirst(), input.extents) { axes.append(try axis(part, of: extent)) }
        return Slice(axes)
    }

    private func isWhole(_ part: JSONValue) -> Bool {
        part["class_name"]?.string == "__slice__"
            && ["start", "stop", "step"].allSatisfy { part["config"]?[$0] ?? .null == .null }
    }

    /// The elements that Python's `start:stop:step` takes.
    private func axis(_ part: JSONValue, of extent: Int) throws(LayerError) -> Slice.Axis {
        if let number = part.integer {
            let start = number < 0 ? number + extent : number
            guard (0..<extent).contains(start) else { throw unsupported(part) }
            return Slice.Axis(start: start, count: 1, isDropped: true)
        }
        guard part["class_name"]?.string == "__slice__", let bounds = part["config"] else { throw unsupported(part) }
        // Not `nil`, which would be JSON's null.
        let given = { (name: String) -> JSONValue? in bounds[name] == .null ? .none : bounds[name] }
        for name in ["start", "stop", "step"] {
            guard given(name).map({ $0.integer != nil }) ?? true else { throw unsupported(part) }
        }
        let step = given("step")?.integer ?? 1
        guard step != 0, (-extent...extent).contains(step) else { throw unsupported(part) }
        let (low, high) = step > 0 ? (0, extent) : (-1, extent - 1)
        let clamped = { (name: String, usual: Int) -> Int in
            guard let number = given(name)?.integer else { return usual }
            return Swift.min(Swift.max(number < 0 ? number + extent : number, low), high)
        }
        let (start, stop) = (clamped("start", step > 0 ? 0 : extent - 1), clamped("stop", step > 0 ? extent : -1))
        let length = step > 0 ? stop - start : start - stop
        return Slice.Axis(start: start, step: step, count: Swift.max(0, length.dividedRoundingUp(by: abs(step))))
    }
}
