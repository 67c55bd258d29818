import Basics
import Execution
import Lowering
import Models
import ModelZoo
import Testing

/// Shards that go through a network layer by layer have the bits of shards that go through it one after the other.
@Suite struct LayerByLayerTests {
    /// Four shards whose sum is one value, and three whose sums are two, as a rank has them that owns no whole subtree.
    private static let one = ShardSums(levels: [0, 1, 1, 2], additions: [0, 1, 0, 2], partials: 1)
    private static let two = ShardSums(levels: [0, 1, 2], additions: [0, 0, 1], partials: 2)

    @Test(.enabled(if: TestedEngine.bf16 != nil, "the processor has bf16"), arguments: LayerCase.all)
    func layersInBF16(_ layer: LayerCase) throws {
        guard let engine = TestedEngine.bf16 else { return }
        try compare(engine, layer.network(), .meanSquaredError, Self.one, [2, 2, 2, 2], .bf16)
        try compare(engine, layer.network(), .meanSquaredError, Self.two, [2, 1, 1], .bf16)
    }

    @Test(arguments: TestedEngine.all, LayerCase.all)
    func layers(_ engine: TestedEngine, _ layer: LayerCase) throws {
        try compare(engine, layer.network(), .meanSquaredError, Self.one, [2, 2, 2, 2])
        try compare(engine, layer.network(), .meanSquaredError, Self.two, [2, 1, 1])
    }

    /// Shards of fewer samples than there are threads: all shards together are more parts than one.
    @Test(arguments: TestedEngine.withThreads, LayerCase.all + LayerCase.wideWinograds)
    func fewSamplesOnSeveralThreads(_ engine: TestedEngine, _ layer: LayerCase) throws {
        try compare(engine, layer.network(), .meanSquaredError, Self.one, [1, 1, 1, 1])
        try compare(engine, layer.network(), .meanSquaredError, Self.one, [2, 2, 2, 2])
    }

    /// Shards of one row, of up to 16, of other numbers, and of more: outputs that fill no block, inputs that fill no register.
    @Test(
        arguments: TestedEngine.all,
        [[1, 1, 1, 1], [16, 16, 16, 16], [4, 3, 3, 3], [17, 17, 16, 16], [20, 20, 20, 20]])
    func denseLayers(_ engine: TestedEngine, _ sizes: [Int]) throws {
        let network = try Network.build([48, 1, 1]) { graph, x in
            var y = graph.dense(graph.flatten(x), 96, activation: .relu)
            y = graph.dense(y, 70)
            _ = graph.dense(graph.activation(y, .tanh), 10)
        }
        for precision in [Precision.fp32, .bf16] where precision == .fp32 || engine.computesBF16 {
            try compare(engine, network, .meanSquaredError, Self.one, sizes, precision)
            try compare(engine, network, .meanSquaredError, Self.two, Array(sizes.prefix(3)), precision)
        }
    }

    /// The library cuts the loops of wide convolutions by the number of images, and concatenates one image in another way.
    @Test(arguments: TestedEngine.others, [[1, 1, 1, 1], [3, 3, 3, 3]])
    func wideConvolutions(_ engine: TestedEngine, _ sizes: [Int]) throws {
        let network = try Network.build([28, 28, 3]) { graph, x in
            var y = graph.convolution(x, 64, kernel: 7, stride: 2, padding: .same, activation: .relu)
            y = graph.convolution(y, 512, kernel: 1)
            y = graph.convolution(y, 128, kernel: 1, stride: 2, activation: .relu)
            y = graph.convolution(y, 96, kernel: 3, padding: .same)
            y = graph.concatenation([y, graph.convolution(y, 512, kernel: 1)])
            y = graph.convolution(y, 256, kernel: 1, bias: false)
            y = graph.convolution(y, 64, kernel: 3, stride: 2, padding: .same)
            _ = graph.dense(graph.globalAveragePooling(y), 10)
        }
        for precision in [Precision.fp32, .bf16] where precision == .fp32 || engine.computesBF16 {
            try compare(engine, network, .meanSquaredError, Self.one, sizes, precision)
        }
    }

