import ArgumentParser
import Basics
import Reports

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List the runs in a folder: how far they are, and how good.",
        discussion: """
            The figures are those of a run's best epoch, whose weights are best.h5.

            Examples:
              dptrain runs runs
              dptrain runs --csv > runs.csv
              dptrain runs runs/lenet --history > lenet.csv
            """)

    @Argument(help: "folder with runs, or output folder of one", completion: .file())
    var folder = "."

    @Flag(help: "as comma-separated values")
    var csv = false

    @Flag(help: "as JSON: an array, one object a run")
    var json = false

    @Flag(help: "the epochs of one run as comma-separated values")
    var history = false

    mutating func validate() throws {
        let forms = [("--csv", csv), ("--json", json), ("--history", history)].filter(\.1).map(\.0)
        if forms.count > 1 { throw ValidationError("give one of \(forms.listed("and"))") }
    }

    func run() throws {
        if history { return try StandardOutput.print(RunFolder(folder).history) }
        let table = RunTable(try RunFolder.all(in: folder))
        try StandardOutput.print(csv ? table.csv : json ? table.json.text() : table.text)
    }
}
