import ArgumentParser
import Basics
import Checkpoints
import Engines
import Evaluation
import FoundationEssentials
import Glibc
import MessagePassing
import Reports

struct ReportCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a page about runs: curves, options, and what the best weights get wrong.",
        discussion: """
            The page is one HTML file that needs no network. Its figures are scikit-learn's. It tells of test samples, if \
            the data that a run was trained on are where they were, or are given with --data.

            Examples:
              dptrain report runs/lenet -o lenet.html
              dptrain report runs/* -o runs.html --data fashion.h5
            """)

    @Argument(help: "output folders of runs", completion: .file())
    var runs: [String]

    @Option(
        name: [.customShort("o"), .long], help: ArgumentHelp("page to write", valueName: "file.html"),
        completion: .file())
    var output: String

    @Option(
        help: ArgumentHelp("HDF5 file with the samples (default: that of each run)", valueName: "file.h5"),
        completion: .file())
    var data: String?

    @OptionGroup var flags: EvaluationFlags

    @Flag(help: "leave out what needs predictions")
    var noPredictions = false

    @Flag(help: "replace the page if it exists")
    var overwrite = false

    var threads: Int { flags.threads }

    mutating func validate() throws {
        guard output.hasSuffix(".html") else { throw ValidationError("--output \(output) does not end in .html") }
    }

    func run(on world: Communicator) throws -> ExitCode {
        let page = try world.together { try OutputFile(output, overwrite: overwrite) }
        let runs = try world.together { try RunFolder.chosen(from: self.runs, tells: world.rank == 0) }
        let folders = try world.together { try runs.map { try RunFolder($0) } }
        let names = RunFolder.names(of: runs)
        let sections = try zip(folders, names).map { try section($0, $1, on: world) }
        guard world.rank == 0 else { return .success }
        try page.write(Array(try ReportPage(sections).html.utf8))
        try StandardOutput.print("\(output): \(names.joined(separator: ", "))")
        return .success
    }

    private func section(_ run: RunFolder, _ name: String, on world: Communicator) throws -> RunSection {
        var section = try RunSection(run, name: name)
        let files: [String] = [CheckpointStore.bestName, CheckpointStore.latestName].map { "\(run.path)/\($0)" }
        guard let checkpoint = files.first(where: { access($0, R_OK) == 0 }) else {
            section.add(note: "The run's folder holds no checkpoint.")
            return section
        }
        section.add(environment: try CheckpointFile.read(checkpoint).execution)
        try section.addKernels(of: InspectedModel(checkpoint))
        guard !noPredictions else { return section }
        guard let data = data ?? run.options.data, access(data, R_OK) == 0 || data.utf8.contains(UInt8(ascii: "*"))
        else {
            section.add(
                note: "There are no data to predict: \(run.options.data ?? "none") cannot be read; give --data.")
            return section
        }
        var request = flags.request([checkpoint], data: data, images: run.options.images)
        request.labels = request.labels ?? run.options.labels
        let predictions = try EvaluationRun(request, world, engines: EngineChoice.engine)
            .predict(to: nil, overwrite: false)
        if world.rank == 0 { try section.add(predictions, data: data) }
        return section
    }
}
