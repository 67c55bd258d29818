import Basics
import Glibc

/// Decides, on rank 0 alone, what must be decided once: learning rates, when to stop, which epoch was the best.
///
/// Its rules are Keras's callbacks. Where ReduceLROnPlateau meets a schedule, Keras's LearningRateScheduler sets the
/// rate anew at every epoch and so undoes each reduced rate; here a rate factor multiplies the schedule and lasts. And where
/// Keras forgets it all on resume, `state` goes into the checkpoint.
public struct Coordinator: Sendable {
    public let plan: LearningRatePlan
    /// For the start banner: rules that watch something else than asked for.
    public let warnings: [String]
    private let plateau: ReduceOnPlateau?
    private let earlyStopping: EarlyStopping?
    private let saveBest: SaveBest
    private let rollback: Rollback
    private var memory = Memory()

    private struct Memory: Hashable, Sendable, Codable {
        /// The learning rate divided by the schedule's. 1 until the plateau rule or a rollback first reduces it.
        var rateFactor = 1.0
        var plateau = ReduceOnPlateau.State()
        var earlyStopping = EarlyStopping.State()
        var saveBest = SaveBest.State()
        /// Why the run ended ahead of its last epoch.
        var stopReason: String?
        /// How often an epoch was begun anew; nil before the first time, so that checkpoints of other runs hold nothing of it.
        var rollbacks: Int?

        private enum CodingKeys: String, CodingKey {
            case rateFactor = "reduction"
            case plateau, earlyStopping, saveBest, stopReason, rollbacks
        }

        /// From bytes that may come from anywhere.
        init(reading bytes: [UInt8]) throws {
            self = try UnreadableState.guarding("state") {
                let memory = try CanonicalJSON.decode(Self.self, from: bytes)
                guard memory.isPossible else { throw UnreadableState(name: "state") }
                return memory
            }
        }

        init() {}

        private var isPossible: Bool {
            let bests = [plateau.best, earlyStopping.best, saveBest.best]
            let counts = [plateau.wait, plateau.cooldown, earlyStopping.wait, saveBest.epoch ?? 0, rollbacks ?? 0]
            return rateFactor.isFinite && rateFactor >= 0 && bests.allSatisfy { $0?.isFinite ?? true }
                && counts.allSatisfy { (0...Int(Int32.max)).contains($0) }
                && (saveBest.best == nil) == (saveBest.epoch == nil)
        }
    }

    /// `metrics` are the names the run will have values for (`EpochMetrics.names`).
    public init(
        plan: LearningRatePlan, plateau: ReduceOnPlateau? = nil, earlyStopping: EarlyStopping? = nil,
        saveBest: SaveBest = SaveBest(), rollback: Rollback = Rollback(), metrics: [String]
    ) throws {
        var warnings: [String] = []
        func resolve(_ monitor: inout Monitor, _ rule: String) throws {
            let (resolved, warning) = try monitor.resolved(for: rule, among: metrics)
            monitor = resolved
            if let warning { warnings.append(warning) }
        }
        var plateau = plateau
        var earlyStopping = earlyStopping
        var saveBest = saveBest
        if var rule = plateau {
            try resolve(&rule.monitor, "reduce-on-plateau")
            plateau = rule
        }
        if var rule = earlyStopping {
            try resolve(&rule.monitor, "early-stopping")
            earlyStopping = rule
        }
        try resolve(&saveBest.monitor, "save-best")
        if let rule = earlyStopping, rule.restoresBest, rule.monitor.metric != saveBest.monitor.metric {
            throw OptionError(
                "early-stopping",
                "restore-best ends the run with best.h5, which is chosen by \(saveBest.monitor.metric), not by "
                    + "\(rule.monitor.metric); let save-best and early-stopping monitor the same metric")
        }
        if let average = plan.average, average.start >= plan.epochs {
            warnings.append(
                "--swa starts after \(average.start) epochs, and the run has \(plan.epochs): nothing is averaged")
        }
        self.plan = plan
        self.plateau = plateau
        self.earlyStopping = earlyStopping
        self.saveBest = saveBest
        self.rollback = rollback
        self.warnings = warnings
    }

    /// The learning rates of an epoch (from 0), from its beginning or from its middle on.
    public func rates(epoch: Int) -> EpochRates {
        plan.rates(epoch: epoch, rateFactor: memory.rateFactor, floor: lowestRate)
    }

    /// What ReduceLROnPlateau reduces no rate below, a schedule's next ones neither. A rollback may.
    private var lowestRate: Double { (plateau?.minimumRate ?? 0) * pow(rollback.factor, Double(rollbacks)) }

