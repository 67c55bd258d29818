import ArgumentParser
import Basics
import Engines
import Execution
import Models
import Options
import Sessions
import Training

struct SummaryCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary",
        abstract: "Show the layers of a model, as Keras's summary does.",
        discussion: """
            Examples:
              dptrain summary resnet-cifar-20-v1
              dptrain summary lenet5 --input-size 28 --classes 26
              dptrain summary vgg16 --no-top --input-size 160x160
              dptrain summary resnet50 --batch-size 16
              dptrain summary runs/lenet/best.h5 --json
            """)

    @Argument(help: "name from `dptrain models`, checkpoint or Keras model (.keras, .h5, .json)", completion: .file())
    var model: String

    @Option(help: "batch size: shows it in the shapes, and the memory of a run on one rank")
    var batchSize: Int?

    @Flag(name: .customLong("no-top"), help: "leave out the classifying layers (models by name only)")
    var withoutTop = false

    @OptionGroup(title: "Network, for a model by name") var variations: OptionFlags<NetworkGroup>
    @OptionGroup(title: "Optimizer, which adds to the memory") var optimizer: OptionFlags<OptimizerGroup>
    @OptionGroup(title: "Computation") var computation: OptionFlags<ComputationGroup>

    @Flag(help: "as JSON: name, total_parameters, trainable_parameters, multiply_adds, memory, layers")
    var json = false

    mutating func validate() throws {
        try TrainingOptions.check([("batch-size", batchSize)])
        do { _ = try options } catch { throw ValidationError("\(error)") }
    }

    var threads: Int { get throws { try options.threads } }

    private var options: TrainingOptions {
        get throws {
            var options = TrainingOptions()
            options.engine = EngineChoice.standard
            let given = variations.given + optimizer.given + computation.given
            for flag in given { try options.set(flag.name, to: flag.text) }
            guard let batchSize else { return options }
            options.batchSize = batchSize
            if !given.contains(where: { $0.name == "shards" }) { options.shards = min(options.shards, batchSize) }
            try options.validate()
            return options
        }
    }

    func run() throws {
        let options = try options
        let named = try NamedModel(model, inputSize: options.inputSize)
        if withoutTop, case .file(let file) = named {
            throw ValidationError("\(file.path) is a file: --no-top goes with names only")
        }
        let network = try named.network(options) { variations, _ in variations.includesTop = !withoutTop }
        var summary = ModelSummary(network, batchSize: batchSize)
        // Features alone have no loss to train with.
        if batchSize != nil, network.outputShape.rank == 1 {
            let engine = try EngineChoice.engine(options.engine, threads: options.threads)
            summary.memory = ModelSummary.Memory(
                shards: options.shards, parts: try MemoryNeed(network, engine: engine, options).parts)
        }
        try StandardOutput.print(json ? summary.json.text() : summary.text)
    }
}
