import Basics
import Foundation
import Optimization
import Testing

@Suite struct ScheduleTests {
    private func rates(
        _ text: String, base: Double = 1, epochs: Int = 10, stepsPerEpoch: Int = 4, warmUp: ScheduleTime? = nil,
        batchSize: Int = 1, referenceBatchSize: Int? = nil
    ) throws -> [[Float]] {
        let plan = LearningRatePlan(
            base: base, schedule: try LearningRateSchedule(parsing: text), warmUp: warmUp, batchSize: batchSize,
            referenceBatchSize: referenceBatchSize, stepsPerEpoch: stepsPerEpoch, epochs: epochs)
        let coordinator = try Coordinator(plan: plan, metrics: ["loss", "val_loss"])
        return (0..<epochs).map { epoch in
            let rates = coordinator.rates(epoch: epoch)
            return (0..<stepsPerEpoch).map { rates[$0] }
        }
    }

    private func close(_ a: [Float], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs(Double($0) - $1) <= 1e-6 * max(1e-6, abs($1)) }
    }

    @Test func epochSchedulesChangeAtEpochBegin() throws {
        let step = try rates("step:every=3,factor=0.1")
        #expect(close(step.map { $0[0] }, [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001]))
        #expect(step.allSatisfy { Set($0).count == 1 })
        #expect(
            close(
                try rates("multistep:at=2/5,factor=0.5").map { $0[3] },
                [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25]))
        #expect(
            close(
                try rates("exponential:every=8,factor=0.96", epochs: 3).map { $0[0] },
                (0..<3).map { pow(0.96, Double($0) / 8) }))
        #expect(
            close(
                try rates("polynomial:epochs=4,power=2,final=0.2", epochs: 6).map { $0[0] },
                [1, 0.65, 0.4, 0.25, 0.2, 0.2]))
        #expect(close(try rates("cosine:epochs=4", epochs: 6).map { $0[0] }, [1, 0.8535534, 0.5, 0.1464466, 0, 0]))
    }

    /// The rates of Keras's CIFAR-10 ResNet example: 1e-3, less after epochs 80, 120, 160 and 180.
    @Test func multiplesOfTheBaseRate() throws {
        let all = try rates(
            "multistep:at=81/121/161/181,multiples=0.1/0.01/0.001/0.0005", base: 1e-3, epochs: 200
        ).map { $0[0] }
        #expect(
            close(
                [80, 81, 120, 121, 160, 161, 180, 181, 199].map { all[$0] },
                [1e-3, 1e-4, 1e-4, 1e-5, 1e-5, 1e-6, 1e-6, 5e-7, 5e-7]))
    }

    @Test func stepSchedulesChangeEveryStep() throws {
        #expect(
            close(
                try rates("step:every=3steps,factor=0.1", epochs: 2).flatMap { $0 },
                [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01]))
        #expect(close(try rates("inverse-time:decay=0.5", epochs: 1)[0], [1, 1 / 1.5, 1 / 2.0, 1 / 2.5]))
        #expect(close(try rates("inverse-time:decay=0.5,every=2steps", epochs: 1)[0], [1, 1, 1 / 1.5, 1 / 1.5]))
        #expect(close(try rates("inverse-time:decay=1,every=2", epochs: 3).map { $0[3] }, [1, 1, 0.5]))
        #expect(close(try rates("cosine:steps=4,final=0.5", epochs: 2)[0], [1, 0.9267767, 0.75, 0.5732233]))
    }

    private struct Golden: Decodable {
        struct Case: Decodable {
            let schedule: String
            let rates: [Float]
        }

        let cases: [Case]?
        let one_cycle: [Case]?
    }

    /// Golden/generate_keras_golden.py and Golden/generate_torch_golden.py say how the rates were made. Those of Keras are
    /// sums of single-precision numbers around 0.1.
    @Test func schedulesOfKerasAndPyTorch() throws {
        let keras = try #require(GoldenFile.read(Golden.self, "keras_schedules.json").cases)
        let torch = try #require(GoldenFile.read(Golden.self, "torch_optimization.json").one_cycle)
        #expect(keras.count == 9 && torch.count == 3)
        for item in keras + torch {
            let ours = try rates(item.schedule, base: 0.1).flatMap { $0 }
            for (step, (rate, golden)) in zip(ours, item.rates).enumerated() {
                #expect(
                    abs(rate - golden) <= 1e-5 * golden + 1e-7, "\(item.schedule), step \(step): \(rate), \(golden)")
            }
        }
    }

    /// Of a single step, and of two, every rate is finite and at most the base rate.
    @Test func veryShortCycles() throws {
        for (epochs, steps) in [(1, 1), (1, 2), (2, 1)] {
            for text in ["one-cycle", "one-cycle:rise=0.9", "one-cycle:rise=0.1,shape=linear"] {
                let rates = try rates(text, base: 0.1, epochs: epochs, stepsPerEpoch: steps).flatMap { $0 }
                #expect(
                    rates.count == epochs * steps && rates.allSatisfy { (0...0.1001).contains($0) }, "\(text): \(rates)"
                )
            }
        }
    }

    /// Without a length, a schedule of steps stretches over the whole run.
    @Test func schedulesOfTheWholeRun() throws {
        let text = "one-cycle:steps=40"
        #expect(try rates("one-cycle") == rates(text))
        #expect(try rates("one-cycle:epochs=10") == rates(text))
        #expect(try rates("warmup-cosine:warmup=2") == rates("warmup-cosine:warmup=8steps,steps=32"))
        #expect(try LearningRateSchedule(parsing: "one-cycle").dependsOnEpochs)
        #expect(try !LearningRateSchedule(parsing: text).dependsOnEpochs)
        // Many restarts, none of which is looked for one by one.
        let last = try rates(
            "cosine-restarts:first=1steps,length-factor=1.0000001", epochs: 1, stepsPerEpoch: 1_000_000)[0]
        #expect(last.allSatisfy { (0...1).contains($0) })
    }

    /// A run that goes on beyond its schedule says so, once.
    @Test func theEndOfAScheduleIsTold() throws {
        func told(_ text: String, epochs: Int = 6) throws -> [Int] {
            let plan = LearningRatePlan(
                base: 1, schedule: try LearningRateSchedule(parsing: text), stepsPerEpoch: 4, epochs: epochs)
            var coordinator = try Coordinator(plan: plan, metrics: ["loss", "val_loss"])
            return (0..<epochs).filter { epoch in
                let directive = coordinator.endEpoch(EpochMetrics(epoch: epoch, training: .init(loss: 1)))
                return directive.messages.contains { $0.contains("has come to its end") }
            }
        }
        #expect(try told("cosine:epochs=4") == [3])
        #expect(try told("cosine:steps=10") == [2])
        #expect(try told("one-cycle:steps=9") == [2])
        #expect(try told("warmup-cosine:warmup=1,epochs=2") == [2])
        for text in ["cosine", "cosine:epochs=6", "polynomial:epochs=2,cycle=true", "one-cycle", "constant"] {
            #expect(try told(text).isEmpty, "\(text)")
        }
    }

    @Test func warmUpGrowsToTheScheduleByTheLinearScalingRule() throws {
        #expect(
            close(
                try rates("constant", epochs: 3, warmUp: .epochs(2)).flatMap { $0 },
                [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1, 1, 1, 1]))
        // 0.1 for 256 means 0.4 for 1024, reached from 0.1.
        #expect(
            close(
                try rates(
                    "step:every=1,factor=0.5", base: 0.1, epochs: 2, warmUp: .steps(4), batchSize: 1024,
                    referenceBatchSize: 256
                ).flatMap { $0 },
                [0.175, 0.25, 0.325, 0.4, 0.2, 0.2, 0.2, 0.2]))
    }

    @Test(arguments: [
        "constant", "step:every=30,factor=0.1", "step:every=900steps,factor=0.1",
        "multistep:at=80/120,multiples=0.1/0.01", "exponential:every=8,factor=0.96",
        "polynomial:epochs=90,power=1.0,final=0.0", "cosine:steps=3500,final=0.001", "cosine:final=0.0",
        "inverse-time:decay=1e-06", "inverse-time:decay=0.5,every=9steps",
        "polynomial:epochs=90,power=1.0,final=0.0,cycle=true",
        "cosine-restarts:first=10,length-factor=2.0,peak-factor=1.0,final=0.0",
        "warmup-cosine:warmup=5,start=0.0,final=0.0", "warmup-cosine:warmup=500steps,epochs=80,start=0.1,final=0.0",
        "one-cycle:epochs=30,rise=0.3,div-factor=25.0,final-div-factor=10000.0,shape=linear",
        "piecewise:at=1000/2000,rates=0.1/0.01/0.001",
    ])
    func textReadsBack(_ text: String) throws {
        #expect(try LearningRateSchedule(parsing: text).description == text)
    }

    @Test(arguments: [
        ("stp:every=3", "did you mean step"), ("step:evry=3,factor=0.1", "every is missing"),
        ("step:every=0,factor=0.1", "every=0"), ("step:every=3,factor=x", "factor=x"),
        ("step:every=3,factor=0.1,final=0", "unknown setting final"), ("cosine:epochs=3,steps=4", "exclude each other"),
        ("multistep:at=9/3,factor=0.1", "do not rise"), ("multistep:at=3/9,multiples=0.1", "for each of"),
        ("cosine:epohcs=3", "did you mean epochs"), ("step:every=3,every=4,factor=1", "twice"),
        ("", "unknown schedule"), ("piecewise:at=5/3,rates=1/2/3", "rising"),
        ("piecewise:at=5,rates=1", "before and after"),
        ("cosine-restarts:first=0", "first=0"), ("cosine-restarts:first=3,length-factor=0.5", "at least 1"),
        ("one-cycle:rise=1", "between 0 and 1"), ("warmup-cosine:epochs=3", "warmup is missing"),
    ])
    func badTextIsRefusedWithTheGrammar(_ text: String, _ reason: String) {
        let error = #expect(throws: OptionError.self) { try LearningRateSchedule(parsing: text) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("cosine:epochs=90,final=0") == true)
    }

    @Test func rulesReadBackAndRefuse() throws {
        let plateau = try ReduceOnPlateau(parsing: "factor=0.5,patience=3,monitor=val_accuracy")
        #expect(try ReduceOnPlateau(parsing: plateau.description) == plateau)
        let stopping = try EarlyStopping(parsing: "patience=3,baseline=0.4")
        #expect(try EarlyStopping(parsing: stopping.description) == stopping)
        let best = try SaveBest(parsing: "monitor=val_accuracy")
        #expect(try SaveBest(parsing: best.description) == best)
        let error = #expect(throws: OptionError.self) { try ReduceOnPlateau(parsing: "factor=1") }
        #expect(error?.description.contains("below 1") == true)
        #expect(throws: OptionError.self) { try EarlyStopping(parsing: "mode=best") }
        #expect(throws: OptionError.self) { try EarlyStopping(parsing: "patience") }
    }
}
