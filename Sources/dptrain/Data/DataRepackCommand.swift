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
            unless --shuffle mixes them once. JPEG, PNG and WebP images stay as they are, unless --resize or --grey writes \
            them anew, or --size makes pixels of them. Rows that are lists of bytes become such images.

            Examples:
              dptrain data repack other.h5 --output fast.h5
              dptrain data repack large.h5 --output small.h5 --images-per-chunk 64 --compression 4
              dptrain data repack sorted.h5 --output mixed.h5 --shuffle 1
              dptrain data repack photos.h5 --output smaller.h5 --resize 256 --quality 90
              dptrain data repack lists.h5 --output parts/x.h5 --part-size 1G
            """)

    @Argument(help: "HDF5 file, a folder of part files, or a pattern in quotes")
    var file: String

    @Option(help: ArgumentHelp("shuffle the samples of each split, once, with this seed", valueName: "seed"))
    var shuffle: UInt64?

    @OptionGroup(title: "Images") var images: ImageFileFlags
    @OptionGroup var dataset: DatasetFlags
    @OptionGroup var output: OutputFlags

    func run() throws {
        let data = try DatasetFile.open(file, options: dataset.options)
        let summary = try ProgressLine.during("Repacking") { progress in
            try DatasetRepacker.repack(
                data, to: output.output, options: output.writerOptions, images: images.options, seed: shuffle,
                progress: progress)
        }
        try output.report(summary)
    }
}
