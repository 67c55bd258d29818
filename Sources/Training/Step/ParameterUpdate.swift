import Basics
import Execution
import Models
import Optimization
import Reduction

/// What happens to a slice of the arena when its gradient sum is there: the optimizer's rule for trainable parameters,
/// the moving average for batch statistics. Spans are cut when the run starts; a step only walks them.
final class ParameterUpdate {
    /// Rate, iteration and scale of the step at hand.
    var step = UpdateStep(scale: 1, learningRate: 0, iteration: 0)
    /// The optimizer's slots, for each weight that this rank updates.
    let slots: [OwnedArena]

    let optimizer: any Optimizer
    private let parameters: AlignedBuffer<Float>
    private let spans: [Span]

    private struct Span {
        let range: Range<Int>
        let rule: Rule
        /// The parameter's name.
        let path: String
    }

    private enum Rule {
        case optimizer(l2: Float, slots: [UnsafeMutablePointer<Float>])
        case movingAverage(momentum: Float)
    }

    /// Updates will be called for the ranges of `ownership`.
    init(_ optimizer: any Optimizer, l2: Float, _ replica: Replica, _ ownership: SliceOwnership) {
        self.optimizer = optimizer
        parameters = replica.parameters
        let slots = optimizer.slots.map { OwnedArena(ownership, initialValue: $0.initialValue) }
        self.slots = slots
        var spans: [Span] = []
        for slice in replica.arena.slices where slice.role != .frozen {
            for range in ownership.ranges where range.overlaps(slice.range) {
                let part = range.clamped(to: slice.range)
                spans.append(
                    Span(
                        range: part, rule: Self.rule(slice, part, l2, replica.network, slots),
                        path: replica.network.parameters[slice.parameter].path))
            }
        }
        self.spans = spans.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    private static func rule(
        _ slice: ArenaSlice, _ part: Range<Int>, _ l2: Float, _ network: Network, _ slots: [OwnedArena]
    ) -> Rule {
        let parameter = network.parameters[slice.parameter]
        if slice.role == .statistic, case .batchNormalization(let layer) = network.nodes[parameter.node].layer {
            return .movingAverage(momentum: layer.momentum)
        }
        return .optimizer(
            l2: parameter.specification.isKernel ? l2 : 0, slots: slots.map { $0.address(of: part.lowerBound) })
    }

    /// Updates one of the owned ranges; `gradient` is the sum over all samples for the range's first element. A
    /// gradient that is not finite is an error even if the loss is finite, for example because a ReLU turns NaN into
    /// zero.
    func apply(_ range: Range<Int>, gradient: UnsafeMutablePointer<Float>) throws {
        var index = firstSpan(from: range.lowerBound)
        while index < spans.count, spans[index].range.lowerBound < range.upperBound {
            let span = spans[index].range
            let weights = parameters.baseAddress + span.lowerBound
            let sums = gradient + (span.lowerBound - range.lowerBound)
            guard allFinite(sums, count: span.count) else { throw notFinite(spans[index]) }
            switch spans[index].rule {
            case .optimizer(let l2, let slots):
                step.l2 = l2
                optimizer.update(weights: weights, gradient: sums, slots: slots, count: span.count, step: step)
            case .movingAverage(let momentum):
                average(weights, sums, momentum: momentum, count: span.count)
            }
            index += 1
        }
    }

    private func average(
        _ moving: UnsafeMutablePointer<Float>, _ sums: UnsafePointer<Float>, momentum: Float, count: Int
    ) {
        let (scale, share) = (step.scale, 1 - momentum)
        for i in 0..<count { moving[i] = moving[i] * momentum + sums[i] * scale * share }
    }

    /// The arena has the order of the backward pass, so the error began at the first one found.
    private func notFinite(_ span: Span) -> TrainingError {
        TrainingError(
            "the gradient of \(span.path) in step \(step.iteration + 1) is not finite; a lower --learning-rate or a --warm-up "
                + "often helps. The last checkpoint is whole.")
    }

    private func firstSpan(from offset: Int) -> Int {
        var (low, high) = (0, spans.count)
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].range.lowerBound < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
