import Basics
import Optimization
import Testing

/// The coordinator against Keras's callbacks (Golden/generate_keras_golden.py), and what Keras lacks: state that lasts.
/// Cases that begin with NaN are left out. Keras takes such a NaN for the best value, and nothing for better; see
/// `notANumberIsNeverAnImprovement`.
@Suite struct CoordinatorTests {
    struct Golden: Decodable {
        struct Plateau: Decodable {
            let mode: String
            let rate, factor, min_delta, min_lr: Double
            let patience, cooldown: Int
            let values: [Double?]
            let rates: [Float]
        }
        struct Stopping: Decodable {
            let mode: String
            let patience, start_from_epoch: Int
            let min_delta: Double
            let baseline: Double?
            let values: [Double?]
            let stopped: Int?
        }
        struct Best: Decodable {
            let mode: String
            let values: [Double?]
            let saved: [Bool]
        }
        let plateau: [Plateau]
        let stopping: [Stopping]
        let best: [Best]
    }

    private static let metrics = EpochMetrics.names(accuracy: true, errors: false, validation: true)

    private func plan(rate: Double = 0.1, schedule: LearningRateSchedule = .constant) -> LearningRatePlan {
        LearningRatePlan(base: rate, schedule: schedule, stepsPerEpoch: 3, epochs: 1000)
    }

    private func epoch(_ epoch: Int, _ value: Double?) -> EpochMetrics {
        EpochMetrics(epoch: epoch, training: .init(loss: 9), validation: .init(loss: value ?? .nan))
    }

