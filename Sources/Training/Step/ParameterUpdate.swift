import Basics
import Execution
import Models
import Optimization
import Reduction

/// What happens to a slice of the arena when its gradient sum is there: the optimizer's rule for trainable parameters,
/// the moving average for batch statistics. Spans are cut when the run starts; a step only walks them.
final class ParameterUpdate {
    /// Rate, iteration and scale of the step at hand.
    private var step = UpdateStep(scale: 1, learningRate: 0, iteration: 0)
    /// The first gradient of the step that was not finite, or weight that did not stay so; nil if there is none.
    private(set) var problem: Problem?
    /// The optimizer's slots, for each weight that this rank updates.
    let slots: [OwnedArena]

    let optimizer: any Optimizer
    private let parameters: AlignedBuffer<Float>
    private let spans: [Span]
    private let checksGradients: Bool

    struct Problem: Codable {
        /// In the arena, which has the order of the backward pass: the error began at the first one.
        let offset: Int
        /// `the gradient of conv2d/kernel`
        let what: String
        /// The gradient was finite, but a weight is not any more.
        let isOfWeights: Bool
    }

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

    /// Updates will be called for the ranges of `ownership`. `checksGradients` is false where a gate has looked at them.
    init(
        _ optimizer: any Optimizer, l2: Float, _ replica: Replica, _ ownership: SliceOwnership, checksGradients: Bool
    ) {
        self.optimizer = optimizer
        self.checksGradients = checksGradients
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

    /// A step begins.
    func begin(_ step: UpdateStep) {
        self.step = step
        problem = nil
    }

    /// Updates one of the owned ranges; `gradient` is the sum over all samples for the range's first element. A gradient
    /// that is not finite is a problem even if the loss is finite, for example because a ReLU turns NaN into zero; it
    /// changes no weight. So is a weight that does not stay finite: a ReLU would hide it from the next loss.
    func apply(_ range: Range<Int>, gradient: UnsafeMutablePointer<Float>) {
        var index = firstSpan(from: range.lowerBound)
        while index < spans.count, spans[index].range.lowerBound < range.upperBound {
            update(spans[index], gradient + (spans[index].range.lowerBound - range.lowerBound))
            index += 1
        }
    }

    private func update(_ span: Span, _ sums: UnsafeMutablePointer<Float>) {
        let weights = parameters.baseAddress + span.range.lowerBound
        let count = span.range.count
        if checksGradients, !allFinite(sums, count: count) { return note("the gradient", span) }
        switch span.rule {
        case .optimizer(let l2, let slots):
            step.l2 = l2
            optimizer.update(weights: weights, gradient: sums, slots: slots, count: count, step: step)
        case .movingAverage(let momentum):
            average(weights, sums, momentum: momentum, count: count)
        }
        if !allFinite(weights, count: count) { note("the update", span, isOfWeights: true) }
    }

    private func note(_ what: StaticString, _ span: Span, isOfWeights: Bool = false) {
        guard problem == nil else { return }
        problem = Problem(
            offset: span.range.lowerBound, what: "\(what) of \(span.path)", isOfWeights: isOfWeights)
    }

    private func average(
        _ moving: UnsafeMutablePointer<Float>, _ sums: UnsafePointer<Float>, momentum: Float, count: Int
    ) {
        let (scale, share) = (step.scale, 1 - momentum)
        for i in 0..<count { moving[i] = moving[i] * momentum + sums[i] * scale * share }
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
