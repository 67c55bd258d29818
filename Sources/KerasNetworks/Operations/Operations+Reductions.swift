import Basics
import Models

extension KerasOperation {
    /// Along some axes of one tensor.
    static let reductions: [String: Reader] = [
        "Mean": reduction(.mean), "Sum": reduction(.sum), "Max": reduction(.max), "Min": reduction(.min),
        "Amax": reduction(.max), "Amin": reduction(.min), "Var": reduction(.variance), "Std": reduction(.deviation),
    ]

    /// The mean of an image's pixels has kernels of its own.
    private static func reduction(_ kind: Reduction.Kind) -> Reader {
        { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            let rank = operation.inputs.first?.rank ?? 0
            guard let given = try operation.options.integers("axis") else {
                throw LayerError("\(operation.kerasClass) of all axes is not supported: samples would be put together")
            }
            var axes: Set<Int> = []
            for number in given { axes.insert(try operation.axis(number, rank: rank)) }
            let keepsAxes = try operation.options.flag("keepdims", default: false)
            if kind == .mean, rank == 3, axes == [0, 1], !keepsAxes {
                return .globalAveragePooling(GlobalAveragePooling2D())
            }
            return .plain(Reduction(kind, axes: axes, keepsAxes: keepsAxes))
        }
    }
}
