import Basics

/// Keras's ReduceLROnPlateau. Source: keras/src/callbacks/reduce_lr_on_plateau.py.
public struct ReduceOnPlateau: Hashable, Sendable {
    public var monitor = Monitor(minDelta: 1e-4)
    /// Below 1.
    public var factor = 0.1
    /// Epochs without improvement until the rate is reduced.
    public var patience = 10
    /// Epochs to wait after the rate was reduced.
    public var cooldown = 0
    public var minimumRate = 0.0

    public init() {}

    struct State: Hashable, Sendable, Codable {
        var best: Double?
        var wait = 0
        var cooldown = 0
    }

    /// The learning rate after an epoch, or nil if it stays.
    func rate(after current: Double, rate: Float, state: inout State) -> Float? {
        if state.cooldown > 0 {
            state.cooldown -= 1
            state.wait = 0
        }
        if monitor.isImprovement(current, over: state.best) {
            state.best = current
            state.wait = 0
            return nil
        }
        guard state.cooldown == 0 else { return nil }
        state.wait += 1
        guard state.wait >= patience, rate > Float(minimumRate) else { return nil }
        state.cooldown = cooldown
        state.wait = 0
        return Float(max(Double(rate) * factor, minimumRate))
    }
}

extension ReduceOnPlateau: CustomStringConvertible {
    package static let grammar =
        "factor=0.1,patience=10,cooldown=0,min-delta=0.0001,min-rate=0,\(Monitor.grammar), each of them optional"

    public init(parsing text: String, option: String = "--reduce-on-plateau") throws {
        var parts = try CompactText(text, option: option, named: false, grammar: Self.grammar)
        factor = try parts.take("factor", "a positive number below 1") { Float($0) > 0 && Float($0) < 1 } ?? factor
        patience = try parts.take("patience", "a number of epochs") { (0...Int(Int32.max)).contains($0) } ?? patience
        cooldown = try parts.take("cooldown", "a number of epochs") { (0...Int(Int32.max)).contains($0) } ?? cooldown
        minimumRate = try parts.take("min-rate", "a learning rate", where: Requirement.notNegative.holds) ?? minimumRate
        monitor = try Monitor(&parts, minDelta: monitor.minDelta)
        try parts.finish()
    }

    public var description: String {
        "factor=\(factor),patience=\(patience),cooldown=\(cooldown),min-delta=\(monitor.minDelta),"
            + "min-rate=\(minimumRate),\(monitor.settings)"
    }
}
