import Basics
import Engines
import Execution
import Models
import Training

/// What a trial starts from: weights and inputs.
struct TrialValues {
    let network: Network
    let samples: Int
    let weights: [[Float]]
    let inputs: [Float]

    /// Kernels as their initializers have them; everything else near its usual first value but not at it, so that no
    /// gradient is right by accident.
    init(_ network: Network, samples: Int, seed: UInt64 = 5) {
        self.network = network
        self.samples = samples
        weights = zip(network.parameters, Replica.initialWeights(of: network, seed: seed)).enumerated().map {
            index, pair in
            let (parameter, values) = pair
            if parameter.specification.isKernel { return values }
            let random = CounterRandom(seed: seed, purpose: .generatedData, stream: UInt64(1 + index))
            return values.enumerated().map { $1 + random.uniform(UInt64($0), in: -0.3..<0.3) }
        }
        let random = CounterRandom(seed: seed, purpose: .generatedData)
        inputs = (0..<samples * network.inputShape.count).map { random.uniform(UInt64($0), in: -1..<1) }
    }

    /// The first values of a fixed sequence with which no ReLU and no maximum is nearer to its kink than `margin`: there
    /// rounding, which differs between kernels, would decide, and change whole gradients.
    init(_ network: Network, samples: Int, margin: Double) throws {
        for seed in 5..<Self.attempts {
            let values = TrialValues(network, samples: samples, seed: seed)
            if try values.distanceToKinks() >= margin {
                self = values
                return
            }
        }
        throw CheckFailure("\(network.name): no random values keep ReLUs and maxima away from their kinks")
    }

    private static let attempts: UInt64 = 1_000

    /// The least of all inputs of ReLUs and of the leads of all maxima, in units of their layer's usual (root mean square)
    /// value.
    func distanceToKinks() throws -> Double {
        try network.nodes.reduce(Double.infinity) { least, node in
            switch node.layer {
            case .activation(let layer) where layer.function == .relu:
                let values = try outputs(of: node.inputs[0]).values
                return min(least, Self.relative(values.lazy.map { abs($0) }, to: values))
            case .pooling(let layer) where layer.kind == .max:
                let input = try outputs(of: node.inputs[0])
                return min(
                    least, Self.relative(Self.leads(layer.window, input.shape, input.values), to: input.values))
            default: return least
            }
        }
    }

    private static func relative(_ distances: some Sequence<Float>, to values: [Float]) -> Double {
        let sum = values.reduce(0) { $0 + Double($1) * Double($1) }
        return Double(distances.min() ?? .infinity) / (sum / Double(values.count)).squareRoot()
    }

    /// How far each maximum is above the next smaller value. Where all are zero a ReLU has made them so, and none gets a
    /// gradient, whichever is taken. For windows that stay inside the image.
    private static func leads(_ window: Window2D, _ shape: Shape, _ values: [Float]) -> [Float] {
        let channels = shape[2]
        let tops = stride(from: 0, through: shape[0] - window.size.height, by: window.stride.height)
        let lefts = stride(from: 0, through: shape[1] - window.size.width, by: window.stride.width)
        var leads: [Float] = []
        for image in stride(from: 0, to: values.count, by: shape.count) {
            for top in tops {
                for left in lefts {
                    for channel in 0..<channels {
                        var seen: [Float] = []
                        for y in top..<top + window.size.height {
                            for x in left..<left + window.size.width {
                                seen.append(values[image + (y * shape[1] + x) * channels + channel])
                            }
                        }
                        seen.sort(by: >)
                        if seen[0] != 0 { leads.append(seen[0] - seen[1]) }
                    }
                }
            }
        }
        return leads
    }

    /// What a node makes of the inputs, by the plain engine.
    private func outputs(of node: Int) throws -> LayerOutput {
        try LayerOutput(
            ofLayer: network.nodes[node].name, of: network, weights: weights, samples: samples,
            engine: EngineChoice.engine(.blas, threads: 1)
        ) { $0.update(from: inputs, count: inputs.count) }
    }
}
