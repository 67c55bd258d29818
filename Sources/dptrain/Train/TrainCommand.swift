import ArgumentParser
import Basics
import Engines
import Glibc
import MessagePassing
import Options
import Training

struct TrainCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model. This is the default command.",
        usage: "dptrain [train] [--model <name or file>] [--data <file.h5>] [--output <folder>] [<options>]",
        discussion: """
            Without a model and data it trains \(FirstRun.model) on generated images, as a first look.

            Examples:
              dptrain --model lenet5-keras --data train.h5 --output runs/lenet
              dptrain --output runs/lenet --resume
              mpirun -n 4 dptrain --model resnet-cifar-20-v1 --data cifar.h5 \
                  --optimizer sgd --momentum 0.9 --learning-rate 0.1
              dptrain --model mlp --data train.h5 --print-config > run.toml
              dptrain --config run.toml --epochs 5

            As root, mpirun needs --allow-run-as-root; for more ranks than cores, --oversubscribe.

            Exit codes: 0 finished or stopped early, 1 failure, 64 wrong usage, \(ExitCode.interrupted.rawValue) \
            stopped with a checkpoint saved, by --max-time, by --stop-after-epoch, by Ctrl-C or by SIGTERM, SIGUSR1, SIGHUP or \
            SIGXCPU. A second Ctrl-C ends at once. SIGUSR2 saves a checkpoint and goes on.
            """)

    @OptionGroup var flags: TrainingFlags

    @Option(
        defaultAsFlag: Resumption.latest, parsing: .next,
        help: ArgumentHelp(
            "continue from the newest checkpoint in the output folder, or from a file", valueName: "file"),
        completion: .file())
    var resume: Resumption?

    @Flag(help: "replace an earlier run in the output folder")
    var overwrite = false

    @Flag(help: "try everything once: two steps, a validation, a checkpoint, in a folder that is deleted again")
    var fastDevRun = false

    @Flag(help: "set everything up, time a few steps, say how long the run takes and what memory, and write nothing")
    var dryRun = false

    @Option(
        name: .customLong("override"),
        help: ArgumentHelp(
            "with --resume: go on with another value of an option; the checkpoints keep a record of it. May be given several times",
            valueName: "name=value"))
    var overrides: [OptionOverride] = []

    mutating func validate() throws {
        do {
            let (options, _) = try flags.options()
            if resume == nil, let first = overrides.first {
                throw OptionError("override", "it goes with --resume; a new run is given --\(first.name) itself")
            }
            if fastDevRun, resume != nil || overwrite {
                throw OptionError(
                    "fast-dev-run", "it leaves nothing behind, and needs neither --resume nor --overwrite")
            }
            if dryRun, resume != nil || overwrite || fastDevRun || FirstRun(options) != nil {
                throw OptionError(
                    "dry-run",
                    FirstRun(options) != nil
                        ? "name a --model and --data to try"
                        : "it writes nothing: give it without --resume, --overwrite and --fast-dev-run")
            }
            if flags.printConfig { throw CleanExit.message(options.toml) }
            if resume == nil { try Self.requireComplete(options) }
        } catch let error as OptionError {
            throw ValidationError(error.description)
        }
        if resume != nil && overwrite {
            throw ValidationError("--resume continues the run that --overwrite would delete; give only one of them")
        }
    }

    static var savesOnSignals: Bool { true }

    var threads: Int {
        get throws {
            let (options, given) = try flags.options()
            if let resume, !given.contains("threads"), let stored = resume.threads(output: options.output) {
                return stored
            }
            return options.threads
        }
    }

    /// `TrainingRun` compares the rest; options when those of a resumed run are known.
    var sharedFacts: [SharedFact] {
        get throws {
            let isFirst = try firstRun(flags.options().options) != nil
            return [
                // A resumed run's are in its checkpoint, which not every node may see.
                SharedFact("--threads", "\(try threads)"),
                SharedFact("--dry-run", "\(dryRun)"),
                SharedFact("whether a model and data are named", isFirst ? "no" : "yes"),
            ]
        }
    }

    func run(on world: Communicator) throws -> ExitCode {
        let (options, given) = try flags.options()
        var request = RunRequest(
            options: options, given: given, resume: resume?.request ?? .no, overwrite: overwrite, overrides: overrides)
        if dryRun { return try DryRun().execute(request, on: world) }
        if fastDevRun { return try TrialRun().execute(request, on: world) }
        let firstRun = firstRun(options)
        try firstRun?.prepare(&request, on: world)
        let line = ProgressLine(
            "Computing features", isShown: world.rank == 0 && options.progress != .none, plainInterval: .seconds(30))
        let run = TrainingRun(request, world, preparation: line.showUntilDone, engines: EngineChoice.engine)
        let outcome = try run.execute()
        switch outcome {
        case .interrupted, .asked, .outOfTime, .paused: return .interrupted
        default: break
        }
        if world.rank == 0 { try firstRun?.showNextSteps(request.options) }
        return .success
    }

    private func firstRun(_ options: TrainingOptions) -> FirstRun? { resume == nil ? FirstRun(options) : nil }

    /// What a new run needs; a resumed one finds it in its checkpoint.
    private static func requireComplete(_ options: TrainingOptions) throws {
        if options.model == nil, let data = options.data {
            let isMissing = !data.utf8.contains(UInt8(ascii: "*")) && access(data, F_OK) != 0
            throw OptionError(
                "model",
                "say what to train: a name from `dptrain models`, or a model file of Keras"
                    + (isMissing ? "; and --data \(data) is not there" : ""))
        }
        if options.data == nil && options.model != nil {
            throw OptionError(
                "data", "say what to train on: an HDF5 file, from `dptrain data import` or `dptrain data generate`")
        }
        try options.validate()
    }
}
