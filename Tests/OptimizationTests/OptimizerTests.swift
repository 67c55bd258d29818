import Basics
import Optimization
import Testing

/// Against Keras (Golden/generate_keras_golden.py says how the numbers were made), and against themselves on slices.
@Suite struct OptimizerTests {
    struct Golden: Decodable {
        let cases: [Case]
        let classes: [KerasClass]
    }

    struct Case: Decodable {
        let optimizer: String
        /// By Keras's names.
        let arguments: [String: JSONValue]
        let l2: Float
        let weight_decay: Float
        let learning_rate: Float
        let slot_names: [String]
        let initial: [Float]
        let gradients: [[Float]]
        let weights: [[Float]]
        let slots: [[Float]]
    }

    struct KerasClass: Decodable {
        let optimizer: String
        let class_name: String
        let config: [String: JSONValue]
        /// Slots of two parameters, `a_momentum`, with momentum where there can be one.
        let variables: [String]
    }

    /// The optimizer of a name in the golden file.
    private func type(_ name: String) throws -> any Optimizer.Type {
        try #require(OptimizerKind.all.first { $0.name == name }).type
    }

    /// An optimizer with values by Keras's names, all of which it must have.
    private func make<Subject: Optimizer>(
        _ type: Subject.Type, _ arguments: [String: JSONValue]
    ) throws -> any Optimizer {
        var values: [String: HyperparameterValue] = [:]
        for (name, value) in arguments {
            let parameter = try #require(Subject.hyperparameters.first { $0.kerasName == name })
            values[parameter.name] = try value.bool.map { .flag($0) } ?? .number(#require(value.number))
        }
        return Subject.with(values)
    }

    /// Weights and slots of one optimizer, updated in pieces cut at `cuts`.
    struct Run {
        let optimizer: any Optimizer
        var weights: [Float]
        var slots: [[Float]]

        init(_ optimizer: any Optimizer, weights: [Float]) {
            self.optimizer = optimizer
            self.weights = weights
            slots = optimizer.slots.map { [Float](repeating: $0.initialValue, count: weights.count) }
        }

        mutating func update(gradient: [Float], step: UpdateStep, cuts: [Int] = []) {
            var (gradient, step) = (gradient, step)
            let optimizer = optimizer
            let needed = Swift.type(of: optimizer).neededNorms
            if needed.contains(.gradient) {
                let begin = step
                pieces(&gradient, cuts) { w, g, _, count in begin.regularize(g, weights: w, count: count) }
                step = begin.regularized()
                step.norms.gradient = norm(gradient)
            }
            if needed.contains(.direction) {
                let begin = step
                pieces(&gradient, cuts) { w, g, slots, count in
                    optimizer.direct(g, weights: w, slots: slots, count: count, step: begin)
                }
            }
            step.norms.weights = norm(weights)
            step.norms.direction = norm(gradient)
            pieces(&gradient, cuts) { [step] w, g, slots, count in
                optimizer.update(weights: w, gradient: g, slots: slots, count: count, step: step)
            }
        }

        private func norm(_ values: [Float]) -> Float {
            Float(values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
        }

        private typealias Floats = UnsafeMutablePointer<Float>

        private mutating func pieces(
            _ gradient: inout [Float], _ cuts: [Int], _ body: (Floats, Floats, [Floats], _ count: Int) -> Void
        ) {
            var state = slots.flatMap { $0 }
            let (count, slotCount) = (weights.count, slots.count)
            let bounds = [0] + cuts + [count]
            weights.withUnsafeMutableBufferPointer { w in
                gradient.withUnsafeMutableBufferPointer { g in
                    state.withUnsafeMutableBufferPointer { s in
                        for (from, to) in zip(bounds, bounds.dropFirst()) {
                            body(
                                w.baseAddress! + from, g.baseAddress! + from,
                                (0..<slotCount).map { s.baseAddress! + $0 * count + from }, to - from)
                        }
                    }
                }
            }
            slots = slots.indices.map { Array(state[$0 * count..<($0 + 1) * count]) }
        }
    }

    private func agree(_ a: [Float], _ b: [Float]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 * max(abs($1), 0.1) }
    }

    @Test func agreesWithKeras() throws {
        let golden = try GoldenFile.read(Golden.self, "keras_optimizers.json")
        #expect(golden.cases.count == 28)
        #expect(Set(golden.cases.map(\.optimizer)) == Set(OptimizerKind.all.map(\.name)))
        for item in golden.cases {
            let subject = try make(type(item.optimizer), item.arguments)
            var run = Run(subject, weights: item.initial)
            #expect(subject.slots.map(\.name) == item.slot_names)
            for (iteration, gradient) in item.gradients.enumerated() {
                // The batch of four: gradients arrive as sums.
                let step = UpdateStep(
                    scale: 0.25, learningRate: item.learning_rate, iteration: iteration, l2: item.l2,
                    weightDecay: item.weight_decay)
                run.update(gradient: gradient.map { $0 * 4 }, step: step)
                #expect(
                    agree(run.weights, item.weights[iteration]),
                    "\(item.optimizer) \(item.arguments) at update \(iteration)")
            }
            for (slot, expected) in zip(run.slots, item.slots) {
                #expect(agree(slot, expected), "slots of \(item.optimizer) \(item.arguments)")
            }
        }
    }

