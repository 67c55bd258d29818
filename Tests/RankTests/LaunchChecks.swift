import Foundation
import MessagePassing
import Training

var launchChecks: [RankCheck] {
    [
        RankCheck("the launcher's environment tells rank and size before MPI does") { check in
            let launch = LaunchEnvironment.current
            check.expect(launch.rank, equals: check.rank, "rank")
            check.expect(launch.size, equals: check.size, "size")
        },
        RankCheck("the program runs with the environment it asked for") { check in
            let environment = ProcessInfo.processInfo.environment
            check.expect(environment["OMP_NUM_THREADS"], equals: "1", "OMP_NUM_THREADS")
            let kernels = try Kernels.chosen
            check.expect(environment["OPENBLAS_CORETYPE"], equals: kernels.openBLASCore, "OPENBLAS_CORETYPE")
            check.expect(environment["ONEDNN_MAX_CPU_ISA"], equals: kernels.oneDNNLimit, "ONEDNN_MAX_CPU_ISA")
            let changes = Relaunch.changes(to: environment, threads: 1, kernels: kernels)
            check.expect(changes, equals: [], "changes left")
            let other = Relaunch.changes(to: environment, threads: 2, kernels: kernels).map(\.name)
            check.expect(
                other, equals: ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMP_SPINCOUNT"], "changes for two threads")
        },
        RankCheck("threading is at least serialized") { check in
            check.expect(check.world.threadLevel >= .serialized, "MPI offers \(check.world.threadLevel)")
        },
        RankCheck("SIGUSR1 is noticed") { check in
            stopThisProcess()
            check.expect(StopSignal.received, equals: SIGUSR1, "signal")
        },
    ]
}
