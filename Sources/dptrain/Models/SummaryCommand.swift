import ArgumentParser
import Models
import NumericCore

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary",
        abstract: "Show the layers of a model, as Keras's summary does.",
        discussion: """
            Examples:
              dptrain summary resnet-cifar-20-v1
              dptrain summary lenet5 --input 28x28x1 --classes 26
              dptrain summary runs/lenet/best.h5 --json
            """)

    @Argument(help: "name from `dptrain models`, checkpoint or Keras model (.h5), or Keras JSON file")
    var model: String

    @Option(help: "batch size to show in the shapes")
    var batchSize: Int?

    @Option(help: "number of outputs, for a model by name")
    var classes: Int?

    @Option(help: ArgumentHelp("shape of a sample as in 28x28x1, for a model by name", valueName: "shape"))
    var input: SampleShape?

    @Flag(help: "as JSON: name, total_parameters, trainable_parameters, multiply_adds, layers")
    var json = false

    mutating func validate() throws {
        for (name, value) in [("--batch-size", batchSize), ("--classes", classes)] {
            if let value, value < 1 { throw ValidationError("\(name) \(value) is not positive") }
        }
    }

    func run() throws {
        let network = try NetworkSource(model).network(ModelOptions(classes: classes, input: input?.shape))
        let summary = ModelSummary(network, batchSize: batchSize)
        print(json ? try summary.json.text() : summary.text)
    }
}

/// `28x28x1`
struct SampleShape: ExpressibleByArgument {
    let shape: Shape

    init?(argument: String) {
        let extents = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard extents.allSatisfy({ $0 > 0 }) else { return nil }
        shape = Shape(extents)
    }
}
