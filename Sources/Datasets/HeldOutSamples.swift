import Basics

/// Chooses which of the training samples are kept back, by their numbers. The same seed and targets give the same choice.
struct HeldOutSamples {
    private let samples: SampleSet
    private let seed: UInt64

    init(of samples: SampleSet, seed: UInt64) {
        self.samples = samples
        self.seed = seed
    }

    /// Any `count` samples, others in each epoch.
    func redrawn(_ count: Int, epoch: Int) -> [Int] {
        let order = permutation(stream: UInt64(epoch) + 1)
        return (0..<count).map { order[$0] }.sorted()
    }

    /// About the same part of every class, `count` samples in all where that is possible. The only sample of a class
    /// stays, so that the class can be learned.
    func stratified(_ count: Int) -> [Int] {
        let order = classes.filter { $0.count > 1 }.joined()
        let count = min(count, order.count)
        // Equally far apart in the order of classes.
        return order.enumerated().filter { ($0.offset + 1) * count / order.count > $0.offset * count / order.count }
            .map(\.element).sorted()
    }

    /// The sizes of two folds, and of a class in them, differ by one at most.
    func fold(_ fold: Fold) -> [Int] {
        classes.joined().enumerated().filter { $0.offset % fold.of == fold.number - 1 }.map(\.element).sorted()
    }

    /// The samples of each class in random order; without labels all samples are one class.
    private var classes: [[Int]] {
        let permutation = permutation(stream: 0)
        let order = (0..<samples.count).map { permutation[$0] }
        guard case .labels(let labels) = samples.targets else { return [order] }
        return Dictionary(grouping: order) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
    }

    private func permutation(stream: UInt64) -> Permutation {
        Permutation(
            count: samples.count, random: CounterRandom(seed: seed, purpose: .heldOutRows, stream: stream))
    }
}

/// A part of the samples that is another one in each epoch: those kept back, or the others.
package indirect enum Redraw: Sendable {
    case heldOut(of: SampleSet, count: Int, seed: UInt64)
    case others(of: SampleSet, count: Int, seed: UInt64)

    fileprivate func samples(inEpoch epoch: Int) -> SampleSet {
        switch self {
        case .heldOut(let all, let count, let seed):
            return all[HeldOutSamples(of: all, seed: seed).redrawn(count, epoch: epoch)]
        case .others(let all, let count, let seed):
            return all[all.numbers(without: HeldOutSamples(of: all, seed: seed).redrawn(count, epoch: epoch))]
        }
    }

    /// What is chosen from.
    fileprivate var whole: SampleSet {
        switch self {
        case .heldOut(let all, _, _), .others(let all, _, _): all
        }
    }

    /// The same choice of other samples, made of those here.
    func mapped(_ change: (SampleSet) -> SampleSet) -> Redraw {
        switch self {
        case .heldOut(let all, let count, let seed): .heldOut(of: change(all), count: count, seed: seed)
        case .others(let all, let count, let seed): .others(of: change(all), count: count, seed: seed)
        }
    }

    /// The samples of the first epoch, with the rule for the others.
    var samples: SampleSet {
        var samples = samples(inEpoch: 0)
        samples.redraw = self
        return samples
    }
}

extension SampleSet {
    public var isRedrawn: Bool { redraw != nil }

    /// Every row that some epoch has.
    package var rowsOfAllEpochs: RowSelection { redraw?.whole.rows ?? rows }

    /// Every sample that some epoch has.
    var ofAllEpochs: SampleSet { redraw?.whole ?? self }

    /// The samples of one epoch: always these, unless they are redrawn.
    public func inEpoch(_ epoch: Int) -> SampleSet {
        redraw?.samples(inEpoch: epoch) ?? self
    }

    /// The numbers of all samples but some, whose numbers ascend.
    func numbers(without held: [Int]) -> [Int] {
        var held = held[...]
        return (0..<count).filter { number in
            guard held.first == number else { return true }
            held.removeFirst()
            return false
        }
    }
}
