import ArgumentParser
import Basics
import Models
import Options

struct RecipesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipes",
        abstract: "List the settings that --recipe knows by name, or show one as a configuration file.",
        discussion: """
            Examples:
              dptrain recipes
              dptrain recipes vgg > vgg.toml
              dptrain --recipe resnet-cifar --data cifar.h5 --output runs/resnet --epochs 20
            """)

    @Argument(help: "the recipe to show", completion: .recipes)
    var name: String?

    mutating func validate() throws {
        do {
            _ = try name.map { try Recipe.named($0) }
        } catch let error as OptionError {
            throw ValidationError(error.description)
        }
    }

    func run() throws {
        if let name {
            try StandardOutput.print(Recipe.named(name).toml, terminator: "")
            return
        }
        var table = TextTable(header: ["Name", "What"])
        table.rows = Recipe.all.map { [$0.name, $0.summary] }
        try StandardOutput.print(table.text)
        try StandardOutput.print(
            "`dptrain recipes NAME` shows one, with its source and the accuracy to expect; `dptrain --recipe NAME --data FILE.h5` trains by it."
        )
    }
}
