import Basics
import Engines
import Execution
import Models
import Options

/// Gradients of a rank's shards that are added layer by layer, while they are computed, against those of one shard after the other.
/// The subject is not used.
package enum SumChecks {
    package static var all: [Check<String>] {
        EngineChoice.all.map { engine in
            Check("sums of shards, \(engine.rawValue)") { _ in try agreement(engine) }
        } + [Check("another sum of shards is noticed") { _ in try changedSample() }]
    }

    /// Of four shards: even ones, which one kernel may take together, of few rows and of many; and uneven ones.
    private static let sizes = [[1, 1, 1, 1], [3, 3, 3, 3], [17, 17, 17, 17], [3, 2, 2, 2]]
    private static let sums = ShardSums(levels: [0, 1, 1, 2], additions: [0, 1, 0, 2], partials: 1)

    private static func network() throws -> Network {
        var graph = GraphBuilder("sums of shards", input: [8, 8, 16])
        let y = graph.convolution(graph.input, 32, kernel: 3, padding: .same, activation: .relu)
        let z = graph.dense(graph.flatten(graph.maxPooling(y)), 70, activation: .relu)
        _ = graph.dense(graph.dense(z, 48, activation: .tanh), 4, activation: .softmax)
        return try graph.network()
    }

    private static func agreement(_ engine: TrainingOptions.EngineName) throws -> String {
        let network = try network()
        let precisions = EngineChoice.precisions(of: try EngineChoice.engine(engine, threads: 1))
        for precision in precisions {
            for sizes in sizes {
                let values = TrialValues(network, samples: sizes.reduce(0, +))
                let found = try [false, true].map {
                    try gradients(values, values.inputs, engine, precision, sizes, isLayerByLayer: $0)
                }
                let wrong = zip(found[0], found[1]).filter { $0 != $1 }.count
                try require(
                    wrong == 0,
                    "\(precision.rawValue), shards of \(sizes.map(String.init).listed("and")) samples: "
                        + "\(wrong) of \(found[0].count) sums have other bits")
            }
        }
        return
            "layer by layer and one after the other, bit-equal for \(sizes.count) ways to cut a batch into 4 shards, "
            + "\(precisions.map(\.rawValue).listed("and"))"
    }

    /// The comparison above must see that one sample is another.
    private static func changedSample() throws -> String {
        let values = TrialValues(try network(), samples: 12)
        var inputs = values.inputs
        inputs[inputs.count - 1] += 0.01
        let engine = EngineChoice.standard
        let one = try gradients(values, values.inputs, engine, .fp32, sizes[1], isLayerByLayer: false)
        let other = try gradients(values, inputs, engine, .fp32, sizes[1], isLayerByLayer: true)
        let count = zip(one, other).filter { $0 != $1 }.count
        try require(count > 0, "gradients of another sample are taken for the same")
        return "one changed sample (\(count.grouped) sums differ)"
    }

    /// Their bits.
    private static func gradients(
        _ values: TrialValues, _ inputs: [Float], _ engine: TrainingOptions.EngineName, _ precision: Precision,
        _ sizes: [Int], isLayerByLayer: Bool
    ) throws -> [UInt32] {
        var demand = ReplicaPlan.Demand()
        (demand.training, demand.shards) = (Set(sizes), sizes.count)
        (demand.sums, demand.isLayerByLayer) = (sums, isLayerByLayer)
        demand.precision = precision
        let engine = try EngineChoice.engine(engine, threads: 1)
        let network = values.network
        let replica = Replica(
            try ReplicaPlan(network, loss: .sparseCategoricalCrossEntropy, engine: engine, demand))
        try require(
            (replica.sums != nil) == isLayerByLayer, "plans for shards of \(sizes) samples cannot go layer by layer")
        try replica.setWeights(values.weights)
        let width = network.inputShape.count
        try replica.addGradients(of: sizes, sums, seed: 1, step: 0) { plan, first in
            let samples = inputs[first * width..<(first + plan.plan.samples) * width]
            samples.withUnsafeBufferPointer {
                if let start = $0.baseAddress { plan.input.update(from: start, count: $0.count) }
            }
            let labels = plan.targets?.assumingMemoryBound(to: Int32.self)
            for sample in 0..<plan.plan.samples {
                labels?[sample] = Int32((first + sample) % network.outputShape.count)
            }
        }
        return try network.trainableIndices.flatMap {
            try replica.logical($0, of: replica.gradientLevels[0]).map(\.bitPattern)
        }
    }
}
