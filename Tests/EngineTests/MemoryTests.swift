import Basics
import Execution
import Lowering
import Models
import ModelZoo
import Testing

/// Packed memory: nothing is read before it is written, and nothing is lost before it is read.
@Suite struct MemoryTests {
    /// simple-cnn-dropout and the residual network cover all layers and a graph with branches.
    static let models = ["lenet5-keras", "simple-cnn-dropout", "resnet-cifar-8-v1"]

    @Test(arguments: TestedEngine.all, models)
    func garbageInMemoryChangesNothing(_ engine: TestedEngine, _ model: String) throws {
        for mode in BatchNormalizationMode.allCases {
            try expectIndifference(to: training(engine, model, shards: [2, 1], mode: mode))
        }
    }

    /// With samples side by side, the last group not full.
    @Test(arguments: TestedEngine.all, ["lenet5", "lenet5-keras"])
    func garbageBesideSamplesChangesNothing(_ engine: TestedEngine, _ model: String) throws {
        try expectIndifference(to: training(engine, model, shards: [9, 29], mode: .shard))
    }

    private func expectIndifference(to training: (run: PlanRun, batch: Batch)) throws {
        let (run, batch) = training
        let first = try run.run(batch)
        #expect(try run.run(batch) == first, "a second run differs")
        run.poison()
        let poisoned = try run.run(batch)
        #expect(poisoned == first, "a run in memory full of NaN differs")
    }

    /// What is not a number stays so through ReLUs and maxima, up to the loss, which refuses it.
    /// A sigmoid may hide it: oneDNN's of NaN is 0.
    @Test(
        arguments: TestedEngine.keepingNaN,
        (LayerCase.winograds + LayerCase.fewChannels).filter { !$0.testDescription.contains("sigmoid") })
    func whatIsNoNumberShows(_ engine: TestedEngine, _ layer: LayerCase) throws {
        let network = try layer.network()
        let run = try PlanRun(engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [17])
        var parameters = network.randomParameters()
        parameters[0] = parameters[0].map { _ in .nan }
        try run.load(parameters)
        let batch = Batch(for: network, samples: 17, kind: .values)
        #expect(throws: NonFiniteLoss.self) { _ = try run.run(batch) }
    }

    /// Layers that the models above do not have.
    @Test(
        arguments: TestedEngine.all,
        LayerCase.merges + LayerCase.responses + LayerCase.resamplings + LayerCase.frozen + LayerCase.winograds
            + LayerCase.plain)
    func garbageInMemoryChangesNoLayer(_ engine: TestedEngine, _ layer: LayerCase) throws {
        let network = try layer.network()
        let run = try PlanRun(engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [2, 1])
        try run.load(network.randomParameters())
        let batch = Batch(for: network, samples: 3, kind: .values)
        let first = try run.run(batch)
        run.poison()
        #expect(try run.run(batch) == first, "a run in memory full of NaN differs")
    }