    private func monitor(_ mode: String, minDelta: Double = 0) throws -> Monitor {
        Monitor(metric: "val_loss", mode: try #require(Monitor.Mode(mode)), minDelta: minDelta)
    }

    private func plateauRule(_ item: Golden.Plateau) throws -> ReduceOnPlateau {
        var rule = ReduceOnPlateau()
        rule.monitor = try monitor(item.mode, minDelta: item.min_delta)
        rule.factor = item.factor
        rule.patience = item.patience
        rule.cooldown = item.cooldown
        rule.minimumRate = item.min_lr
        return rule
    }

    @Test func plateauIsKeras() throws {
        let golden = try GoldenFile.read(Golden.self, "keras_callbacks.json")
        var reductions = 0
        for item in golden.plateau where item.values[0] != nil {
            var coordinator = try Coordinator(
                plan: plan(rate: item.rate), plateau: plateauRule(item), metrics: Self.metrics)
            var rates: [Float] = []
            for (index, value) in item.values.enumerated() {
                rates.append(coordinator.endEpoch(epoch(index, value)).nextRates.last)
            }
            #expect(rates == item.rates)
            reductions += Set(item.rates).count - 1
        }
        #expect(reductions > 50)
    }

    /// A schedule goes on lowering the rate after a plateau has. Together they stay at the least rate; the schedule alone need not.
    @Test func minimumRateHoldsForScheduleTimesPlateau() throws {
        var rule = ReduceOnPlateau()
        (rule.factor, rule.patience, rule.minimumRate) = (0.1, 2, 0.002)
        let plan = plan(schedule: .multiStep(at: [.epochs(4), .epochs(7)], multiples: [0.1, 0.005]))
        var coordinator = try Coordinator(plan: plan, plateau: rule, metrics: Self.metrics)
        var rates: [Float] = []
        for index in 0..<8 { rates.append(coordinator.endEpoch(epoch(index, 1)).nextRates.last) }
        #expect(rates == [0.1, 0.1, 0.01, 0.002, 0.002, 0.002, 0.0005, 0.0005])
    }

    /// What keeps a run finite is not kept from doing so.
    @Test func rollbacksGoBelowTheMinimumRate() throws {
        var rule = ReduceOnPlateau()
        (rule.factor, rule.patience, rule.minimumRate) = (0.1, 1, 0.05)
        var coordinator = try Coordinator(plan: plan(), plateau: rule, metrics: Self.metrics)
        for index in 0..<3 { _ = coordinator.endEpoch(epoch(index, 1)) }
        #expect(coordinator.rates(epoch: 3).last == 0.05)
        #expect(try coordinator.rollBack(epoch: 3, after: "The loss is nan.").nextRates.last == 0.025)
    }

    @Test func earlyStoppingIsKeras() throws {
        let golden = try GoldenFile.read(Golden.self, "keras_callbacks.json")
        for item in golden.stopping where item.values[0] != nil {
            var rule = EarlyStopping()
            rule.monitor = try monitor(item.mode, minDelta: item.min_delta)
            rule.patience = item.patience
            rule.startEpoch = item.start_from_epoch
            rule.baseline = item.baseline
            var coordinator = try Coordinator(plan: plan(), earlyStopping: rule, metrics: Self.metrics)
            let stopped = item.values.enumerated().first { coordinator.endEpoch(epoch($0.offset, $0.element)).stop }
            #expect(stopped?.offset == item.stopped)
        }
        #expect(golden.stopping.contains { $0.stopped == nil } && golden.stopping.contains { $0.stopped != nil })
    }

    @Test func saveBestIsKeras() throws {
        let golden = try GoldenFile.read(Golden.self, "keras_callbacks.json")
        for item in golden.best where item.values[0] != nil {
            var rule = SaveBest()
            rule.monitor = try monitor(item.mode)
            var coordinator = try Coordinator(plan: plan(), saveBest: rule, metrics: Self.metrics)
            let saved = item.values.enumerated().map { coordinator.endEpoch(epoch($0.offset, $0.element)).isBest }
            #expect(saved == item.saved)
        }
    }

    /// At every epoch the state goes through bytes into a new coordinator, which goes on as if nothing had happened.
    @Test func stateLasts() throws {
        let golden = try GoldenFile.read(Golden.self, "keras_callbacks.json")
        for item in golden.plateau {
            func fresh() throws -> Coordinator {
                try Coordinator(
                    plan: plan(rate: item.rate, schedule: .exponential(every: .epochs(4), factor: 0.7)),
                    plateau: plateauRule(item), earlyStopping: EarlyStopping(parsing: "patience=4,min-delta=0.01"),
                    metrics: Self.metrics)
            }
            var left = try fresh()
            for (index, value) in item.values.enumerated() {
                var resumed = try fresh()
                try resumed.restore(left.state())
                #expect(resumed.rates(epoch: index) == left.rates(epoch: index))
                let directive = left.endEpoch(epoch(index, value))
                #expect(resumed.endEpoch(epoch(index, value)) == directive)
                #expect(try resumed.state() == left.state())
                #expect(try Directive(encoded: directive.encoded()) == directive)
            }
        }
    }

    @Test(arguments: [Double.nan, -.nan, .infinity, -.infinity], ["min", "max"])
    func notANumberIsNeverAnImprovement(_ value: Double, _ mode: String) throws {
        var plateau = ReduceOnPlateau()
        plateau.monitor = try monitor(mode)
        plateau.patience = 2
        var stopping = EarlyStopping()
        stopping.monitor = try monitor(mode)
        stopping.patience = 4
        var best = SaveBest()
        best.monitor = try monitor(mode)
        var coordinator = try Coordinator(
            plan: plan(), plateau: plateau, earlyStopping: stopping, saveBest: best, metrics: Self.metrics)
        let first = coordinator.endEpoch(epoch(0, value))
        #expect(!first.isBest && coordinator.best == nil)
        let text = value.isNaN ? "nan" : "\(value)"
        #expect(first.messages == ["val_loss is \(text): no rule takes it for an improvement"])
        // It can be saved, and read again.
        try coordinator.restore(coordinator.state())
        // The second epoch without an improvement lowers the rate.
        #expect(coordinator.endEpoch(epoch(1, value)).nextRates.last < 0.1)
        #expect(coordinator.endEpoch(epoch(2, 1)).isBest && coordinator.best?.epoch == 2)
        #expect(!coordinator.endEpoch(epoch(3, value)).isBest && coordinator.best?.epoch == 2)
        #expect(coordinator.endEpoch(epoch(4, mode == "min" ? 0.5 : 2)).isBest)
        // Four epochs without an improvement stop the run.
        let stops = (5..<9).map { coordinator.endEpoch(epoch($0, value)).stop }
        #expect(stops == [false, false, false, true])
    }

    @Test func impossibleStatesAreRefused() throws {
        var coordinator = try Coordinator(plan: plan(), metrics: Self.metrics)
        _ = coordinator.endEpoch(epoch(0, 1))
        let good = String(decoding: try coordinator.state(), as: UTF8.self)
        for (old, new) in [
            ("\"reduction\":1", "\"reduction\":\"nan\""), ("\"reduction\":1", "\"reduction\":-1"),
            ("\"wait\":0", "\"wait\":-1"), ("\"wait\":0", "\"wait\":9223372036854775807"),
            ("\"best\":1", "\"best\":\"inf\""), ("\"best\":1,", ""), ("\"epoch\":0", "\"epoch\":-1"),
            (",\"epoch\":0", ""),
        ] {
            let bad = good.replacing(old, with: new, maxReplacements: 1)
            #expect(bad != good, "\(old) in \(good)")
            #expect(throws: UnreadableState.self, "\(bad)") { try coordinator.restore(Array(bad.utf8)) }
        }
        try coordinator.restore(Array(good.utf8))
    }

    @Test func aStateOfAnotherKindIsRefused() throws {
        var coordinator = try Coordinator(plan: plan(), metrics: Self.metrics)
        #expect(throws: UnreadableState.self) { try coordinator.restore(Array("{}".utf8)) }
        #expect(throws: UnreadableState.self) { try Directive(encoded: []) }
    }

    @Test func reductionsMultiplyTheSchedule() throws {
        let schedule = LearningRateSchedule.multiStep(at: [.epochs(4)], multiples: [0.1])
        var coordinator = try Coordinator(
            plan: plan(rate: 1, schedule: schedule), plateau: ReduceOnPlateau(parsing: "factor=0.5,patience=2"),
            metrics: Self.metrics)
        let rates = (0..<6).map { coordinator.endEpoch(epoch($0, 1)).nextRates.last }
        #expect(rates == [1, 1, 0.5, 0.05, 0.025, 0.025])
    }

    @Test func withoutValidationTheTrainingMetricIsWatched() throws {
        let metrics = EpochMetrics.names(accuracy: true, errors: false, validation: false)
        var coordinator = try Coordinator(
            plan: plan(), plateau: ReduceOnPlateau(parsing: "patience=1"),
            earlyStopping: EarlyStopping(parsing: "monitor=accuracy,patience=2"), metrics: metrics)
        #expect(coordinator.warnings.count == 2)
        #expect(coordinator.warnings.allSatisfy { $0.contains("watches loss") && $0.contains("val_loss") })
        func watched(_ epoch: Int, loss: Double, accuracy: Double) -> EpochMetrics {
            EpochMetrics(epoch: epoch, training: .init(loss: loss, accuracy: accuracy))
        }
        #expect(coordinator.endEpoch(watched(0, loss: 1, accuracy: 0.5)).isBest)
        let second = coordinator.endEpoch(watched(1, loss: 2, accuracy: 0.4))
        #expect(!second.isBest && !second.stop && second.messages.count == 1)
        #expect(coordinator.endEpoch(watched(2, loss: 0.5, accuracy: 0.4)).stopReason?.contains("accuracy") == true)
        #expect(coordinator.best?.epoch == 2)
        #expect(throws: OptionError.self) {
            try Coordinator(plan: plan(), plateau: ReduceOnPlateau(parsing: "monitor=f1"), metrics: metrics)
        }
    }

