import Basics
import Checkpoints
import Glibc
import Optimization
import Pictures

/// Metrics and learning rate for TensorBoard, of epochs and of some steps, by the number of the step; the network's graph;
/// distributions of weights, and what validation samples are taken for, after some epochs.
public final class TensorBoardLog: RunObserver {
    private let file: EventFile
    /// So many steps of an epoch at most: the log has all of them.
    private static let stepsPerEpoch = 100

    /// A new file in the output folder.
    public convenience init(in folder: String) throws {
        try self.init(in: folder, host: HostName.current, clock: Self.now)
    }

    package init(in folder: String, host: String, clock: @escaping () -> Double) throws {
        let name = "\(CheckpointStore.eventsPrefix)\(Int(clock())).\(host)"
        file = try EventFile(creatingAt: "\(folder)/\(name)", clock: clock)
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    public func runBegan(_ event: RunBegun) throws {
        if event.position.globalStep > 0 { try file.restart(after: event.position.globalStep) }
        if !event.graph.isEmpty { try file.add(event.graph) }
    }

    public func stepEnded(_ event: StepEnded) throws {
        let interval = (event.stepsPerEpoch - 1) / Self.stepsPerEpoch + 1
        guard event.stepInEpoch % interval == 0 else { return }
        var scalars = [("step/loss", event.loss)]
        if let accuracy = event.accuracy { scalars.append(("step/accuracy", accuracy)) }
        scalars.append(("step/learning_rate", Double(event.learningRate)))
        try file.add(scalars, step: event.step)
    }

    public func epochEnded(_ event: EpochEnded) throws {
        let metrics = event.metrics
        var scalars: [(tag: String, value: Double)] = []
        for (name, value) in metrics.training.values {
            scalars.append(("\(name)/train", value))
            if let value = metrics.validation?[name] { scalars.append(("\(name)/validation", value)) }
        }
        for (name, value) in metrics.scores.sorted(by: { $0.key < $1.key }) {
            scalars.append(("score/\(name)", value))
        }
        scalars.append(("speed/images_per_second", Double(event.samples) / event.trainingSeconds))
        try file.add(scalars, step: event.step)
    }

    public var wantsWeights: Bool { true }

    public func weightsMeasured(_ event: WeightsMeasured) throws {
        try file.add(event.histograms.map { ("weights/\($0.name)", $0.histogram) }, step: event.step)
    }

    public var wantsConfusion: Bool { true }

    public func confusionMeasured(_ event: ConfusionMeasured) throws {
        let matrix = event.matrix
        let map = HeatMap(names: matrix.classNames, counts: matrix.counts, totals: matrix.samples)
        let tag = ["confusion/validation", event.output].compactMap(\.self).joined(separator: "/")
        try file.add(map.picture, tag: tag, step: event.step)
    }

    public func rolledBack(_ event: RolledBack) throws { try file.restart(after: event.step) }

    public func checkpointIsDue() throws { try file.synchronize() }
}
