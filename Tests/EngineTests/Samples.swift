import Basics
import Execution
import KerasNetworks
import Models

/// A batch of samples as a network takes it: inputs row-major, and labels or target values.
struct Batch {
    enum Targets {
        case labels([Int32])
        case values([Float])
    }

    /// Of the main input.
    var inputs: [Float]
    var furtherInputs: [[Float]]
    var targets: Targets

    var kind: TargetKind { if case .labels = targets { .label } else { .values } }

    /// Random inputs in ±1, and labels among the network's outputs (0 or 1 for a single one) or target values in ±1; for heads the
    /// same in rows.
    init(for network: Network, samples: Int, kind: TargetKind, seed: UInt64 = 1) {
        let random = CounterRandom(seed: seed, purpose: .generatedData)
        inputs = (0..<samples * network.inputShape.count).map { random.uniform(UInt64($0), in: -1..<1) }
        furtherInputs = network.furtherInputs.map { input in
            let random = CounterRandom(seed: seed, purpose: .generatedData, stream: UInt64(1000 + input))
            return (0..<samples * network.shapes[input].count).map { random.uniform(UInt64($0), in: -1..<1) }
        }
        let outputs = network.outputShape.count
        let other = CounterRandom(seed: seed, purpose: .generatedData, stream: 1)
        switch kind {
        case .label: targets = .labels((0..<samples).map { Int32(other.integer(UInt64($0), below: max(outputs, 2))) })
        case .shares, .values, .flags:
            targets = .values((0..<samples * outputs).map { other.uniform(UInt64($0), in: -1..<1) })
        case .row(let kinds):
            var (rows, number) = ([Float](), UInt64(0))
            for _ in 0..<samples {
                for (kind, node) in zip(kinds, network.heads) {
                    let width = network.shapes[node].count
                    for _ in 0..<(kind == .label ? 1 : width) {
                        rows.append(
                            kind == .label
                                ? Float(other.integer(number, below: max(width, 2))) : other.uniform(number, in: -1..<1)
                        )
                        number += 1
                    }
                }
            }
            targets = .values(rows)
        }
    }
}

/// A value for each parameter of a network, in Keras's shape and row-major.
typealias ParameterValues = [[Float]]

extension Network {
    /// Kernels as their initializers have it, everything else near but not at its usual first value, so that no
    /// gradient is trivially right.
    func randomParameters(seed: UInt64 = 1) -> ParameterValues {
        parameters.enumerated().map { index, parameter in
            let specification = parameter.specification
            var values = Array(repeating: Float(0), count: specification.shape.count)
            values.withUnsafeMutableBufferPointer {
                specification.initializer.fill($0, shape: specification.shape, seed: seed, index: index)
            }
            guard !specification.isKernel else { return values }
            let random = CounterRandom(seed: seed, purpose: .generatedData, stream: UInt64(2 + index))
            return values.enumerated().map { $1 + random.uniform(UInt64($0), in: -0.3..<0.3) }
        }
    }

    /// A network of one path, or whatever `body` adds to it.
    static func build(
        _ input: Shape, _ body: (inout GraphBuilder, GraphBuilder.Tensor) -> Void
    ) throws -> Network {
        var graph = GraphBuilder("test", input: input)
        body(&graph, graph.input)
        return try graph.network()
    }
}

/// Weights as golden files have them: one after the other.
extension Network {
    func split(_ values: [Float]) -> ParameterValues {
        var rest = values[...]
        var result = ParameterValues(repeating: [], count: parameters.count)
        for parameter in kerasParameterOrder {
            let count = parameters[parameter].specification.shape.count
            result[parameter] = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return result
    }

    /// That of Keras's `model.weights`.
    var kerasParameterOrder: [Int] {
        let own = Dictionary(grouping: parameters.indices) { parameters[$0].node }
        return kerasLayerOrder.flatMap { own[$0] ?? [] }
    }
}
