import ArgumentParser
import Basics
import Glibc
import Training

struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dptrain",
        abstract: "Trains image classifiers by synchronous data parallelism: HDF5 in, HDF5 out.",
        discussion: """
            The number of ranks changes how fast a run is, never what it computes.

            Examples:
              dptrain                (trains a small model on generated images)
              dptrain data import fashion-mnist/ --output train.h5
              mpirun -n 4 dptrain --model lenet5-keras --data train.h5
              dptrain checkpoint inspect output/latest.h5

            Exit codes: 0 success, 1 failure, 64 wrong usage, \(ExitCode.interrupted.rawValue) stopped by SIGUSR1 or \
            SIGTERM with a checkpoint saved: the same command with --resume goes on.
            """,
        version: Release.version,
        subcommands: [
            TrainCommand.self, LaunchCommand.self, FindRateCommand.self, SweepCommand.self, EvaluateCommand.self,
            PredictCommand.self,
            DataCommand.self,
            ModelsCommand.self,
            SummaryCommand.self, RecipesCommand.self, TransformsCommand.self, RunsCommand.self,
            ReportCommand.self, PlotCommand.self,
            VisualizeCommand.self,
            CheckpointCommand.self,
            BenchCommand.self, SelfTestCommand.self,
        ],
        defaultSubcommand: TrainCommand.self)
}

extension ExitCode {
    /// Stopped by SIGUSR1 or SIGTERM, with a checkpoint saved; `EX_TEMPFAIL` of sysexits.h: "try again".
    static let interrupted = ExitCode(EX_TEMPFAIL)
}
