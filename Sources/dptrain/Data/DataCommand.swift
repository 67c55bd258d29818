import ArgumentParser

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Make and look at data set files.",
        discussion: """
            Example:
              dptrain data import fashion-mnist/ --output fashion.h5
              dptrain data inspect fashion.h5
            """,
        subcommands: [
            DataImportCommand.self, DataGenerateCommand.self, DataInspectCommand.self, DataStatsCommand.self,
            DataRepackCommand.self,
            DataPreviewCommand.self, DataBenchCommand.self,
        ])
}
