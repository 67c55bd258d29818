import DataPipeline
import Datasets
import Execution
import MessagePassing
import Models
import Reduction

/// Counts what each output of classes is taken for, of a network with several, from the rows that a plan of prediction gives.
package struct HeadConfusion {
    private struct Head {
        let place: OutputPlace
        let classNames: [String]
        let rule: PredictionRule
        let counts: ConfusionCounts
    }

    private let heads: [Head]
    /// Columns of a row of outputs, and of targets.
    private let width: Int
    private let targetWidth: Int

    /// Of outputs of up to `mostClasses` classes; nil if there is none. `kind` is that of the targets of `dataset`.
    package init?(of network: Network, _ loss: Loss, _ kind: TargetKind, _ dataset: SampleSet, mostClasses: Int) {
        guard case .row = kind else { return nil }
        let places = OutputPlace.all(of: network, loss, kind)
        heads = zip(places, dataset.heads).compactMap { place, targets in
            guard place.kind == .label, place.classes <= mostClasses else { return nil }
            return Head(
                place: place, classNames: targets.classNames ?? [],
                rule: OutputRow(place.loss, width: place.outputs.count, place.decision).rule,
                counts: ConfusionCounts(outputs: place.outputs.count))
        }
        width = network.outputCount
        targetWidth = places.reduce(0) { $0 + $1.targetWidth }
        if heads.isEmpty { return nil }
    }

    /// Takes the samples of a shard whose plan has just run.
    package func add(_ batch: ShardBatch, _ plan: BoundPlan) {
        for head in heads {
            for row in 0..<batch.count {
                var label = Int32(batch.targets[row * targetWidth + head.place.target])
                head.counts.add(
                    plan.output + row * width + head.place.outputs.lowerBound, labels: &label, count: 1,
                    rule: head.rule)
            }
        }
    }

    /// The counts of all ranks, by output. Collective.
    package func combined(_ communicator: Communicator) throws -> [(output: String, matrix: ConfusionMatrix)] {
        try heads.map { ($0.place.name, try $0.counts.combined(communicator, classNames: $0.classNames)) }
    }
}