    /// Takes an epoch's metrics in and decides.
    public mutating func endEpoch(_ metrics: EpochMetrics) -> Directive {
        let epoch = metrics.epoch
        var messages = watchedMetrics.compactMap { name -> String? in
            guard let value = metrics[name], !value.isFinite else { return nil }
            return "\(name) is \(value.isNaN ? "nan" : "\(value)"): no rule takes it for an improvement"
        }
        if let plateau, let value = metrics[plateau.monitor.metric] {
            let rate = rates(epoch: epoch)[plan.stepsPerEpoch - 1]
            if let lower = plateau.rate(after: value, rate: rate, state: &memory.plateau) {
                memory.rateFactor = Double(lower) / plan.rate(epoch: epoch, stepInEpoch: plan.stepsPerEpoch - 1)
                messages.append(
                    "learning rate reduced from \(rate) to \(lower): no better \(plateau.monitor.metric) "
                        + "for \(max(1, plateau.patience)) epochs")
            }
        }
        let isBest = metrics[saveBest.monitor.metric].map {
            saveBest.isBest($0, epoch: epoch, state: &memory.saveBest)
        }
        if plan.reachesEnd(in: epoch) {
            messages.append(
                "the schedule \(plan.schedule) has come to its end: the learning rate stays at \(rates(epoch: epoch + 1)[0])"
            )
        }
        var stopReason: String?
        if let rule = earlyStopping, let value = metrics[rule.monitor.metric],
            rule.stops(after: value, epoch: epoch, state: &memory.earlyStopping)
        {
            stopReason = "no better \(rule.monitor.metric) for \(memory.earlyStopping.wait) epochs"
        }
        memory.stopReason = stopReason
        let isOver = stopReason != nil || epoch + 1 >= plan.epochs
        if isOver, earlyStopping?.restoresBest ?? false, let best {
            messages.append(
                "the run's result is best.h5, of epoch \(best.epoch + 1): \(saveBest.monitor.metric) \(best.value)")
        }
        return Directive(
            nextRates: rates(epoch: epoch + 1), stopReason: stopReason, isBest: isBest ?? false, rollbacks: rollbacks,
            messages: messages)
    }

    /// Begins an epoch (from 0) anew at a lower rate, after a step with a `problem` (a sentence). Throws if that was done as
    /// often as it may be.
    public mutating func rollBack(epoch: Int, after problem: String) throws(RollbackLimitError) -> Directive {
        guard rollbacks < rollback.limit else { throw RollbackLimitError(problem: problem, limit: rollback.limit) }
        memory.rollbacks = rollbacks + 1
        memory.rateFactor *= rollback.factor
        return Directive(
            nextRates: rates(epoch: epoch), stopReason: nil, isBest: false, rollbacks: rollbacks,
            messages: [
                "\(problem) Epoch \(epoch + 1) begins anew with \(rollback.factor) times the learning rate (rollback "
                    + "\(rollbacks) of at most \(rollback.limit))."
            ])
    }

    /// How often an epoch was begun anew.
    public var rollbacks: Int { memory.rollbacks ?? 0 }

    /// Each once, in the order of the rules.
    private var watchedMetrics: [String] {
        let all = [saveBest.monitor, plateau?.monitor, earlyStopping?.monitor].compactMap { $0?.metric }
        return all.enumerated().filter { all.firstIndex(of: $1) == $0 }.map(\.element)
    }

    /// Why the run has ended ahead of its last epoch; nil while it may go on.
    public var stopReason: String? { memory.stopReason }

    /// The epoch (from 0) whose weights are `best.h5`, and its metric.
    public var best: (epoch: Int, value: Double)? {
        guard let epoch = memory.saveBest.epoch, let value = memory.saveBest.best else { return nil }
        return (epoch, value)
    }

    /// All it remembers, as JSON whose bytes depend on the state alone.
    public func state() throws -> [UInt8] { try CanonicalJSON.encode(memory) }

    /// Takes up where the coordinator that gave `state` was.
    public mutating func restore(_ state: [UInt8]) throws {
        memory = try Memory(reading: state)
    }

    /// What a state says, in words; nil for what is none.
    package static func words(for state: [UInt8]) -> String? {
        guard let memory = try? Memory(reading: state) else { return nil }
        var words: [String] = []
        if let epoch = memory.saveBest.epoch, let best = memory.saveBest.best {
            words.append("best epoch \(epoch + 1) (\(Figures.metric(best)))")
        }
        if memory.rateFactor != 1 { words.append("learning rate times \(memory.rateFactor)") }
        for (rule, wait) in [("early stopping", memory.earlyStopping.wait), ("reduce on plateau", memory.plateau.wait)]
        where wait > 0 {
            words.append("\(rule): \(Figures.count(wait, "epoch")) without improvement")
        }
        if let rollbacks = memory.rollbacks { words.append(Figures.count(rollbacks, "rollback")) }
        if let reason = memory.stopReason { words.append("stopped: \(reason)") }
        return words.isEmpty ? "nothing decided yet" : words.joined(separator: "; ")
    }

    /// Refuses what `restore` would refuse.
    public static func requireReadable(_ state: [UInt8]) throws { _ = try Memory(reading: state) }
}
