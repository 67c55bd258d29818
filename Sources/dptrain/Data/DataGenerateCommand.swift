import ArgumentParser
import DatasetCreation

struct DataGenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Write the built-in data set: coloured shapes and textures, 32x32x3, 10 classes.",
        discussion: """
            The same seed gives the same images, and a larger file begins with those of a smaller one.

            Example:
              dptrain data generate --output generated.h5 --train 50000 --test 10000 --seed 1
            """)

    @OptionGroup var output: OutputFlags

    @Option(help: "training images")
    var train: Int

    @Option(help: "test images")
    var test: Int

    @Option(help: "seed of all randomness")
    var seed: UInt64 = 0

    mutating func validate() throws {
        let most = Int(Int32.max)
        guard (1...most).contains(train) else { throw ValidationError("--train \(train) is not in 1...\(most)") }
        guard (0...most).contains(test) else { throw ValidationError("--test \(test) is not in 0...\(most)") }
    }

    func run() throws {
        let summary = try ProgressLine.counting("Generating images") { progress in
            try GeneratedDataset.write(
                to: output.output, train: train, test: test, seed: seed, options: output.writerOptions,
                progress: progress)
        }
        try output.report(summary)
    }
}
