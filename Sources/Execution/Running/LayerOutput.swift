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
}
