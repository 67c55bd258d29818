import ArgumentParser
import Basics
import Benchmarking
import Engines
import MessagePassing
import Optimization
import Options

struct BenchCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure training steps of a model, on random samples or on a data file.",
        discussion: """
            Whole steps are measured as a run does them: samples are read from a temporary HDF5 file or from
            --data, and forward, backward, reduction and update follow. The optimizer is sgd with momentum 0.9 unless another is given.

            --shards auto measures one shard a rank, and 2, 4, 8 and so on up to 64, in turn, and says what each number costs in speed
            and memory. Only bench knows this word.

            Examples:
              dptrain bench --model lenet5-keras --batch-size 128 --steps 200
              dptrain bench --model resnet-cifar-20-v1 --shards 1 --json
              dptrain bench --model vgg16 --batch-size 8 --shards auto
              mpirun -n 8 dptrain bench --model resnet18 --exchange-only
              dptrain bench --model vgg16 --input-size 64 --classes 10 --batch-size 16
              dptrain bench --model resnet18 --data 'imagenet/*.h5' --batch-size 64
              mpirun -n 2 dptrain bench --model resnet-cifar-20-v1 --steps 20 --trace trace.json

            scripts/bench compares with PyTorch and Keras.
            """)

    @Option(
        help: ArgumentHelp("a name from `dptrain models`, or a Keras JSON file", valueName: "name or file"),
        completion: .models)
    var model: String

    @Option(help: ArgumentHelp("data to train on (default: random samples)", valueName: "file.h5"), completion: .file())
    var data: String?

    @Option(help: "samples per step, over all ranks")
    var batchSize = 128

    @Option(help: "steps to measure, after some that are not counted")
    var steps = 20

    @Flag(
        help: """
            as JSON: images_per_second, step_ms, data_ms, forward_ms, backward_ms, reduce_exposed_ms, \
            reduce_slower_ranks_ms, reduce_within_node_ms, reduce_between_nodes_ms, update_ms, \
            reduce_ms, reduce_hidden_ms, reduce_bytes, reduce_bytes_per_second, reduce_buckets, flops_per_second, \
            peak_rss_bytes, time_to_first_step_ms, sgemm_gflops, share_of_peak, kernels and the settings; \
            with --shards auto best_shards, and these of each number as reports; with --exchange-only exchange_ms, \
            shortest_exchange_ms, reduce_bytes, reduce_buckets, parameters, ranks, nodes and steps
            """)
    var json = false

    @Flag(
        help:
            "measure the exchange of gradients and weights alone, with a shard and a sample a rank and nothing to compute"
    )
    var exchangeOnly = false

    @OptionGroup(title: "Network") var network: OptionFlags<NetworkGroup>
    @OptionGroup(title: "Augmentation") var augmentation: OptionFlags<AugmentationGroup>
    @OptionGroup(title: "Computation") var computation: OptionFlags<ComputationGroup>
    @OptionGroup(title: "Optimizer") var optimizer: OptionFlags<OptimizerGroup>
    @OptionGroup(title: "Tracing") var tracing: OptionFlags<TracingGroup>

    mutating func validate() throws {
        guard (1...1_000_000).contains(steps) else { throw ValidationError("--steps \(steps) is not in 1...1000000") }
        if exchangeOnly, computation.given.contains(where: { $0.name == "shards" }) || !tracing.given.isEmpty {
            throw ValidationError("--exchange-only has a shard for each rank, and no trace")
        }
        if comparesShards, tracing.given.contains(where: { $0.name == "trace" }) {
            throw ValidationError("--trace shows one number of shards; give that number in the place of --shards auto")
        }
        do { try options.validate() } catch { throw ValidationError("\(error)") }
    }

    private var comparesShards: Bool {
        computation.given.contains { $0.name == "shards" && $0.text == ShardComparison.word }
    }

    private var options: TrainingOptions {
        get throws {
            var options = TrainingOptions()
            options.engine = EngineChoice.standard
            options.optimizer.kind = OptimizerKind(SGD.self)
            try options.set("model", to: model)
            options.data = data
            try options.set("batch-size", to: "\(batchSize)")
            for flag in network.given + augmentation.given + computation.given + optimizer.given + tracing.given {
                let isCompared = flag.name == "shards" && comparesShards
                try options.set(flag.name, to: isCompared ? "1" : flag.text)
            }
            let isSGD = options.optimizer.kind == OptimizerKind(SGD.self)
            if isSGD, !optimizer.given.contains(where: { $0.name == "momentum" }) {
                try options.set("momentum", to: "0.9")
            }
            return options
        }
    }

    var threads: Int { get throws { try options.threads } }

    var sharedFacts: [SharedFact] {
        let kind = exchangeOnly ? "--exchange-only" : comparesShards ? "--shards \(ShardComparison.word)" : "steps"
        return [SharedFact("what is measured", kind), SharedFact("--steps", "\(steps)")]
    }

    func run(on world: Communicator) throws -> ExitCode {
        let report: (text: String, json: JSONValue)
        if exchangeOnly {
            let exchange = try ExchangeBenchmark(options, steps: steps, world, engines: EngineChoice.engine)
            report = (exchange.text, exchange.json)
        } else if comparesShards {
            let comparison = try ShardComparison(options, steps: steps, world, engines: EngineChoice.engine)
            report = (comparison.text, comparison.json)
        } else {
            let benchmark = try Benchmark(options, steps: steps, world, engines: EngineChoice.engine).run()
            report = (benchmark.text, benchmark.json)
        }
        if world.rank == 0 { try StandardOutput.print(json ? report.json.text() : report.text) }
        return .success
    }
}
