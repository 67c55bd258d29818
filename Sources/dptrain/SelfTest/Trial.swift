import Execution
import Models
import Basics
import Training

/// One shard of a network on one engine, with random inputs and labels: a training step run by hand.
final class Trial {
    let network: Network
    private let replica: Replica
    private let plan: BoundPlan
    private let samples: Int

    init(_ network: Network, _ engine: any Engine, samples: Int) throws {
        self.network = network
        self.samples = samples
        var demand = ReplicaPlan.Demand()
        demand.training = [samples]
        demand.levels = 1
        replica = Replica(
            try ReplicaPlan(network, loss: .sparseCategoricalCrossEntropy, engine: engine, demand))
        plan = try replica.plan(.training, samples: samples)
        try load(Self.weights(of: network))
        let random = CounterRandom(seed: 2, purpose: .generatedData)
        for i in 0..<samples * network.inputShape.count { plan.input[i] = random.uniform(UInt64(i), in: -1..<1) }
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

    /// Kernels as their initializers have them; everything else near its usual first value but not at it, so that no
    /// gradient is right by accident.
    static func weights(of network: Network) -> [[Float]] {
        zip(network.parameters, Replica.initialWeights(of: network, seed: 5)).enumerated().map { index, pair in
            let (parameter, values) = pair
            if parameter.specification.isKernel { return values }
            let random = CounterRandom(seed: 5, purpose: .generatedData, stream: UInt64(1 + index))
            return values.enumerated().map { $1 + random.uniform(UInt64($0), in: -0.3..<0.3) }
        }
    }

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