    @Test(
        arguments: TestedEngine.all,
        ["vgg-cifar-18", "googlenet", "densenet121", "resnet-cifar-8-v1", "lenet5-1998", "mlp"])
    func models(_ engine: TestedEngine, _ name: String) throws {
        let model = try Zoo.model(named: name)
        let isLarge = ["googlenet", "densenet121"].contains(name)
        let network = try model.network(isLarge ? ModelOptions(classes: 10, input: [32, 32, 3]) : ModelOptions())
        for precision in [Precision.fp32, .bf16] where precision == .fp32 || engine.computesBF16 {
            try compare(engine, network, model.loss, Self.one, [2, 2, 2, 2], precision)
            try compare(engine, network, model.loss, Self.two, [2, 2, 1], precision)
        }
    }

    /// Weights as large as activations: four shards layer by layer take somewhat more memory than one after the other.
    @Test func itTakesMoreMemoryOnlyWhereThatIsAmple() throws {
        let network = try Network.build([8, 8, 16]) { graph, x in
            let y = (0..<4).reduce(x) { y, _ in graph.convolution(y, 16, kernel: 3, padding: .same) }
            _ = graph.dense(graph.flatten(y), 2)
        }
        var demand = ReplicaPlan.Demand()
        (demand.targets, demand.training) = (.values, [1])
        (demand.shards, demand.sums) = (4, Self.one)
        func plan(ample: Int) throws -> ReplicaPlan {
            demand.ampleMemory = ample
            return try ReplicaPlan(network, loss: .meanSquaredError, engine: TestedEngine.blas.make(), demand)
        }
        let (least, more) = try (plan(ample: 0), plan(ample: .max))
        let short = try plan(ample: more.memory.total)
        #expect(least.sums == nil && short.sums == nil && more.sums != nil)
        #expect(more.memory.total > least.memory.total)
        #expect(more.memory.total <= least.memory.total / 2 * 3)
    }

    private func compare(
        _ engine: TestedEngine, _ network: Network, _ loss: Loss, _ sums: ShardSums, _ sizes: [Int],
        _ precision: Precision = .fp32
    ) throws {
        let results = try [false, true].map { isLayerByLayer in
            let run = try Run(engine.make(), network, loss, sums, sizes, precision, isLayerByLayer: isLayerByLayer)
            // The second step finds in all memory what the first has left there.
            return try [1, 2].map { try run.step(seed: $0) }
        }
        let isSame = results[1] == results[0]
        #expect(isSame, "sizes \(sizes), \(precision)")
        let isAnother = results[0][0] != results[0][1]
        #expect(isAnother, "both steps have the same gradients")
    }

    /// The shards of one rank.
    private struct Run {
        let replica: Replica
        let kind: TargetKind
        let sums: ShardSums
        let sizes: [Int]

        init(
            _ engine: any Engine, _ network: Network, _ loss: Loss, _ sums: ShardSums, _ sizes: [Int],
            _ precision: Precision, isLayerByLayer: Bool
        ) throws {
            kind = loss == .meanSquaredError ? .values : .label
            (self.sums, self.sizes) = (sums, sizes)
            var demand = ReplicaPlan.Demand()
            (demand.targets, demand.training, demand.precision) = (kind, Set(sizes), precision)
            (demand.shards, demand.sums, demand.isLayerByLayer) = (sizes.count, sums, isLayerByLayer)
            replica = Replica(try ReplicaPlan(network, loss: loss, engine: engine, demand))
            #expect((replica.sums != nil) == isLayerByLayer)
            try replica.setWeights(network.randomParameters())
        }

        /// The bits of all partial sums of gradients.
        func step(seed: UInt64) throws -> [[UInt32]] {
            let samples = sizes.reduce(0, +)
            let batch = Batch(for: replica.network, samples: samples, kind: kind, seed: seed)
            try replica.addGradients(of: sizes, sums, seed: 5, step: seed) { plan, first in
                plan.load(batch, replica.network, from: first)
            }
            return try (0..<sums.partials).map { level in
                try replica.network.parameters.indices.filter { replica.arena[parameter: $0].role != .frozen }.flatMap {
                    try replica.logical($0, of: replica.gradientLevels[level]).map(\.bitPattern)
                }
            }
        }
    }
}
