import ArgumentParser
import Basics
import Transforms

struct TransformsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transforms",
        abstract: "List the transforms of --augment, with their parameters.",
        discussion: """
            Parameters are given in their order or by name. What is left out has the value that is shown. A range is written \
            0.08:1. Transforms are applied in the order of the list.

            Examples:
              dptrain transforms
              dptrain transforms random-erasing
              dptrain train --recipe resnet-cifar --data cifar.h5 --augment "pad-and-crop(4), flip, random-erasing(0.25)"
            """)

    @Argument(help: "only this transform", completion: .transforms)
    var name: String?

    @Flag(help: "as JSON: an array of name, summary and parameters")
    var json = false

    func run() throws {
        let all = try AugmentationEntry.all
        let entries = name.map { name in all.filter { $0.name == name } } ?? all
        guard !entries.isEmpty else {
            let known = all.map(\.name)
            throw ValidationError(
                "there is no transform '\(name ?? "")'\(suggestion(for: name ?? "", among: known)); "
                    + "`dptrain transforms` lists them")
        }
        try StandardOutput.print(
            json ? JSONValue.array(entries.map(\.report)).text() : entries.map(\.text).joined(separator: "\n"))
    }
}
