import Basics

/// Keras's EarlyStopping. Source: keras/src/callbacks/early_stopping.py.
public struct EarlyStopping: Hashable, Sendable {
    public var monitor = Monitor()
    public var patience = 0
    /// Epochs whose metrics are not looked at.
    public var startEpoch = 0
    /// What has to be beaten before the wait starts anew.
    public var baseline: Double?
    /// The run's result is `best.h5`, however it ends: it says so at its end. The last weights stay in `latest.h5`, so
    /// that the run can still go on.
    public var restoresBest = false

    public init() {}

    struct State: Hashable, Sendable, Codable {
        var best: Double?
        var wait = 0
    }

    /// Whether the run stops after `epoch` (from 0). Keras never stops after the first one.
    func stops(after current: Double, epoch: Int, state: inout State) -> Bool {
        guard epoch >= startEpoch else { return false }
        state.wait += 1
        if monitor.isImprovement(current, over: state.best) {
            state.best = current
            if baseline == nil || monitor.isImprovement(current, over: baseline) { state.wait = 0 }
            return false
        }
        return state.wait >= patience && epoch > 0
    }
}

extension EarlyStopping: CustomStringConvertible {
    package static let grammar =
        "patience=0,min-delta=0,start-epoch=0,baseline=X,restore-best=false,\(Monitor.grammar), each of them optional"

    public init(parsing text: String, option: String = "--early-stopping") throws {
        var parts = try CompactText(text, option: option, named: false, grammar: Self.grammar)
        patience = try parts.take("patience", "a number of epochs") { (0...Int(Int32.max)).contains($0) } ?? patience
        startEpoch =
            try parts.take("start-epoch", "a number of epochs") { (0...Int(Int32.max)).contains($0) } ?? startEpoch
        baseline = try parts.take("baseline", "a number") { Float($0).isFinite }
        restoresBest = try parts.take("restore-best", "true or false") ?? restoresBest
        monitor = try Monitor(&parts, minDelta: monitor.minDelta)
        try parts.finish()
    }

    public var description: String {
        "patience=\(patience),min-delta=\(monitor.minDelta),start-epoch=\(startEpoch),"
            + (baseline.map { "baseline=\($0)," } ?? "") + "restore-best=\(restoresBest),\(monitor.settings)"
    }
}
