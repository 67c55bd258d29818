import Basics
import Execution
import Models
import Optimization
import Reduction

/// What happens to a slice of the arena when its gradient sum is there: the optimizer's rule for trainable parameters,
/// the moving average for batch statistics. Spans are cut when the run starts; a step only walks them.
///
/// Where updates need norms, `NormGate` calls `regularize` and `direct` for all slices of the step, and sets `norms`,
/// before it calls for the first update.
final class ParameterUpdate {
    /// Rate, iteration and scale of the step at hand.
    var step = UpdateStep(scale: 1, learningRate: 0, iteration: 0)
    /// Of each trainable parameter; empty where no update needs any.
    var norms: [UpdateStep.Norms]
    /// The optimizer's slots, for each weight that this rank updates.
    let slots: [OwnedArena]

    let optimizer: any Optimizer
    /// The norms that updates depend on.
    let neededNorms: Set<UpdateNorm>
    /// In the order of the arena.
    let trainable: [(range: Range<Int>, path: String)]
    private let clipping: GradientClipping?
    private let parameters: AlignedBuffer<Float>
    private let spans: [Span]

    private struct Span {
        let range: Range<Int>
        let rule: Rule
        /// The parameter's name.
        let path: String
    }

    private enum Rule {
        /// `parameter` counts the trainable ones.
        case optimizer(l2: Float, slots: [UnsafeMutablePointer<Float>], parameter: Int)
        case movingAverage(momentum: Float)
    }

    /// Updates will be called for the ranges of `ownership`.
    init(
        _ optimizer: any Optimizer, l2: Float, _ clipping: GradientClipping?, _ replica: Replica,
        _ ownership: SliceOwnership
    ) {
        self.optimizer = optimizer
        self.clipping = clipping
        parameters = replica.parameters
        neededNorms = type(of: optimizer).neededNorms.union(clipping?.neededNorms ?? [])
        let slots = optimizer.slots.map { OwnedArena(ownership, initialValue: $0.initialValue) }
        self.slots = slots
        var trainable: [(range: Range<Int>, path: String)] = []
        var spans: [Span] = []
        for slice in replica.arena.slices where slice.role != .frozen {
            let parameter = replica.network.parameters[slice.parameter]
            if slice.role == .trainable { trainable.append((slice.range, parameter.path)) }
            for range in ownership.ranges where range.overlaps(slice.range) {
                let part = range.clamped(to: slice.range)
                let rule: Rule
                if slice.role == .statistic,
                    case .batchNormalization(let layer) = replica.network.nodes[parameter.node].layer
                {
                    rule = .movingAverage(momentum: layer.momentum)
                } else {
                    rule = .optimizer(
                        l2: parameter.specification.isKernel ? l2 : 0,
                        slots: slots.map { $0.address(of: part.lowerBound) }, parameter: trainable.count - 1)
                }
                spans.append(Span(range: part, rule: rule, path: parameter.path))
            }
        }
        self.trainable = trainable
        self.spans = spans.sorted { $0.range.lowerBound < $1.range.lowerBound }
        norms = Array(repeating: UpdateStep.Norms(), count: neededNorms.isEmpty ? 0 : trainable.count)
    }

    /// Updates one of the owned ranges; `gradient` is the sum over all samples for the range's first element. A
    /// gradient that is not finite is an error even if the loss is finite, for example because a ReLU turns NaN into
    /// zero.
    func apply(_ range: Range<Int>, gradient: UnsafeMutablePointer<Float>) throws {
        for span in spans(in: range) {
            let weights = weights(from: span.range.lowerBound)
            let sums = gradient + (span.range.lowerBound - range.lowerBound)
            let count = span.range.count
            guard allFinite(sums, count: count) else { throw notFinite("gradient of \(span.path)") }
            switch span.rule {
            case .optimizer(let l2, let slots, let parameter):
                let isDirection = neededNorms.contains(.direction)
                let step =
                    isDirection ? self.step(parameter) : prepare(sums, weights, count, l2: l2, parameter)
                optimizer.update(weights: weights, gradient: sums, slots: slots, count: count, step: step)
            case .movingAverage(let momentum):
                average(weights, sums, momentum: momentum, count: count)
            }
        }
    }

    /// Clips elements. Returns the step for what the gradient then is.
    private func prepare(
        _ gradient: UnsafeMutablePointer<Float>, _ weights: UnsafePointer<Float>, _ count: Int, l2: Float,
        _ parameter: Int
    ) -> UpdateStep {
        if norms.isEmpty {
            var step = step
            step.l2 = l2
            guard let clipping else { return step }
            step.regularize(gradient, weights: weights, count: count)
            clipping.clip(gradient, count: count)
            return step.regularized()
        }
        clipping?.clip(gradient, count: count)
        let step = step(parameter)
        return step.regularized(factor: clipping?.factor(step.norms) ?? 1)
    }

    /// The step for what `NormGate` has made of a parameter's gradient.
    private func step(_ parameter: Int) -> UpdateStep {
        var step = step.regularized()
        step.norms = norms[parameter]
        return step
    }

    /// Makes gradients of the loss of one of the owned ranges, which holds sums over samples.
    func regularize(_ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) {
        for span in spans(in: range) {
            guard case .optimizer(let l2, _, _) = span.rule else { continue }
            var step = step
            step.l2 = l2
            step.regularize(
                gradient + (span.range.lowerBound - range.lowerBound), weights: weights(from: span.range.lowerBound),
                count: span.range.count)
        }
    }

    /// Makes directions of the gradients of one of the owned ranges.
    func direct(_ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) {
        for span in spans(in: range) {
            guard case .optimizer(_, let slots, let parameter) = span.rule else { continue }
            let part = gradient + (span.range.lowerBound - range.lowerBound)
            let weights = weights(from: span.range.lowerBound)
            let step = prepare(part, weights, span.range.count, l2: 0, parameter)
            optimizer.direct(part, weights: weights, slots: slots, count: span.range.count, step: step)
        }
    }

    func weights(from offset: Int) -> UnsafeMutablePointer<Float> { parameters.baseAddress + offset }

    private func average(
        _ moving: UnsafeMutablePointer<Float>, _ sums: UnsafePointer<Float>, momentum: Float, count: Int
    ) {
        let (scale, share) = (step.scale, 1 - momentum)
        for i in 0..<count { moving[i] = moving[i] * momentum + sums[i] * scale * share }
    }

    /// The arena has the order of the backward pass, so the error began at the first one found.
    func notFinite(_ what: String) -> TrainingError {
        TrainingError(
            "the \(what) in step \(step.iteration + 1) is not finite; a lower --learning-rate or a --warm-up "
                + "often helps. The last checkpoint is whole.")
    }

    private func spans(in range: Range<Int>) -> ArraySlice<Span> {
        let first = firstSpan(from: range.lowerBound)
        return spans[first..<firstSpan(from: range.upperBound)]
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
