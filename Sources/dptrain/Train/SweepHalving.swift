import Basics
import Checkpoints
import Glibc
import MessagePassing
import Optimization
import Options
import Reports

/// A sweep that stops bad runs early. What it decides follows from the runs' logs up to the rung, so a sweep that was stopped, by
/// whatever, decides as if it had not been.
struct SweepHalving {
    let runs: SweepRuns
    let halving: SuccessiveHalving

    /// Trains rung after rung. A run that someone has stopped has not been compared, so nothing is decided without it.
    func train() throws -> SweepRuns.Loss {
        var left = runs.plan.runs
        var all = SweepRuns.Loss()
        let rungs = halving.rungs(epochs: try runs.plan.epochs)
        for rung in rungs {
            let isLast = rung == rungs.last
            let lost = try runs.train(left, untilEpoch: isLast ? nil : rung)
            all.failed += lost.failed
            all.stopped = lost.stopped
            if StopSignal.received != nil || !lost.stopped.isEmpty || isLast { break }
            left = try compare(left, lost: lost.failed, rung)
            if left.isEmpty { break }
        }
        return all
    }

    /// Those that go on after the epochs of a rung. The others are marked.
    private func compare(_ left: [SweepPlan.Run], lost: [SweepPlan.Run], _ rung: Int) throws -> [SweepPlan.Run] {
        let folders = try left.map { lost.contains($0) ? nil : try RunFolder(runs.folder(of: $0)) }
        let values = try folders.map { try $0?.best(withinEpochs: rung) }
        let monitor = folders.lazy.compactMap { $0 }.first?.options.saveBest.monitor ?? SaveBest().monitor
        let kept = Set(halving.survivors(of: values, by: monitor))
        guard !kept.isEmpty else {
            try StandardOutput.print(
                "after epoch \(rung) no run goes on: none has a \(monitor.metric) that is a number")
            return []
        }
        for index in left.indices where !kept.contains(index) && !lost.contains(left[index]) {
            try POSIXFileSystem().replace(
                CheckpointStore.droppedName, in: runs.folder(of: left[index]), with: Array("\(rung)".utf8))
        }
        for index in kept { unlink("\(runs.folder(of: left[index]))/\(CheckpointStore.droppedName)") }
        let words = left.indices.filter(kept.contains).map { index in
            "\(left[index].name) (\(values[index].map(Figures.metric) ?? "-"))"
        }
        try StandardOutput.print(
            "after epoch \(rung) the best of \(Figures.count(left.count, "run")) go on, by \(monitor.metric): "
                + words.joined(separator: ", "))
        return left.indices.filter(kept.contains).map { left[$0] }
    }
}
