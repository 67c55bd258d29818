import ArgumentParser
import Basics
import Execution
import Models
import Training

struct SummaryCommand: ParsableCommand {
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

    @Argument(help: "name from `dptrain models`, checkpoint or Keras model (.h5), or Keras JSON file")
    var model: String

    @Option(help: "samples at a time: shown in the shapes, and what training them takes of memory")
    var batchSize: Int?

    @Flag(name: .customLong("no-top"), help: "features only, without what classifies, for a model by name")
    var withoutTop = false

    @OptionGroup(title: "Network, for a model by name") var variations: OptionFlags<NetworkGroup>
    @OptionGroup(title: "Computation") var computation: OptionFlags<ComputationGroup>

    @Flag(help: "as JSON: name, total_parameters, trainable_parameters, multiply_adds, memory, layers")
    var json = false

    mutating func validate() throws {
        try TrainingOptions.check([("batch-size", batchSize)])
        do { _ = try options } catch { throw ValidationError("\(error)") }
    }

    private var options: TrainingOptions {
        get throws {
            var options = TrainingOptions()
            options.engine = EngineChoice.standard
            for flag in variations.given + computation.given { try options.set(flag.name, to: flag.text) }
            return options
        }
    }

    func run() throws {
        let options = try options
        let network = try NetworkSource(model).network(options, includesTop: !withoutTop)
        var summary = ModelSummary(network, batchSize: batchSize)
        // Features alone have no loss to train with.
        if let batchSize, network.outputShape.rank == 1 {
            summary.memory = try memory(network, batchSize, options).parts
        }
        try StandardOutput.print(json ? summary.json.text() : summary.text)
    }

    private func memory(_ network: Network, _ samples: Int, _ options: TrainingOptions) throws -> MemoryNeed {
        let engine = try EngineChoice.engine(options.engine, threads: options.threads)
        return try MemoryNeed(
            network, samples: samples, engine: engine, batchNormalization: options.batchNorm,
            precision: options.precision)
    }
}
