import ArgumentParser
import Basics
import Models
import ModelZoo

struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List the models that --model knows by name.",
        discussion: """
            Examples:
              dptrain models
              dptrain models --json
              dptrain models --classes 10

            Names with a depth, such as resnet-cifar-1202-v1, resnet-cifar-164-v2 and plain-cifar-110, go for other
            depths as well.
            """)

    @Flag(help: "as JSON: name, input, parameters, trainable_parameters, multiply_adds, source")
    var json = false

    @Option(help: ArgumentHelp("number of outputs", valueName: "count"))
    var classes: Int?

    mutating func validate() throws {
        if let classes, classes < 1 { throw ValidationError("--classes \(classes) is not positive") }
    }

    func run() throws {
        let models = try Zoo.models.map { ($0, try $0.network(ModelOptions(classes: classes))) }
        if json {
            try StandardOutput.print(JSONValue.array(models.map(Self.json)).text())
            return
        }
        var table = TextTable(header: ["Name", "Input", "Parameters", "Multiply-adds", "Source"])
        table.rightAligned = [2, 3]
        table.rows = models.map { model, network in
            [
                model.name, model.input.description, network.parameterCount.grouped, network.multiplyAdds.grouped,
                model.source,
            ]
        }
        try StandardOutput.print(table.text)
        try StandardOutput.print(
            "`dptrain summary NAME` shows the layers; `dptrain --model NAME --data FILE.h5` trains.")
    }

    private static func json(_ model: ZooModel, _ network: Network) -> JSONValue {
        [
            "name": .string(model.name), "input": .array(model.input.extents.map { .integer($0) }),
            "parameters": .integer(network.parameterCount),
            "trainable_parameters": .integer(network.trainableParameterCount),
            "multiply_adds": .integer(network.multiplyAdds), "source": .string(model.source),
        ]
    }
}
