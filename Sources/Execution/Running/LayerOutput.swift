import Basics
import Lowering
import Models

/// What a layer makes of a few samples when its network predicts, its activation included.
package struct LayerOutput {
    /// [H, W, C] or [F].
    package let shape: Shape
    /// [samples, H, W, C] or [samples, F].
    package let values: [Float]

    /// Computed in this process alone. `weights` are those of the whole network, in Keras's shapes; `fill` writes the
    /// samples to the network's input.
    package init(
        ofLayer name: String, of network: Network, weights: [[Float]], samples: Int, engine: any Engine,
        fill: (UnsafeMutablePointer<Float>) throws -> Void
    ) throws {
        let (part, weights) = try network.ending(withLayer: name, weights: weights)
        var demand = ReplicaPlan.Demand()
        demand.prediction = [samples]
        // This loss absorbs no activation: the output is the layer's own.
        let replica = Replica(try ReplicaPlan(part, loss: .meanSquaredError, engine: engine, demand))
        try replica.setWeights(weights)
        let plan = try replica.plan(.prediction, samples: samples)
        try fill(plan.input)
        try plan.run(StepContext(seed: 0, step: 0, batchSize: samples, firstSample: 0))
        shape = part.outputShape
        values = Array(UnsafeBufferPointer(start: plan.output, count: samples * shape.count))
    }

    /// The same of all outputs of a network that have targets, those of a sample in a row. `fill` writes the samples of each of the
    /// network's inputs, in their order.
    package static func rows(
        of network: Network, weights: [[Float]], samples: Int, engine: any Engine,
        fill: (_ input: Int, UnsafeMutablePointer<Float>) throws -> Void
    ) throws -> [Float] {
        var demand = ReplicaPlan.Demand()
        demand.prediction = [samples]
        let replica = Replica(try ReplicaPlan(network, loss: .meanSquaredError, engine: engine, demand))
        try replica.setWeights(weights)
        let plan = try replica.plan(.prediction, samples: samples)
        var further = plan.furtherInputs[...]
        for (number, node) in network.inputs.enumerated() {
            guard let place = node == network.mainInput ? plan.input : further.popFirst() else { continue }
            try fill(number, place)
        }
        try plan.run(StepContext(seed: 0, step: 0, batchSize: samples, firstSample: 0))
        return Array(UnsafeBufferPointer(start: plan.output, count: samples * network.outputCount))
    }
}
