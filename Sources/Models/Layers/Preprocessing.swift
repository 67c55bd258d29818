import Basics

/// Layers that make inputs of stored samples inside the network, so that whoever has the model needs no rule beside it.

/// y = scale · x + offset, each one number, or one a channel (the last axis): Keras's `Rescaling`.
public struct Rescaling: PlainDescription {
    public let scale: [Float]
    public let offset: [Float]

    public init(scale: [Float], offset: [Float] = [0]) { (self.scale, self.offset) = (scale, offset) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        for (name, values) in [("scale", scale), ("offset", offset)] {
            try input.requireChannels(values, name)
        }
        return input
    }

    public var typeName: String { "Rescaling" }
    public var category: String { "preprocessing" }
}

/// y = (x - mean) / sqrt(variance) by channel (the last axis): Keras's `Normalization`. What it has learned from samples
/// (`adapt`) are weights that no training changes; what was given to it are constants.
public struct Standardization: PlainDescription {
    /// Given: one number, or one a channel.
    public struct Statistics: Sendable, Equatable {
        public let mean: [Float]
        public let variance: [Float]

        public init(mean: [Float], variance: [Float]) { (self.mean, self.variance) = (mean, variance) }
    }

    /// Nil for statistics that are weights.
    public let given: Statistics?

    public init(_ given: Statistics? = nil) { self.given = given }

    /// Deviations are at least this: Keras's `epsilon`.
    public static let leastDeviation: Float = 1e-7

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard let given else { return input }
        try input.requireChannels(given.mean, "mean")
        try input.requireChannels(given.variance, "variance")
        guard given.variance.allSatisfy({ $0 >= 0 }) else { throw LayerError("its variance is negative") }
        return input
    }

    /// Keras keeps the number of samples that were seen beside the statistics.
    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        guard given == nil else { return [] }
        let shape: Shape = [inputs[0][inputs[0].rank - 1]]
        return [
            ParameterSpecification("mean", shape, .zeros, role: .frozen),
            ParameterSpecification("variance", shape, .ones, role: .frozen),
            ParameterSpecification("count", [], .zeros, role: .frozen),
        ]
    }

    public var typeName: String { "Normalization" }
    public var category: String { "preprocessing" }
}

extension Shape {
    /// Refuses constants that are neither one number nor one a channel, or not finite.
    fileprivate func requireChannels(_ values: [Float], _ name: String) throws(LayerError) {
        let channels = self[rank - 1]
        guard values.count == 1 || values.count == channels else {
            throw LayerError("its \(name) has \(values.count) values for \(channels) channels")
        }
        guard values.allSatisfy(\.isFinite) else { throw LayerError("its \(name) is not finite") }
    }
}

extension Network {
    /// The names of layers that scale or standardise what comes in, or take it for numbers of rows, with no weights that train
    /// before them. Samples belong into such a network as they are stored.
    public var preprocessingLayers: [String] { preprocessingLayers(of: mainInput) }

    /// The same of what comes in at one of several inputs.
    package func preprocessingLayers(of input: Int) -> [String] {
        var isBeforeWeights: [Bool] = []
        var names: [String] = []
        for (index, node) in nodes.enumerated() {
            let comesFirst = node.isEntrance ? index == input : node.inputs.allSatisfy { isBeforeWeights[$0] }
            let isPreprocessing =
                switch node.layer {
                case .plain(let layer): layer is Rescaling || layer is Standardization || layer is Embedding
                default: false
                }
            if comesFirst, isPreprocessing { names.append(node.name) }
            isBeforeWeights.append(
                comesFirst && !(node.layer.description is Embedding)
                    && (isPreprocessing || node.layer.description.parameters(for: inputShapes(of: index)).isEmpty))
        }
        return names
    }
}
