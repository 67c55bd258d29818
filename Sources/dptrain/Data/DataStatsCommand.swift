import ArgumentParser
import Basics
import Datasets
import DataSummary

struct DataStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Go through a data file, and show what its samples are like and what looks like a mistake.",
        discussion: """
            All samples are read once. Shown are the range, mean and standard deviation of values, samples by class, \
            and images that have one value everywhere, that occur twice, or that are in two splits. `data inspect` looks at \
            some samples only. Encoded images are decoded, and seen as evaluation sees them at 224x224.

            Examples:
              dptrain data stats fashion.h5
              dptrain data stats fashion.h5 --json
            """)

    @Argument(help: "HDF5 file")
    var file: String

    @OptionGroup var dataset: DatasetFlags

    @Flag(
        help:
            "as JSON: warnings, notes, unused, and in splits samples, shape, type, encoded, least, most, mean, deviation, constant, repeated, damaged, classes, empty_classes, class_counts, targets"
    )
    var json = false

    func run() throws {
        let data = try DatasetFile.open(file, options: dataset.options)
        let summary = try ProgressLine.during("Reading") { try DatasetSummary(of: data, progress: $0) }
        let rule = data.splits[.train].flatMap { try? $0.standardNormalization().rule } ?? .unchanged
        let warnings = summary.warnings(for: rule)
        try StandardOutput.print(json ? summary.json(warnings: warnings).text() : summary.text(warnings: warnings))
    }
}