    private struct Torch: Decodable {
        let lars: [Trace]
        let lookahead: [Trace]
        let stochastic_average: [MeanTrace]
    }

    /// Of PyTorch's AveragedModel and SWALR: rates and weights of the epochs from `start` on.
    private struct MeanTrace: Decodable {
        let start: Int
        let rate: Double
        let anneal: Int
        let rates: [Float]
        let weights: [[Float]]
        let averages: [[Float]]
    }

    /// Of PyTorch or timm (Golden/generate_torch_golden.py), at a rate of 0.1.
    private struct Trace: Decodable {
        let momentum: Double?
        let trust: Double?
        let weight_decay: Float?
        let steps: Int?
        let part: Double?
        let initial: [Float]
        let gradients: [[Float]]
        let weights: [[Float]]
    }

    private func near(_ a: [Float], _ b: [Float]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * max(abs($1), 0.1) }
    }

    @Test func larsAgreesWithTimm() throws {
        for item in try GoldenFile.read(Torch.self, "torch_optimization.json").lars {
            var lars = LARS()
            (lars.momentum, lars.trust) = (try #require(item.momentum), try #require(item.trust))
            var run = Run(lars, weights: item.initial)
            for (iteration, gradient) in item.gradients.enumerated() {
                let step = UpdateStep(
                    scale: 1, learningRate: 0.1, iteration: iteration, weightDecay: try #require(item.weight_decay))
                run.update(gradient: gradient, step: step)
                #expect(near(run.weights, item.weights[iteration]), "at update \(iteration)")
            }
        }
    }

    @Test func lookaheadAgreesWithTimm() throws {
        for item in try GoldenFile.read(Torch.self, "torch_optimization.json").lookahead {
            let text = "steps=\(try #require(item.steps)),part=\(try #require(item.part))"
            let lookahead = try Lookahead(parsing: text)
            var run = Run(SGD.with(["momentum": .number(0.9)]), weights: item.initial)
            var slow = item.initial
            for (iteration, gradient) in item.gradients.enumerated() {
                run.update(gradient: gradient, step: UpdateStep(scale: 1, learningRate: 0.1, iteration: iteration))
                run.weights.withUnsafeMutableBufferPointer { fast in
                    slow.withUnsafeMutableBufferPointer { slow in
                        lookahead.update(
                            fast: fast.baseAddress!, slow: slow.baseAddress!, count: slow.count, iteration: iteration)
                    }
                }
                #expect(near(run.weights, item.weights[iteration]), "at update \(iteration)")
            }
        }
    }

    @Test func stochasticAverageAgreesWithTorch() throws {
        for item in try GoldenFile.read(Torch.self, "torch_optimization.json").stochastic_average {
            let rule = try StochasticAverage(
                parsing: "start=\(item.start),rate=\(item.rate),anneal=\(item.anneal)")
            let plan = LearningRatePlan(
                base: 0.1, schedule: try LearningRateSchedule(parsing: "multistep:at=4,factor=0.5"), stepsPerEpoch: 2,
                epochs: 9, average: rule)
            let coordinator = try Coordinator(plan: plan, metrics: ["loss", "val_loss"])
            #expect(coordinator.rates(epoch: item.start - 1)[1] == 0.1)
            // The first weights replace whatever it begins with.
            var average = [Float](repeating: 9, count: item.weights[0].count)
            for (number, weights) in item.weights.enumerated() {
                let epoch = item.start + number
                #expect(rule.counts(epoch: epoch) && rule.models(before: epoch) == number)
                #expect(near([coordinator.rates(epoch: epoch)[1]], [item.rates[number]]), "epoch \(epoch)")
                average.withUnsafeMutableBufferPointer {
                    rule.add(weights, to: $0.baseAddress!, count: $0.count, models: number)
                }
                #expect(near(average, item.averages[number]), "after epoch \(epoch)")
            }
        }
    }

    @Test func whichEpochsAStochasticAverageCounts() throws {
        let rule = try StochasticAverage(parsing: "start=3,every=2")
        #expect((0..<9).filter(rule.counts) == [3, 5, 7])
        #expect((0..<9).map(rule.models) == [0, 0, 0, 0, 1, 1, 2, 2, 3])
        let average = WeightAverage.stochastic(rule)
        #expect((0...4).map(average.exists) == [false, false, false, false, true])
        #expect(rule.description == "start=3,every=2")
        #expect(try StochasticAverage(parsing: rule.description) == rule)
        for text in ["", "every=2", "start=-1", "start=1,every=0", "start=1,rate=0", "start=1,anneal=3"] {
            #expect(throws: OptionError.self, "\(text)") { try StochasticAverage(parsing: text) }
        }
        // It never begins.
        let plan = LearningRatePlan(base: 0.1, stepsPerEpoch: 2, epochs: 3, average: rule)
        #expect(try Coordinator(plan: plan, metrics: ["loss", "val_loss"]).warnings.contains { $0.contains("--swa") })
    }

    private struct Averages: Decodable {
        struct Case: Decodable {
            let momentum: Double
            let weights: [[Float]]
            let averages: [[Float]]
        }

        let cases: [Case]
    }

    @Test func averageAgreesWithKeras() throws {
        let cases = try GoldenFile.read(Averages.self, "keras_averages.json").cases
        #expect(cases.count == 2)
        for item in cases {
            let rule = ExponentialAverage(momentum: item.momentum)
            // The first weights replace whatever it begins with.
            var average = [Float](repeating: 9, count: item.weights[0].count)
            for (iteration, weights) in item.weights.enumerated() {
                average.withUnsafeMutableBufferPointer {
                    rule.update(average: $0.baseAddress!, weights: weights, count: $0.count, iteration: iteration)
                }
                #expect(agree(average, item.averages[iteration]), "after update \(iteration)")
            }
        }
    }

    /// Names, defaults and order of slots are those of Keras's files, and none of Keras's settings is left out.
    @Test func declaresWhatKerasWrites() throws {
        let classes = try GoldenFile.read(Golden.self, "keras_optimizers.json").classes
        #expect(classes.map(\.optimizer) == OptimizerKind.all.map(\.name))
        let shared = classes.map { Set($0.config.keys) }.reduce(Set(classes[0].config.keys)) { $0.intersection($1) }
        for item in classes { try compare(type(item.optimizer), item, shared: shared) }
    }

    private func compare<Subject: Optimizer>(_ type: Subject.Type, _ item: KerasClass, shared: Set<String>) throws {
        let name = item.optimizer
        #expect(Subject.kerasClass == item.class_name)
        #expect(Subject.kerasName == item.config["name"]?.string)
        #expect(Float(Subject.defaultLearningRate) == (item.config["learning_rate"]?.number).map { Float($0) })
        #expect(Subject.defaultWeightDecay == item.config["weight_decay"]?.number ?? 0)

        let declared = Subject.hyperparameters.map(\.kerasName)
        #expect(Set(declared) == Set(item.config.keys).subtracting(shared), "\(name)")
        for parameter in Subject.hyperparameters {
            let value = item.config[parameter.kerasName]
            switch parameter.get(Subject()) {
            case .number(let number): #expect(number == value?.number, "\(name): \(parameter.name)")
            case .flag(let flag): #expect(flag == value?.bool, "\(name): \(parameter.name)")
            }
        }

        let slots = Subject.with(Self.allSlots).slots.map(\.name)
        let together = Subject.kerasSlotsTogether
        let variables = stride(from: 0, to: slots.count, by: together).flatMap { first in
            ["a", "b"].flatMap { variable in slots[first...].prefix(together).map { "\(variable)_\($0)" } }
        }
        #expect(variables == item.variables, "\(name)")
    }

    /// A shared option has one kind of value, whichever optimizer reads it.
    @Test func optimizersThatShareAnOptionAgreeOnIt() {
        for parameter in SharedHyperparameter.all {
            let flags = parameter.owners.filter { if case .flag = $0.defaultValue { true } else { false } }
            #expect(flags.isEmpty || flags.count == parameter.owners.count, "\(parameter.name)")
        }
    }

    /// What gives an optimizer all of its slots.
    private static let allSlots: [String: HyperparameterValue] = [
        "momentum": .number(0.9), "centered": .flag(true), "amsgrad": .flag(true),
    ]
    private static let withAllSlots = OptimizerKind.all.map { $0.type.with(allSlots) }

    private static let nesterov = SGD.with(["momentum": .number(0.9), "nesterov": .flag(true)])

    @Test(arguments: withAllSlots + [SGD(), RMSprop(), Adam(), nesterov])
    func anyCutGivesTheSameBits(_ optimizer: any Optimizer) {
        let count = 203
        let weights = (0..<count).map { Float($0 * 37 % 101) / 50 - 1 }
        var whole = Run(optimizer, weights: weights)
        var sliced = whole
        for iteration in 0..<4 {
            let gradient = (0..<count).map { Float(($0 + iteration) * 53 % 97) / 31 - 1.5 }
            let step = UpdateStep(
                scale: 1 / 7, learningRate: 0.013, iteration: iteration, l2: 1e-3, weightDecay: 1e-2)
            whole.update(gradient: gradient, step: step)
            sliced.update(gradient: gradient, step: step, cuts: [1, 2, 5, 16, 33, 97, 202])
        }
        #expect(whole.weights.map(\.bitPattern) == sliced.weights.map(\.bitPattern))
        #expect(whole.slots == sliced.slots)
        #expect(whole.weights != weights)
    }

    @Test func paddingStaysZero() {
        for optimizer in Self.withAllSlots {
            var run = Run(optimizer, weights: [0, 0, 0])
            for iteration in 0..<3 {
                let step = UpdateStep(
                    scale: 0.1, learningRate: 0.1, iteration: iteration, l2: 0.1, weightDecay: 0.1)
                run.update(gradient: [0, 0, 0], step: step)
            }
            #expect(run.weights == [0, 0, 0])
        }
    }
}
