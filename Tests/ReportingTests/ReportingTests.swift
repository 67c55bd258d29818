import Foundation
import Optimization
import Reduction
import Reporting
import Testing

@Suite struct ReportingTests {
    private static let durations = StepDurations(
        dataWait: 0.001, compute: 0.01, reductionWaits: ReductionWaits(withinNode: 0.0005), update: 0.0005,
        total: 0.012,
        activeReduction: 0.0025)

    /// Step `step` (from 1) of a run with four steps an epoch.
    private func step(
        _ step: Int, loss: Double = 1.0 / 3, correct: Double? = 96, sinceStart: Double? = nil
    ) -> StepEnded {
        let inEpoch = (step - 1) % 4 + 1
        return StepEnded(
            epoch: (step - 1) / 4, step: step, stepInEpoch: inEpoch, stepsPerEpoch: 4, samples: 128,
            lossSum: 128 * loss * Double(step), correct: correct, epochSoFar: .init(loss: 0.41, accuracy: 0.875),
            learningRate: 0.001, durations: Self.durations, sinceStart: sinceStart)
    }

    private func epoch(
        _ epoch: Int, waitedSeconds: Double = 0.004, waits: ReductionWaits = ReductionWaits(),
        straggler: Straggler? = nil
    ) -> EpochEnded {
        EpochEnded(
            metrics: EpochMetrics(
                epoch: epoch, training: .init(loss: 0.1 + 0.2, accuracy: 0.9),
                validation: .init(loss: 0.00042, accuracy: 0.8)),
            step: (epoch + 1) * 4, stepsPerEpoch: 4, samples: 512, steps: 4, trainingSeconds: 0.048,
            waitedSeconds: waitedSeconds, reductionWaits: waits, seconds: 0.06, learningRate: 0.001, isBest: true,
            straggler: straggler, messages: ["learning rate reduced"])
    }

    private static let begun = RunBegun(
        model: "lenet5-keras", totalParameters: 1_044_426, trainableParameters: 999, data: "fashion.h5",
        input: "bytes divided by 255",
        validation: "the 10000 test samples", ranks: 2, threads: 1, memory: "80 MB at most",
        engine: "oneDNN 2.6.3 (AVX-512)", precision: "fp32", optimizer: "adam", batchSize: 128, shards: 8, epochs: 3,
        stepsPerEpoch: 4, output: "run", warnings: ["careful"])

    private func ended(_ outcome: RunOutcome, notes: [String] = []) -> RunEnded {
        RunEnded(outcome: outcome, epochs: 1, step: 6, samples: 768, seconds: 1, notes: notes)
    }

    /// Collects what a reporter writes, under a clock that the test sets.
    private final class Screen {
        var text = ""
        var time = 0.0
        /// Of a run that has begun.
        func reporter(live: Bool) -> ConsoleReporter { reporter(live ? .bar : .plain) { 200 } }

        func reporter(_ style: ConsoleReporter.Style, width: @escaping () -> Int) -> ConsoleReporter {
            let reporter = ConsoleReporter(
                style: style, width: width, clock: { self.time }, write: { self.text += $0 })
            reporter.runBegan(begun)
            text = ""
            return reporter
        }
    }

    @Test func theRankThatOthersWaitFor() throws {
        func found(_ busy: [Double], of seconds: Double = 10) -> Straggler? {
            Straggler(busy: busy, of: seconds) { "node-\($0)" }
        }
        #expect(found([5]) == nil)
        #expect(found([5, 6]) == nil, "waits of a tenth are not told")
        #expect(found([5, 6.5, 5, 4])?.rank == 1)
        #expect(found([5, 6.5, 5, 4])?.host == "node-1")
        #expect(abs((found([5, 6.5, 5, 4])?.share ?? 0) - 0.15) < 1e-12)
        #expect(found([9, 9, 9, 1]) == nil, "a fast rank is nobody that others wait for")
        #expect(found([1, 2], of: 0) == nil)
        let screen = Screen()
        screen.reporter(live: false).epochEnded(epoch(0, straggler: found([5, 6.5, 5, 4])))
        #expect(screen.text.contains("(15% waiting for rank 1 on node-1)"), "\(screen.text)")
    }

