import ArgumentParser
import Basics
import Datasets
import DatasetCreation

struct DataRepackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repack",
        abstract: "Write a data file anew, so that it is read fast: in one run, or in chunks of another size.",
        discussion: """
            The new file has dptrain's own schema, whatever the old one's layout is. Samples and their order stay the same, \
            unless --shuffle mixes them once.

            Examples:
              dptrain data repack other.h5 --output fast.h5
              dptrain data repack large.h5 --output small.h5 --images-per-chunk 64 --compression 4
              dptrain data repack sorted.h5 --output mixed.h5 --shuffle 1
            """)

    @Argument(help: "HDF5 file")
    var file: String

    @Option(help: ArgumentHelp("shuffle the samples of each split, once, with this seed", valueName: "seed"))
    var shuffle: UInt64?

    @OptionGroup var dataset: DatasetFlags
    @OptionGroup var output: OutputFlags

    func run() throws {
        let data = try DatasetFile.open(file, options: dataset.options)
        let summary = try ProgressLine.during("Repacking") { progress in
            try DatasetRepacker.repack(
                data, to: output.output, options: output.writerOptions, seed: shuffle, progress: progress)
        }
        try output.report(summary)
    }
}
