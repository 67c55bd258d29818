import Basics
import Execution
import Models
import Training

/// One shard of a network on one engine, with given inputs and labels: a training step run by hand.
final class Trial {
    let values: TrialValues
    private let replica: Replica
    private let plan: BoundPlan

    var network: Network { values.network }
    private var samples: Int { values.samples }

    init(_ values: TrialValues, _ engine: any Engine) throws {
        self.values = values
        var demand = ReplicaPlan.Demand()
        demand.training = [values.samples]
        demand.levels = 1
        replica = Replica(
            try ReplicaPlan(values.network, loss: .sparseCategoricalCrossEntropy, engine: engine, demand))
        plan = try replica.plan(.training, samples: values.samples)
        try load(values.weights)
        plan.input.update(from: values.inputs, count: values.inputs.count)
        let labels = plan.targets?.assumingMemoryBound(to: Int32.self)
        for i in 0..<samples { labels?[i] = Int32(i % network.outputShape.count) }
    }

    /// Forward and backward.
    func run() throws {
        let context = StepContext(seed: 1, step: 0, batchSize: samples, firstSample: 0)
        try plan.run(context)
    }

    /// What the last run left: the sum of the samples' losses, the logits, and the gradients in Keras's shapes.
    var loss: Double { plan.metrics.pointee.loss }
    var outputs: [Float] { Array(UnsafeBufferPointer(start: plan.output, count: samples * network.outputShape.count)) }
    func gradient(_ parameter: Int) throws -> [Float] { try replica.logical(parameter, of: replica.gradientLevels[0]) }

    func load(_ weights: [[Float]]) throws { try replica.setWeights(weights) }

    /// Seconds of one run: the least of those that fit into `seconds`, since other programs can only make it slower.
    func time(for seconds: Double) throws -> Double {
        try run()
        let end = ContinuousClock.now + .seconds(seconds)
        var best = Double.infinity
        repeat {
            let start = ContinuousClock.now
            try run()
            best = min(best, (ContinuousClock.now - start) / .seconds(1))
        } while ContinuousClock.now < end
        return best
    }
}