    @Test func bestWeightsAreTheResultWhenAskedFor() throws {
        let rule = try EarlyStopping(parsing: "patience=1,restore-best=true")
        var stopping = try Coordinator(plan: plan(), earlyStopping: rule, metrics: Self.metrics)
        #expect(stopping.endEpoch(epoch(0, 1)).messages == [])
        #expect(stopping.endEpoch(epoch(1, 2)).messages == ["the run's result is best.h5, of epoch 1: val_loss 1.0"])
        let short = LearningRatePlan(base: 0.1, stepsPerEpoch: 3, epochs: 1)
        var ending = try Coordinator(plan: short, earlyStopping: rule, metrics: Self.metrics)
        let last = ending.endEpoch(epoch(0, 1))
        #expect(last.messages.count == 1 && !last.stop)
        #expect(throws: OptionError.self) {
            try Coordinator(
                plan: plan(), earlyStopping: rule, saveBest: SaveBest(parsing: "monitor=val_accuracy"),
                metrics: Self.metrics)
        }
    }

    /// What is stored after a rollback brings back its number and the rate; a run without one stores nothing of it.
    @Test func rollbacksLowerTheRateUpToTheLimit() throws {
        var rollback = Rollback()
        (rollback.factor, rollback.limit) = (0.25, 2)
        let make = { try Coordinator(plan: plan(rate: 1), rollback: rollback, metrics: Self.metrics) }
        var coordinator = try make()
        #expect(!String(decoding: try coordinator.state(), as: UTF8.self).contains("rollbacks"))
        _ = coordinator.endEpoch(epoch(0, 1))
        let first = try coordinator.rollBack(epoch: 1, after: "the loss of step 4 is NaN.")
        #expect(first.nextRates.last == 0.25 && first.rollbacks == 1 && !first.stop && !first.isBest)
        #expect(first.messages.first?.contains("Epoch 2 begins anew") == true, "\(first.messages)")
        var resumed = try make()
        try resumed.restore(coordinator.state())
        for var each in [coordinator, resumed] {
            #expect(each.rollbacks == 1 && each.rates(epoch: 1).last == 0.25)
            #expect(try each.rollBack(epoch: 1, after: "again.").nextRates.last == 0.0625)
            #expect(each.endEpoch(epoch(1, 1)).nextRates.last == 0.0625)
            let error = #expect(throws: RollbackLimitError.self) { try each.rollBack(epoch: 2, after: "once more.") }
            #expect(error?.description.contains("rolled back 2 times, and --rollback-limit allows no more") == true)
        }
        let state = String(decoding: try coordinator.state(), as: UTF8.self)
        for bad in ["-1", "9223372036854775807", "\"one\""] {
            let forged = state.replacing("\"rollbacks\":1", with: "\"rollbacks\":\(bad)")
            #expect(forged != state)
            #expect(throws: UnreadableState.self) { try resumed.restore(Array(forged.utf8)) }
        }
    }
}
