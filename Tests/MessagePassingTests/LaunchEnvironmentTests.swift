import MessagePassing
import Testing

@Suite struct LaunchEnvironmentTests {
    @Test(
        arguments: [
            ([:], 1),
            (["OMPI_COMM_WORLD_SIZE": "3"], 3),
            // A shell that salloc gave, and a batch script: they may start steps of four tasks, and are one process.
            (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "4"], 1),
            (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"], 1),
            // A shell in a step of its own, as salloc may be set to give.
            (
                ["SLURM_NTASKS": "4", "SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"],
                1
            ),
            // srun.
            (["SLURM_NTASKS": "4", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2"], 4),
        ] as [([String: String], Int)])
    func processesStartedTogether(environment: [String: String], size: Int) {
        let launch = LaunchEnvironment(environment)
        #expect(launch.size == size)
        if size == 1 {
            #expect(throws: Never.self) { try launch.refuseIsolation(communicatorSize: 1) }
        } else {
            #expect(throws: MessagePassingError.self) { try launch.refuseIsolation(communicatorSize: 1) }
        }
    }
}
