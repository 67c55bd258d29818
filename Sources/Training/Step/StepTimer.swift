import Basics
import Reduction
import Reporting

/// Splits the time of a step, using the times that the reducer measured itself.
package struct StepTimer {
    /// When the step began, by `BootClock`.
    package let begin = BootClock.now
    private let reducer: Reducer
    private let active: Double
    private let update: Double
    private let bytes: Int

    package init(_ reducer: Reducer) {
        self.reducer = reducer
        active = reducer.activeSeconds
        update = reducer.updateSeconds
        bytes = reducer.bytesSent
    }

    /// Of a step that has ended. `waited`: the seconds that were spent waiting for its samples, before the timer began.
    package func durations(of step: TrainingStep, waited: Double) -> StepDurations {
        let busy = BootClock.seconds(since: begin)
        let (waits, update) = (step.waits, reducer.updateSeconds - self.update)
        return StepDurations(
            dataWait: waited, compute: busy - waits.total - update, reductionWaits: waits, update: update,
            total: busy + waited, activeReduction: reducer.activeSeconds - active, bytesSent: reducer.bytesSent - bytes)
    }
}

/// Sums the times of an epoch, as far as this process has trained it.
final class EpochTimer {
    private(set) var steps = 0
    private(set) var samples = 0
    private(set) var trainingSeconds = 0.0
    private(set) var waitedSeconds = 0.0
    /// In which the rank did not wait for others.
    private(set) var busySeconds = 0.0
    private(set) var reductionWaits = ReductionWaits()
    private let start = ContinuousClock.now

    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    func add(_ durations: StepDurations, samples: Int) {
        steps += 1
        self.samples += samples
        trainingSeconds += durations.total
        waitedSeconds += durations.dataWait
        busySeconds += durations.total - durations.exposedReduction
        reductionWaits = reductionWaits + durations.reductionWaits
    }
}
