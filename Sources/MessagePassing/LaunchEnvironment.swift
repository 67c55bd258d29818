import Basics
import FoundationEssentials

/// What the launcher (mpirun, srun) says of this process through the environment, before MPI_Init can be asked.
public struct LaunchEnvironment: Sendable, Equatable {
    /// The rank MPI will give this process; 0 without a launcher.
    public let rank: Int
    /// The number of processes that were started together; 1 without a launcher.
    public let size: Int
    /// Whether the launcher wires the processes together. Slurm's variables alone do not say so: `srun` without a PMI
    /// plugin sets them for processes that know nothing of each other.
    public let isUnderLauncher: Bool

    /// Read once: every call of MPI names its rank, and reading all variables takes longer than most calls.
    public static let current = LaunchEnvironment(ProcessInfo.processInfo.environment)

    public init(_ environment: [String: String]) {
        func first(_ names: String...) -> Int? { names.lazy.compactMap { environment[$0].flatMap { Int($0) } }.first }
        rank = first("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID") ?? 0
        // SLURM_NTASKS also stands in a job's own shell, where it says how many tasks a step may have.
        size = first("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS") ?? 1
        isUnderLauncher = first("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK") != nil
    }

    /// Throws if the processes started together did not find each other: each would then train alone, as "rank 0 of 1",
    /// and all would write the same files.
    public func refuseIsolation(communicatorSize: Int) throws {
        guard communicatorSize == 1, size > 1 else { return }
        let mpi = MPI.implementation
        throw MessagePassingError(
            rank: rank, operation: "MPI_Init_thread",
            reason: "\(size) processes were started together, but this one finds itself alone",
            remedy:
                "this dptrain is built with \(mpi.name): start them with its \(mpi.launcher), or with `srun --mpi=pmix`; "
                + "for one process inside a Slurm job, `\(mpi.launcher) -n 1`")
    }
}
