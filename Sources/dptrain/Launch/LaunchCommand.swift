import ArgumentParser
import Basics
import Launching
import MessagePassing
import Training

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Start a training job with mpirun, and start it again when a rank or a host is lost.",
        discussion: """
            The job goes on from its newest checkpoint, by itself. Hosts that do not answer are left out, and are back at the next \
            start after they answer again. The number of ranks does not change results: they are those of a job that lost nothing.

            A host may be lost for good only if the output folder is on a disk that all hosts share.

            The job ends when it is finished, when it is stopped (Ctrl-C, SIGTERM, SIGUSR1: it saves a checkpoint), and when it is \
            lost again and again at the same checkpoint. SIGUSR2 saves a checkpoint, and the job goes on.

            Examples:
              dptrain launch -n 8 -- --model lenet5-keras --data train.h5 --output runs/lenet
              dptrain launch --hostfile cluster/hosts --min-ranks 4 -- --config run.toml --output runs/long

            Exit codes: 0 finished, \(ExitCode.interrupted.rawValue) stopped with a checkpoint saved, else that of the last mpirun.
            """)

    @Option(name: .shortAndLong, help: "ranks (default: all slots of the host file)")
    var numberOfRanks: Int?

    @Option(help: "file with a host a line, such as node-a slots=4; a host without slots has one", completion: .file())
    var hostfile: String?

    @Option(help: "with fewer ranks the job waits for hosts to come back")
    var minRanks = 1

    @Option(help: "how often the job is started again from one and the same checkpoint")
    var retries = 2

    @Option(help: "seconds within which mpirun must have started ranks; hosts that do not answer then are lost")
    var startLimit = 60

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("further arguments of mpirun, such as '--bind-to core'", valueName: "arguments"))
    var mpirun = ""

    @Argument(parsing: .postTerminator, help: "what to train: the options of `dptrain train`")
    var training: [String] = []

    /// What `training` says, once it is checked.
    private var train: TrainCommand?

    private enum CodingKeys: CodingKey {
        case numberOfRanks, hostfile, minRanks, retries, startLimit, mpirun, training
    }

    mutating func validate() throws {
        guard !LaunchEnvironment.current.isUnderLauncher else {
            throw ValidationError("launch starts mpirun itself; start it without mpirun")
        }
        guard numberOfRanks != nil || hostfile != nil else {
            throw ValidationError("give the number of ranks with -n, or hosts with --hostfile")
        }
        let most = 1_000_000
        guard (1...most).contains(numberOfRanks ?? 1) else {
            throw ValidationError("-n \(numberOfRanks ?? 0) is not 1 to \(most)")
        }
        guard (1...(numberOfRanks ?? most)).contains(minRanks) else {
            throw ValidationError("--min-ranks \(minRanks) is not 1 to \(numberOfRanks ?? most)")
        }
        guard (0...most).contains(retries) else { throw ValidationError("--retries \(retries) is not 0 to \(most)") }
        guard (1...most).contains(startLimit) else {
            throw ValidationError("--start-limit \(startLimit) is not 1 to \(most)")
        }
        train = try parsedTraining()
    }

    func run() throws {
        try StopSignal.install(announces: true)
        try SaveSignal.install()
        let train = try train ?? parsedTraining()
        let starts = ["--resume", "--overwrite"]
        var request = JobRequest(
            arguments: training.filter { !starts.contains($0) }, firstStart: training.filter { starts.contains($0) },
            output: try train.flags.options().0.output ?? TrainingRun.defaultOutput, command: command)
        request.ranks = numberOfRanks
        request.hostFile = hostfile
        request.fewestRanks = minRanks
        request.retries = retries
        request.startLimit = .seconds(startLimit)
        request.launcherArguments = mpirun.split(separator: " ").map(String.init)
        let code = try JobLauncher(request).run()
        if code != 0 { throw ExitCode(code) }
    }

    /// As it has been typed, up to the options of training.
    private var command: String {
        var words = ["dptrain", "launch"]
        if let numberOfRanks { words += ["-n", "\(numberOfRanks)"] }
        if let hostfile { words += ["--hostfile", ShellWord.quoted(hostfile)] }
        if minRanks != 1 { words += ["--min-ranks", "\(minRanks)"] }
        if retries != 2 { words += ["--retries", "\(retries)"] }
        if startLimit != 60 { words += ["--start-limit", "\(startLimit)"] }
        if !mpirun.isEmpty { words += ["--mpirun", ShellWord.quoted(mpirun)] }
        return (words + ["--"]).joined(separator: " ")
    }

    /// The command behind `--`, checked as it is when it is typed alone.
    private func parsedTraining() throws -> TrainCommand {
        let arguments = TypedArguments(texts: training)
        try arguments.requireCommand()
        guard let train = try Self.parsed(arguments.meant) as? TrainCommand else {
            throw ValidationError("launch starts training only; write the options of `dptrain train` behind --")
        }
        if train.fastDevRun || train.dryRun {
            throw ValidationError("--fast-dev-run and --dry-run leave no checkpoint to go on from")
        }
        if case .file = train.resume {
            throw ValidationError("--resume is given without a file: the job goes on in its own output folder")
        }
        return train
    }

    /// An error of a command within a command is told in words.
    private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        do {
            return try RootCommand.parseAsRoot(arguments)
        } catch {
            guard RootCommand.exitCode(for: error) != .success else {
                throw CleanExit.message(RootCommand.fullMessage(for: error))
            }
            throw ValidationError(RootCommand.message(for: error))
        }
    }
}
