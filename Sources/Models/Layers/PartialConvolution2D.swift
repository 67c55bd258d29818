import Basics

/// A convolution, without padding and of stride 1, whose output maps each see some of the input maps only: layer C3 of
/// LeCun et al., "Gradient-based learning applied to document recognition", 1998.
public struct PartialConvolution2D: LayerDescription {
    public let window: Window2D
    /// For each output map the input maps it sees, ascending.
    public let connections: [[Int]]
    public let activation: Activation
    public let kernelInitializer: Initializer

    public init(
        kernel: Extent2D, connections: [[Int]], activation: Activation = .linear,
        kernelInitializer: Initializer = .glorotUniform
    ) {
        window = Window2D(size: kernel, stride: 1, padding: .valid)
        self.connections = connections
        self.activation = activation
        self.kernelInitializer = kernelInitializer
    }

    public var connectionCount: Int { connections.reduce(0) { $0 + $1.count } }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        let output = try window.outputExtent(of: input)
        guard !connections.isEmpty else { throw LayerError("its table of connections has no output map") }
        for (map, seen) in connections.enumerated() {
            guard !seen.isEmpty, zip(seen, seen.dropFirst()).allSatisfy(<) else {
                throw LayerError(
                    "its output map \(map) must see at least one input map, in ascending order, not \(seen)")
            }
            if let missing = seen.first(where: { !(0..<input[2]).contains($0) }) {
                throw LayerError(
                    "its output map \(map) sees input map \(missing), but its input \(input) has \(input[2])")
            }
        }
        return [output.height, output.width, connections.count]
    }

    /// The kernels of all connections, of the first output map first.
    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        [
            ParameterSpecification(
                "kernel", [window.size.height, window.size.width, connectionCount], kernelInitializer),
            ParameterSpecification("bias", [connections.count], .zeros),
        ]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        guard let output = try? outputShape(of: inputs) else { return 0 }
        return output[0] * output[1] * window.size.count * connectionCount
    }

    public var typeName: String { "PartialConvolution2D" }
    public var category: String { "convolution" }
}