    /// The oracle for packing: the same plan with a place of its own for each value.
    @Test(arguments: TestedEngine.all, models)
    func packingChangesNothing(_ engine: TestedEngine, _ model: String) throws {
        let network = try Zoo.model(named: model).network()
        let batch = Batch(for: network, samples: 3, kind: .label)
        for purpose in [PlanPurpose.training, .evaluation, .prediction] {
            let results = try [true, false].map { packs in
                let run = try PlanRun(
                    engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: [3],
                    purpose: purpose, packsMemory: packs)
                try run.load(network.randomParameters())
                return (result: try run.run(batch), bytes: run.activationBytes)
            }
            #expect(results[0].result == results[1].result)
            if purpose == .training { #expect(results[0].bytes < results[1].bytes) }
        }
    }

    /// Copies of weights made once for all shards of a step, of two sizes, against each shard's own; and made anew when weights
    /// have changed.
    @Test(arguments: TestedEngine.others, ["lenet5-1998", "cnn-tutorial", "resnet-cifar-8-v1"])
    func weightCopiesChangeNothing(_ engine: TestedEngine, _ model: String) throws {
        try expectCopies(engine, model, .fp32)
        if let engine = TestedEngine.bf16 { try expectCopies(engine, model, .bf16) }
    }

    private func expectCopies(_ engine: TestedEngine, _ model: String, _ precision: Precision) throws {
        let model = try Zoo.model(named: model)
        let network = try model.network()
        let batch = Batch(for: network, samples: 35, kind: .label)
        for mode in BatchNormalizationMode.allCases {
            let runs = try [false, true].map { keeps in
                try PlanRun(
                    engine.make(), network, loss: model.loss, kind: .label, shards: [18, 17],
                    batchNormalization: mode, precision: precision, keepsWeightCopies: keeps)
            }
            #expect(runs[0].weightCopyCount == 0 && runs[1].weightCopyCount > 0)
            let results = try runs.map { run in
                try run.load(network.randomParameters())
                run.poison()
                let first = try run.run(batch)
                run.descend(rate: 0.01)
                return [first, try run.run(batch)]
            }
            #expect(results[0] == results[1], "\(precision), \(mode)")
            #expect(results[0][0] != results[0][1], "descent changed nothing")
        }
    }

    /// Normalised values of more than 8 MiB are made again for the backward pass, those of two convolutions' input once.
    @Test(arguments: TestedEngine.others, [(samples: 17, remade: 2), (samples: 2, remade: 0)])
    func largeValuesAreMadeAgain(_ engine: TestedEngine, _ example: (samples: Int, remade: Int)) throws {
        let network = try Network.build([90, 94, 1]) { graph, x in
            var y = x
            for _ in 0..<2 {
                y = graph.activation(graph.batchNormalization(graph.convolution(y, 16, kernel: 1)), .relu)
            }
            let sum = graph.sum(
                graph.convolution(y, 16, kernel: 1), graph.convolution(y, 16, kernel: 3, padding: .same))
            _ = graph.dense(graph.globalAveragePooling(sum), 2)
        }
        let batch = Batch(for: network, samples: example.samples, kind: .values)
        let runs = try [true, false].map { packs in
            let run = try PlanRun(
                engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [example.samples],
                packsMemory: packs)
            try run.load(network.randomParameters())
            run.poison()
            return run
        }
        #expect(runs.map { $0.kinds.count { $0 == "remade values" } } == [example.remade, 0])
        #expect(try runs[0].run(batch) == runs[1].run(batch))
    }

    /// The last, smaller batch and evaluation run on the training plan's arena.
    @Test(arguments: TestedEngine.all, models)
    func plansOfOtherSizesShareTheArena(_ engine: TestedEngine, _ model: String) throws {
        try expectSharing(engine, model, of: 5, by: [(2, .training), (3, .evaluation), (1, .prediction)])
    }

    /// Plans with samples side by side and without, on each other's arena.
    @Test(arguments: TestedEngine.all, ["lenet5", "lenet5-keras"])
    func plansOfOtherKernelsShareTheArena(_ engine: TestedEngine, _ model: String) throws {
        try expectSharing(engine, model, of: 18, by: [(2, .training), (3, .evaluation), (1, .prediction)])
        try expectSharing(engine, model, of: 2, by: [(18, .training), (33, .evaluation)])
    }

    private func expectSharing(
        _ engine: TestedEngine, _ model: String, of size: Int, by plans: [(samples: Int, purpose: PlanPurpose)]
    ) throws {
        let (training, _) = try training(engine, model, shards: [size], mode: .shard)
        let network = training.network
        for (samples, purpose) in plans {
            let batch = Batch(for: network, samples: samples, kind: .label)
            let results = try [training.arena, nil].map { arena in
                let run = try PlanRun(
                    engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: [samples],
                    purpose: purpose, arena: arena)
                if let arena { #expect(run.arena.digest == arena.digest) }
                try run.load(network.randomParameters())
                return try run.run(batch)
            }
            // Another layout may sum in another order: the tolerance of AgreementTests.
            expectAgreement(results[0].outputs, results[1].outputs, within: 1e-4, "outputs")
            for (index, parameter) in network.parameters.enumerated() where purpose == .training {
                expectAgreement(
                    results[0].gradients[index], results[1].gradients[index], within: 1e-4, atLeast: 0.2,
                    parameter.path)
            }
        }
    }

    private func training(
        _ engine: TestedEngine, _ model: String, shards: [Int], mode: BatchNormalizationMode
    ) throws -> (PlanRun, Batch) {
        let network = try Zoo.model(named: model).network()
        let run = try PlanRun(
            engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: shards,
            batchNormalization: mode)
        try run.load(network.randomParameters())
        return (run, Batch(for: network, samples: run.batchSize, kind: .label))
    }
}