    @Test func plainLinesWithoutATerminal() {
        let screen = Screen()
        let reporter = screen.reporter(live: false)
        for index in 1...4 { reporter.stepEnded(step(index)) }
        reporter.epochEnded(epoch(0))
        #expect(
            screen.text == """
                Epoch 1/3: 60.0ms 12.0ms/step 10667 images/s (8% waiting for data) - loss: 0.3000 - accuracy: 0.9000 \
                - val_loss: 4.2000e-04 - val_accuracy: 0.8000 - learning_rate: 0.0010
                  learning rate reduced

                """)
    }

    /// Regression has errors where classes have an accuracy, on the console and in the log.
    @Test func regressionSaysHowFarItIsOff() throws {
        var metrics = EpochMetrics(
            epoch: 0, training: .init(loss: 0.5, mae: 0.25, rmse: 0.75),
            validation: .init(loss: 1, mae: 0.5, rmse: 1))
        #expect(metrics["mae"] == 0.25 && metrics["val_rmse"] == 1 && metrics["accuracy"] == nil)
        #expect(metrics["raw_val_mae"] == nil && metrics["val_f1"] == nil)
        metrics.rawValidation = .init(loss: 2, mae: 3, rmse: 4)
        #expect(metrics["raw_val_mae"] == 3 && metrics["val_mae"] == 0.5)
        let event = EpochEnded(
            metrics: metrics, step: 4, stepsPerEpoch: 4, samples: 512, steps: 4, trainingSeconds: 0.048,
            waitedSeconds: 0, seconds: 0.06, learningRate: 0.001, isBest: true)
        let screen = Screen()
        screen.reporter(live: false).epochEnded(event)
        #expect(
            screen.text.contains(
                "loss: 0.5000 - mae: 0.2500 - rmse: 0.7500 - val_loss: 1.0000 - val_mae: 0.5000 - val_rmse: 1.0000 - "
                    + "raw_val_loss: 2.0000 - raw_val_mae: 3.0000 - raw_val_rmse: 4.0000"))
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try RunLog(creatingAt: path).epochEnded(event)
        let line = try String(contentsOfFile: path, encoding: .utf8)
        #expect(
            line.contains(
                #""loss":0.5,"mae":0.25,"rmse":0.75,"val_loss":1.0,"val_mae":0.5,"val_rmse":1.0,"raw_val_loss":2.0,"#))
    }

    @Test func theFirstStepTellsWhenItWasDone() throws {
        let screen = Screen()
        let reporter = screen.reporter(live: false)
        let first = step(1, sinceStart: 0.4502)
        reporter.stepEnded(first)
        reporter.stepEnded(step(2))
        #expect(screen.text == "first step done 450ms after the start\n")
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try RunLog(creatingAt: path)
        try log.stepEnded(first)
        try log.stepEnded(step(2))
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines[0].contains(",\"first_step_after_ms\":450.2}") && !lines[1].contains("first_step"))
        #expect(lines[1].contains(",\"reduce_hidden_ms\":2.0,"))
    }

    @Test func whatTheReductionWaitedForIsTold() throws {
        let waits = ReductionWaits(slowerRanks: 0.0048, betweenNodes: 0.0024)
        let screen = Screen()
        screen.reporter(live: false).epochEnded(epoch(0, waits: waits))
        #expect(
            screen.text.contains("(15% waiting for the reduction: 10% for slower ranks, 5% for other nodes)"),
            "\(screen.text)")
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try RunLog(creatingAt: path)
        try log.stepEnded(step(1))
        try log.epochEnded(epoch(0, waits: waits))
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(
            lines[0].contains("\"reduce_exposed_ms\":0.5,\"reduce_slower_ranks_ms\":0.0,\"reduce_within_node_ms\":0.5,")
        )
        #expect(lines[1].contains("\"reduce_slower_ranks_seconds\":0.0048,\"reduce_within_node_seconds\":0.0,"))
    }

    @Test func dataThatWereNotWaitedForAreNotMentioned() {
        let screen = Screen()
        screen.reporter(live: false).epochEnded(epoch(0, waitedSeconds: 0.0001))
        #expect(screen.text.contains("10667 images/s - loss"))
    }

    @Test func oneLiveLineAnEpochOnATerminal() {
        let screen = Screen()
        let reporter = screen.reporter(live: true)
        for index in 1...4 {
            reporter.stepEnded(step(index))
            screen.time += 0.06
        }
        reporter.epochEnded(epoch(0))
        let lines = screen.text.split(separator: "\n")
        #expect(lines.first == "Epoch 1/3")
        let states = lines[1].split(separator: "\r")
        // At 0, 0.12 s, and the end; not at 0.06 and 0.18 s.
        #expect(states.count == 3)
        #expect(
            states[0] == """
                 1/4 [=======>......................] 12.0ms, 36.0ms left 12.0ms/step 10667 images/s \
                (8% waiting for data) - loss: 0.4100 - accuracy: 0.8750 - run: 132ms left\u{1B}[K
                """)
        #expect(states[1].hasPrefix(" 3/4 [======================>.......]"))
        #expect(states[2].hasPrefix(" 4/4 [==============================] 60.0ms 12.0ms/step"))
        #expect(states[2].contains("val_loss: 4.2000e-04"))
    }

    /// What matters most stays, whatever the width, also where the window changes in the middle of a run.
    @Test func liveLinesFitTheTerminal() throws {
        let screen = Screen()
        var width = 120
        let reporter = screen.reporter(.bar) { width }
        let states = try [120, 80, 60, 40, 24].enumerated().map { index, columns in
            width = columns
            reporter.stepEnded(step(index + 1))
            screen.time += 1
            let written = try #require(screen.text.split(separator: "\r").last)
            // What a narrower window has broken is cleared first.
            let state = written.hasPrefix("\u{1B}[J") ? written.dropFirst("\u{1B}[J".count) : written
            #expect(state.hasSuffix("\u{1B}[K") && state.count - "\u{1B}[K".count < columns, "\(state)")
            return state.dropLast("\u{1B}[K".count)
        }
        #expect(
            states[0] == """
                 1/4 [==>.......] 12.0ms, 36.0ms left 12.0ms/step 10667 images/s - loss: 0.4100 - accuracy: 0.8750 - run: 132ms left
                """)
        #expect(states[1].hasSuffix(" 2/4 24.0ms, 24.0ms left 10667 images/s - loss: 0.4100 - accuracy: 0.8750"))
        #expect(states[2] == " 3/4 12.0ms left - loss: 0.4100 - accuracy: 0.8750")
        #expect(states[3] == " 4/4 - loss: 0.4100 - accuracy: 0.8750")
        #expect(states[4] == " 1/4 - loss: 0.4100")
        reporter.epochEnded(epoch(1))
        width = 60
        reporter.epochEnded(epoch(1))
        let last = try #require(screen.text.split(separator: "\r").last)
        #expect(last.hasPrefix(" 4/4 - val_loss: 4.2000e-04 - val_accuracy: 0.8000\u{1B}[K\n"))
    }

    /// A terminal that becomes narrower breaks the line into rows. All of them are taken back.
    @Test func aLineThatTheTerminalHasBrokenIsTakenBack() throws {
        let screen = Screen()
        var width = 120
        let reporter = screen.reporter(.bar) { width }
        reporter.stepEnded(step(1))
        let long = try #require(screen.text.split(separator: "\r").last).dropLast("\u{1B}[K".count)
        #expect(long.count > 100)
        (screen.time, width, screen.text) = (1, 50, "")
        reporter.stepEnded(step(2))
        #expect(screen.text.hasPrefix("\u{1B}[2A\r\u{1B}[J 2/4 "))
        (screen.time, screen.text) = (2, "")
        reporter.stepEnded(step(3))
        #expect(screen.text.hasPrefix("\r 3/4 "))
    }

    @Test func longEpochsShowALineEveryHalfMinuteWithoutATerminal() {
        let screen = Screen()
        let reporter = screen.reporter(live: false)
        for index in 1...3 {
            reporter.stepEnded(step(index))
            screen.time += 20
        }
        reporter.validationProgressed(ValidationProgress(epoch: 0, step: 1, steps: 3))
        screen.time += 20
        reporter.validationProgressed(ValidationProgress(epoch: 0, step: 2, steps: 3))
        let lines = screen.text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("Epoch 1/3: 3/4 36.0ms, 12.0ms left 12.0ms/step 10667 images/s"))
        #expect(lines[1] == "Epoch 1/3: 2/3 validating")
    }

    @Test func validationIsShownOnALiveLine() {
        let screen = Screen()
        let reporter = screen.reporter(live: true)
        reporter.stepEnded(step(4))
        screen.time += 1
        reporter.validationProgressed(ValidationProgress(epoch: 0, step: 1, steps: 2))
        #expect(screen.text.hasSuffix("\r 1/2 [===============>..............] validating\u{1B}[K"))
    }

    @Test func withoutProgressOnlyTheEndsAreTold() {
        let screen = Screen()
        let reporter = screen.reporter(.none) { 80 }
        for index in 1...4 {
            reporter.stepEnded(step(index))
            screen.time += 60
        }
        reporter.epochEnded(epoch(0))
        #expect(screen.text == "learning rate reduced\n")
    }

    /// 100 steps of a second: after a few the run says how long it will take, once.
    @Test func aLongRunSaysHowLongItWillTake() {
        let screen = Screen()
        let reporter = screen.reporter(live: false)
        for index in 1...20 {
            reporter.stepEnded(
                StepEnded(
                    epoch: 0, step: index, stepInEpoch: index, stepsPerEpoch: 4, samples: 1, lossSum: 1, correct: nil,
                    epochSoFar: .init(loss: 1, accuracy: nil), learningRate: 0.1,
                    durations: StepDurations(
                        dataWait: 0, compute: 20, update: 0, total: index == 1 ? 500 : 20),
                    sinceStart: index == 1 ? 600 : nil))
        }
        #expect(
            screen.text == """
                first step done 10m 00s after the start
                about 2m 00s for 3 epochs, and what validation takes

                """)
    }

    @Test func theEndIsTold() {
        let endings: [(RunOutcome, String)] = [
            (.finished, "a trace\nfinished after 1 epoch; results are in run\n"),
            (.stopped(reason: "no progress"), "a trace\nstopped after 1 epoch: no progress; results are in run\n"),
            (
                .interrupted(signal: 10),
                "a trace\nsignal 10: checkpoint saved at step 6; continue with --resume: "
                    + "mpirun -n 2 dptrain --output run --resume\n"
            ),
            (.failed(error: "a disk is full"), ""),
        ]
        for (outcome, text) in endings {
            let screen = Screen()
            let reporter = screen.reporter(live: false)
            reporter.epochEnded(epoch(0))
            screen.text = ""
            reporter.runEnded(ended(outcome, notes: ["a trace"]))
            #expect(screen.text == text)
        }
    }

    /// A run that stopped after the last step of its last epoch goes on with that epoch's validation only, which is something.
    @Test func aRunWithoutAnEpochToEndHadNothingToDo() {
        let screen = Screen()
        screen.reporter(live: false).runEnded(ended(.finished))
        #expect(screen.text.hasPrefix("nothing to do: the run has done 1 epoch"))
    }

    @Test func bannerNamesEverything() {
        let text = Self.begun.banner.joined(separator: "\n")
        for part in [
            "lenet5-keras: 1,044,426 parameters, 999 trainable", "2 ranks x 1 thread", "128 samples in 8 shards",
            "oneDNN 2.6.3 (AVX-512), fp32", "memory      80 MB at most", "the 10000 test samples",
            "warning     careful",
        ] { #expect(text.contains(part)) }
    }

    // MARK: The log

    private func temporaryPath() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString).jsonl").path
    }

    private func write(_ log: RunLog, steps: ClosedRange<Int>) throws {
        for index in steps {
            try log.stepEnded(step(index))
            if index % 4 == 0 { try log.epochEnded(epoch(index / 4 - 1)) }
        }
        try log.checkpointIsDue()
    }

    @Test func logHoldsNumbersInFull() throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write(RunLog(creatingAt: path), steps: 1...4)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 5)
        #expect(
            lines[0].hasPrefix(
                """
                {"event":"step","epoch":1,"step":1,"loss":0.3333333333333333,"accuracy":0.75,"learning_rate":0.001,\
                "samples":128,"images_per_second":
                """))
        #expect(
            lines[4].hasPrefix(
                """
                {"event":"epoch","epoch":1,"step":4,"loss":0.30000000000000004,"accuracy":0.9,"val_loss":0.00042,\
                "val_accuracy":0.8,"learning_rate":0.001,"best":true,
                """))
        let broken = step(5, loss: .nan, correct: nil)
        try RunLog(resumingAt: path, step: 4, epochs: 1).stepEnded(broken)
        let last = try #require(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").last)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
        #expect(object["loss"] is NSNull && object["accuracy"] == nil)
    }

    /// Stopped after any step and resumed from any earlier one, the log is that of a run never stopped.
    @Test func resumedLogIsAsIfNeverStopped() throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write(RunLog(creatingAt: path), steps: 1...12)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for stopped in 1...11 {
            for resumed in 0...stopped {
                try write(RunLog(creatingAt: path), steps: 1...stopped)
                let torn = try FileHandle(forUpdating: URL(fileURLWithPath: path))
                try torn.seekToEnd()
                try torn.write(contentsOf: Data("{\"event\":\"step\",\"epo".utf8))
                let log = try RunLog(resumingAt: path, step: resumed, epochs: resumed / 4)
                try write(log, steps: resumed + 1...12)
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole, "\(stopped) \(resumed)")
            }
        }
    }

    /// Steps 5 and 6 are abandoned, and come once more. Stopped anywhere and resumed from any earlier state, the log is that of
    /// a run never stopped.
    @Test func aLogWithARollbackIsResumedFromEitherSide() throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let back = RolledBack(
            epoch: 1, abandonedStep: 6, step: 4, rollbacks: 1, learningRate: 0.0005, messages: ["why"])
        // Each act leads to a state: so many steps and rollbacks.
        let acts: [(step: Int, rollbacks: Int)] = [
            (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1),
        ]
        func write(_ log: RunLog, _ range: Range<Int>) throws {
            for (index, act) in acts.enumerated() where range.contains(index) {
                if act == (4, 1) {
                    try log.rolledBack(back)
                } else {
                    try log.stepEnded(step(act.step))
                    if act.step % 4 == 0 { try log.epochEnded(epoch(act.step / 4 - 1)) }
                }
            }
        }
        try write(RunLog(creatingAt: path), 0..<acts.count)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let line = #"{"event":"rollback","epoch":2,"step":4,"abandoned_step":6,"rollbacks":1,"learning_rate":0.0005}"#
        #expect(String(decoding: whole, as: UTF8.self).contains(line))
        for stopped in 1...acts.count {
            for resumed in 1...stopped {
                try write(RunLog(creatingAt: path), 0..<stopped)
                let state = acts[resumed - 1]
                let log = try RunLog(
                    resumingAt: path, step: state.step, epochs: state.step / 4, rollbacks: state.rollbacks)
                try write(log, resumed..<acts.count)
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole, "\(stopped) \(resumed)")
            }
        }
    }

    /// A checkpoint at an epoch's last step, ahead of its validation: the epoch's line is still to come.
    @Test func anEpochNotYetClosedIsWrittenAgain() throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write(RunLog(creatingAt: path), steps: 1...4)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try RunLog(resumingAt: path, step: 4, epochs: 0).epochEnded(epoch(0))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
    }

    @Test func anUnwritableLogIsNamed() {
        let error = #expect(throws: RunLogError.self) { try RunLog(creatingAt: "/nowhere/log.jsonl") }
        #expect(error?.description.contains("/nowhere/log.jsonl") == true)
    }
}
