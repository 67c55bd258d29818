import Basics

/// Which epoch's weights become `best.h5`: Keras's ModelCheckpoint with `save_best_only`, strict improvement.
/// Source: keras/src/callbacks/model_checkpoint.py.
public struct SaveBest: Hashable, Sendable {
    public var monitor = Monitor()

    public init() {}

    struct State: Hashable, Sendable, Codable {
        var best: Double?
        /// From 0.
        var epoch: Int?
    }

    func isBest(_ current: Double, epoch: Int, state: inout State) -> Bool {
        guard monitor.isImprovement(current, over: state.best) else { return false }
        state.best = current
        state.epoch = epoch
        return true
    }
}

extension SaveBest: CustomStringConvertible {
    package static let grammar = "\(Monitor.grammar), each of them optional"

    public init(parsing text: String, option: String = "--save-best") throws {
        var parts = try CompactText(text, option: option, named: false, grammar: Self.grammar)
        monitor = try Monitor(&parts, minDelta: nil)
        try parts.finish()
    }

    public var description: String { monitor.settings }
}
