import ArgumentParser
import Models

struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List the models that --model knows by name.",
        discussion: """
            Examples:
              dptrain models
              dptrain models --json
            """)

    @Flag(help: "as JSON: name, input, parameters, trainable_parameters, source")
    var json = false

    func run() throws {
        let models = try Zoo.models.map { ($0, try $0.network()) }
        if json {
            print(try JSONValue.array(models.map(Self.json)).text())
            return
        }
        var table = TextTable(header: ["Name", "Input", "Parameters", "Source"])
        table.rightAligned = [2]
        table.rows = models.map { model, network in
            [model.name, model.input.description, network.parameterCount.grouped, model.source]
        }
        print(table.text)
        print("`dptrain summary NAME` shows the layers; `dptrain --model NAME --data FILE.h5` trains.")
    }

    private static func json(_ model: ZooModel, _ network: Network) -> JSONValue {
        [
            "name": .string(model.name), "input": .array(model.input.extents.map { .integer($0) }),
            "parameters": .integer(network.parameterCount),
            "trainable_parameters": .integer(network.trainableParameterCount), "source": .string(model.source),
        ]
    }
}
