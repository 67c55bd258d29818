import HDF5Storage
import Models

/// What a golden file's generator chose so that rounding decides no ReLU and no maximum (Golden/margins.py): of each channel
/// of each kernel which draw of random numbers it is, of each channel of each bias and beta by how many steps it moved.
struct WeightChoices {
    /// Exact in single precision.
    private static let step: Float = 0x1p-6

    /// In the order of paths, channel by channel; empty where all are 0.
    private let draws: [Int]
    private let steps: [Int]

    init(_ root: Group) throws {
        draws = try Self.numbers("draws", root)
        steps = try Self.numbers("steps", root)
    }

    private static func numbers(_ name: String, _ root: Group) throws -> [Int] {
        guard try root.exists(name) else { return [] }
        let numbers: [Int32] = try root.dataset(name).read()
        return numbers.map(Int.init)
    }

    /// A network's parameters: `number` gives the element `index` of one, in the given draw. `order` is each parameter's
    /// place in the order of paths.
    func values(
        of network: Network, order: [Int], number: (NetworkParameter, _ order: Int, _ index: Int, _ draw: Int) -> Float
    ) -> ParameterValues {
        var values = ParameterValues(repeating: [], count: order.count)
        var (drawn, moved) = (0, 0)
        for (index, order) in order.enumerated().sorted(by: { $0.element < $1.element }) {
            let parameter = network.parameters[index]
            let specification = parameter.specification
            let channels = specification.shape.extents.last ?? 1
            let isMoved = ["bias", "beta"].contains(specification.name)
            values[index] = (0..<specification.shape.count).map { element in
                let channel = element % channels
                let isDrawn = specification.isKernel && !draws.isEmpty
                let value = number(parameter, order, element, isDrawn ? draws[drawn + channel] : 0)
                return isMoved && !steps.isEmpty ? value + Float(steps[moved + channel]) * Self.step : value
            }
            if specification.isKernel { drawn += channels }
            if isMoved { moved += channels }
        }
        return values
    }
}
