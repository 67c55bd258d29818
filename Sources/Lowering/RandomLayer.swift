import Basics
import Models

/// A layer that draws numbers in training, in plain loops: single precision, row-major, the same on every engine.
package protocol RandomLayer {
    /// Floats that forward leaves for backward.
    var noteCount: Int { get }

    func forward(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, notes: UnsafeMutablePointer<Float>,
        _ random: SampleRandom)

    /// `dx` is written, not added to.
    func backward(
        _ dy: UnsafePointer<Float>, notes: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>)
}

/// The numbers of a layer in one step: each sample has its own, by its place in the global batch.
package struct SampleRandom: Sendable {
    private let random: CounterRandom
    private let firstSample: Int

    /// `layer` is the operation's number.
    package init(seed: UInt64, step: UInt64, layer: Int, firstSample: Int) {
        random = CounterRandom(
            seed: seed, purpose: .noise, stream: CounterRandom.mix(step, UInt64(truncatingIfNeeded: layer)))
        self.firstSample = firstSample
    }

    /// Of a sample of the shard.
    package func of(_ sample: Int) -> CounterRandom { random.part(firstSample + sample) }
}

/// A layer's description that says which loops compute it in training.
protocol RandomlyComputed: RandomDescription {
    func loops(for operation: Operation, samples: Int) -> any RandomLayer
}

extension Operation {
    /// What computes the operation if it is left to chance.
    package func randomLayer(samples: Int) -> (any RandomLayer)? {
        (layer.description as? any RandomlyComputed)?.loops(for: self, samples: samples)
    }
}
