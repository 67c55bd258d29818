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
    private var step = UpdateStep(scale: 1, learningRate: 0, iteration: 0)
    /// The first gradient of the step that was not finite, or weight that did not stay so; nil if there is none.
    private(set) var problem: Problem?
    /// Of each trainable parameter; empty where no update needs any.
    var norms: [UpdateStep.Norms]
    /// The optimizer's slots, for each weight that this rank updates.
    let slots: [OwnedArena]
    /// Lookahead's slow weights.
    let slow: OwnedArena?
    /// The average of weights and statistics, if the run has one. A stochastic one means nothing before the first weights are in it.
    let average: OwnedArena?

    let optimizer: any Optimizer
    /// The norms that updates depend on.
    let neededNorms: Set<UpdateNorm>
    /// In the order of the arena.
    let trainable: [(range: Range<Int>, path: String)]
    private let clipping: GradientClipping?
    private let lookahead: Lookahead?
    private let exponential: ExponentialAverage?
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
        let slow: UnsafeMutablePointer<Float>?
        let average: UnsafeMutablePointer<Float>?
    }

    /// A part of a trainable parameter.
    private struct Trained {
        let penalty: WeightPenalty
        let decays: Bool
        /// Of the layer.
        let rateFactor: Float
        let slots: [UnsafeMutablePointer<Float>]
        /// Counts the trainable ones.
        let parameter: Int
    }

    private enum Rule {
        case optimizer(Trained)
        case movingAverage(momentum: Float)
    }

    /// What becomes of gradients before the optimizer sees them, and of which weights.
    struct Settings {
        /// By parameter of the network; empty for none.
        var penalties: [WeightPenalty] = []
        var clipping: GradientClipping?
        /// Those of layers.
        var rateFactors: NameFactors?
        /// Whether only kernels decay.
        var decaysKernelsOnly = false
        var lookahead: Lookahead?
        var average: WeightAverage?
        /// False where a gate has looked at the gradients.
        var checksGradients = true
    }

    /// Updates will be called for the ranges of `ownership`. The weights are those that the run begins with.
    init(_ optimizer: any Optimizer, _ settings: Settings, _ replica: Replica, _ ownership: SliceOwnership) {
        let clipping = settings.clipping
        self.optimizer = optimizer
        self.clipping = clipping
        checksGradients = settings.checksGradients
        parameters = replica.parameters
        neededNorms = type(of: optimizer).neededNorms.union(clipping?.neededNorms ?? [])
        let slots = optimizer.slots.map { OwnedArena(ownership, initialValue: $0.initialValue) }
        self.slots = slots
        let copy = {
            let arena = OwnedArena(ownership)
            arena.store(UnsafeBufferPointer(replica.parameters[0..<replica.arena.gradientCount]), at: 0)
            return arena
        }
        let (slow, average) = (settings.lookahead.map { _ in copy() }, settings.average.map { _ in copy() })
        (self.slow, self.average) = (slow, average)
        lookahead = settings.lookahead
        if case .exponential(let rule) = settings.average { exponential = rule } else { exponential = nil }
        var trainable: [(range: Range<Int>, path: String)] = []
        var spans: [Span] = []
        let callCounts = replica.network.callCounts
        for slice in replica.arena.slices where slice.role != .frozen {
            let parameter = replica.network.parameters[slice.parameter]
            let rateFactor = settings.rateFactors?[replica.network.nodes[parameter.node].name] ?? 1
            if slice.role == .trainable { trainable.append((slice.range, parameter.path)) }
            for range in ownership.ranges where range.overlaps(slice.range) {
                let part = range.clamped(to: slice.range)
                let rule: Rule
                if slice.role == .statistic,
                    case .batchNormalization(let layer) = replica.network.nodes[parameter.node].layer
                {
                    // All calls of the layer at once (`SharedParameters`).
                    let calls = callCounts[parameter.node]
                    rule = .movingAverage(
                        momentum: (1..<calls).reduce(layer.momentum) { power, _ in power * layer.momentum })
                } else {
                    let isKernel = parameter.specification.isKernel
                    rule = .optimizer(
                        Trained(
                            penalty: settings.penalties.isEmpty ? .none : settings.penalties[slice.parameter],
                            decays: isKernel || !settings.decaysKernelsOnly,
                            rateFactor: Float(rateFactor),
                            slots: slots.map { $0.address(of: part.lowerBound) }, parameter: trainable.count - 1))
                }
                spans.append(
                    Span(
                        range: part, rule: rule, path: parameter.path,
                        slow: slice.role == .trainable ? slow?.address(of: part.lowerBound) : nil,
                        average: average?.address(of: part.lowerBound)))
            }
        }
        self.trainable = trainable
        self.spans = spans.sorted { $0.range.lowerBound < $1.range.lowerBound }
        norms = Array(repeating: UpdateStep.Norms(), count: neededNorms.isEmpty ? 0 : trainable.count)
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
        for span in spans(in: range) { update(span, gradient + (span.range.lowerBound - range.lowerBound)) }
    }

    private func update(_ span: Span, _ sums: UnsafeMutablePointer<Float>) {
        let weights = weights(from: span.range.lowerBound)
        let count = span.range.count
        if checksGradients, !allFinite(sums, count: count) {
            return note("the gradient", span.path, at: span.range.lowerBound)
        }
        switch span.rule {
        case .optimizer(let trained):
            let isDirection = neededNorms.contains(.direction)
            let step = isDirection ? self.step(trained) : prepare(sums, weights, count, trained)
            optimizer.update(weights: weights, gradient: sums, slots: trained.slots, count: count, step: step)
        case .movingAverage(let momentum):
            average(weights, sums, momentum: momentum, count: count)
        }
        if let lookahead, let slow = span.slow {
            lookahead.update(fast: weights, slow: slow, count: count, iteration: step.iteration)
        }
        if let exponential, let average = span.average {
            exponential.update(average: average, weights: weights, count: count, iteration: step.iteration)
        }
        if !allFinite(weights, count: count) {
            note("the update", span.path, at: span.range.lowerBound, isOfWeights: true)
        }
    }

    /// The norm of a trainable parameter's gradient is not finite.
    func sawNonFiniteNorm(of parameter: Int) {
        note("the norm of the gradient", trainable[parameter].path, at: trainable[parameter].range.lowerBound)
    }

    private func note(_ what: StaticString, _ path: String, at offset: Int, isOfWeights: Bool = false) {
        guard problem == nil else { return }
        problem = Problem(offset: offset, what: "\(what) of \(path)", isOfWeights: isOfWeights)
    }

    /// Clips elements. Returns the step for what the gradient then is.
    private func prepare(
        _ gradient: UnsafeMutablePointer<Float>, _ weights: UnsafePointer<Float>, _ count: Int, _ trained: Trained
    ) -> UpdateStep {
        if norms.isEmpty {
            let step = regularizing(trained)
            if clipping == nil && step.l1 == 0 { return step }
            step.regularize(gradient, weights: weights, count: count)
            clipping?.clip(gradient, count: count)
            return step.regularized()
        }
        clipping?.clip(gradient, count: count)
        let step = step(trained)
        return step.regularized(factor: clipping?.factor(step.norms) ?? 1)
    }

    /// The step for what `NormGate` has made of a parameter's gradient.
    private func step(_ trained: Trained) -> UpdateStep {
        var step = regularizing(trained).regularized()
        step.norms = norms[trained.parameter]
        return step
    }

    /// The step for what has arrived of a parameter's gradient.
    private func regularizing(_ trained: Trained) -> UpdateStep {
        var step = step
        (step.l1, step.l2) = (Float(trained.penalty.l1), Float(trained.penalty.l2))
        step.learningRate *= trained.rateFactor
        if !trained.decays { step.weightDecay = 0 }
        return step
    }

    /// Makes gradients of the loss of one of the owned ranges, which holds sums over samples.
    func regularize(_ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) {
        for span in spans(in: range) {
            guard case .optimizer(let trained) = span.rule else { continue }
            regularizing(trained).regularize(
                gradient + (span.range.lowerBound - range.lowerBound), weights: weights(from: span.range.lowerBound),
                count: span.range.count)
        }
    }

    /// Makes directions of the gradients of one of the owned ranges.
    func direct(_ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) {
        for span in spans(in: range) {
            guard case .optimizer(let trained) = span.rule else { continue }
            let part = gradient + (span.range.lowerBound - range.lowerBound)
            let weights = weights(from: span.range.lowerBound)
            let step = prepare(part, weights, span.range.count, trained)
            optimizer.direct(part, weights: weights, slots: trained.slots, count: span.range.count, step: step)
        }
    }

    func weights(from offset: Int) -> UnsafeMutablePointer<Float> { parameters.baseAddress + offset }

    private func average(
        _ moving: UnsafeMutablePointer<Float>, _ sums: UnsafePointer<Float>, momentum: Float, count: Int
    ) {
        let (scale, share) = (step.scale, 1 - momentum)
        for i in 0..<count { moving[i] = moving[i] * momentum + sums[i] * scale * share }
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
