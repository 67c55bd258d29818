import ArgumentParser
import Basics
import Engines
import Glibc
import MessagePassing
import Options
import Pictures
import Reporting
import Training

struct FindRateCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "find-rate",
        abstract: "Look for a learning rate: it grows from step to step, until the loss grows too.",
        usage: "dptrain find-rate --model <name or file> --data <file.h5> [--plot <picture>] [<options>]",
        discussion: """
            All options of `dptrain train` count, but those that steer the learning rate, and validation. Nothing is saved.

            Examples:
              dptrain find-rate --model lenet5-keras --data fashion.h5 --optimizer sgd --momentum 0.9
              dptrain find-rate --model resnet-cifar-20-v1 --data cifar.h5 --from 1e-4 --to 10 --plot rate.svg
            """)

    @OptionGroup var flags: TrainingFlags

    @Option(help: "the first learning rate")
    var from = 1e-6

    @Option(help: "the last learning rate")
    var to = 1.0

    @Option(help: "steps from the first to the last")
    var steps = 100

    @Option(help: ArgumentHelp("picture to write: .svg or .png", valueName: "file"), completion: .file())
    var plot: String?

    @Flag(help: "replace the picture if it exists")
    var overwrite = false

    mutating func validate() throws {
        guard Float(from) > 0, from < to, Float(to).isFinite else {
            throw ValidationError("--from \(from) must be above 0, and below --to \(to)")
        }
        guard (20...100_000).contains(steps) else { throw ValidationError("--steps \(steps) is not 20 to 100000") }
        do {
            let options = try flags.options().options
            guard options.model != nil, options.data != nil else {
                throw OptionError(options.model == nil ? "model" : "data", "say what to train, and on which data")
            }
            try rising(options).validate()
        } catch let error as OptionError {
            throw ValidationError(error.description)
        }
    }

    var threads: Int { get throws { try flags.options().options.threads } }

    var sharedFacts: [SharedFact] { [SharedFact("--from, --to and --steps", "\(from) \(to) \(steps)")] }

    /// The same with a rate that grows, and with nothing that would change it or end the run.
    private func rising(_ given: TrainingOptions) -> TrainingOptions {
        var options = given
        options.learningRate = from
        options.schedule = .exponential(every: .steps(steps - 1), factor: to / from)
        (options.warmUp, options.referenceBatchSize) = (nil, nil)
        (options.reduceOnPlateau, options.earlyStopping) = (nil, nil)
        (options.unfreezeAtEpoch, options.unfreeze, options.unfreezeRate) = (nil, nil, nil)
        (options.validation, options.validationSplit, options.fold) = (.none, nil, nil)
        (options.onNaN, options.rollbackFactor, options.rollbackLimit) = (.skip, nil, nil)
        (options.stage, options.trace, options.maxTime, options.stopAfterEpoch) = (nil, nil, nil, nil)
        // An epoch has a step at least.
        options.epochs = steps
        return options
    }

    func run(on world: Communicator) throws -> ExitCode {
        let (options, given) = try flags.options()
        let picture = try world.onRoot { try plot.map { try OutputFile($0, overwrite: overwrite) } }
        var request = RunRequest(options: rising(options), given: given)
        request.writesNothing = true
        let finder = RateFinder(steps: steps)
        do {
            _ = try TrainingRun(request, world, observers: [finder], engines: EngineChoice.engine).execute()
        } catch is RateFinder.Done {}
        if world.rank == 0 { try report(finder, picture ?? nil) }
        return .success
    }

    private func report(_ finder: RateFinder, _ picture: OutputFile?) throws {
        if let picture {
            let chart = chart(finder)
            let isPNG = picture.path.lowercased().hasSuffix(".png")
            try picture.write(isPNG ? try chart.picture.png() : Array(chart.svg.utf8))
        }
        var table = TextTable(header: ["learning rate", "loss"])
        table.rightAligned = [0, 1]
        let interval = max(1, finder.points.count / 20)
        table.rows = finder.points.enumerated().filter { $0.offset % interval == 0 }.map {
            [Figures.metric($0.element.rate), Figures.metric($0.element.loss)]
        }
        try StandardOutput.print(table.text)
        guard let finding = finder.finding else {
            try StandardOutput.print(
                "the loss has not fallen between \(from) and \(to): try others with --from and --to")
            return
        }
        let rest =
            finding.fallsToTheEnd
            ? "falls to the end, at \(Figures.metric(finding.lowest)): try a larger --to"
            : "is lowest at \(Figures.metric(finding.lowest)); above that, training gets worse."
        try StandardOutput.print(
            """
            --learning-rate \(Float(String.formatted("%.1e", finding.steepest)) ?? Float(finding.steepest)): the loss falls \
            fastest there. It \(rest)
            """)
    }

    private func chart(_ finder: RateFinder) -> Chart {
        let points = finder.points.map { (x: log10($0.rate), y: $0.loss) }
        let mark = finder.finding.flatMap { finding in
            finder.points.first { $0.rate == finding.steepest }.map { (entry: 0, x: log10($0.rate), y: $0.loss) }
        }
        return Chart(
            legend: ["smoothed loss"], note: "the diamond: where it falls fastest",
            horizontalTitle: "learning rate, as a power of ten",
            panels: [
                Chart.Panel(
                    title: "loss", curves: [Chart.Curve(entry: 0, isDashed: false, points: points)],
                    marks: [mark].compactMap(\.self))
            ])
    }
}
