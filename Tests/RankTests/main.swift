// What needs several ranks: mpirun -n P rank-tests [--list] [--only TEXT] [--hang-rank R] [--time-limit SECONDS]
//
// --kernels lists what DPTRAIN_TEST_KERNELS is worth setting to on this processor; --environment prints, as commands of
// the shell, the environment with which dptrain does not have to start itself over.
//
// --hang-rank R makes rank R wait for SIGUSR1, so that a debugger can be attached to it; or shows what the other ranks
// say of a rank that does not answer.

import Foundation
import MessagePassing

// The launch checks come last: they leave a stop signal behind, at which every later run would end.
let checks =
    collectiveChecks + agreementChecks + sharedFactChecks + reducerChecks + exchangeChecks + placementChecks
    + runChecks + observerChecks
    + forgedCheckpointChecks + nonFiniteChecks + augmentationChecks + encodedChecks + samplingChecks + dataChoiceChecks
    + traceChecks
    + evaluationChecks + viewChecks
    + kerasLossChecks
    + averageChecks
    + launchChecks

func option(_ name: String) -> String? {
    guard let index = CommandLine.arguments.firstIndex(of: name) else { return nil }
    return CommandLine.arguments.dropFirst(index + 1).first
}

if CommandLine.arguments.contains("--list") {
    for check in checks { print(check.name) }
    exit(0)
}

do {
    if CommandLine.arguments.contains("--kernels") {
        for choice in Kernels.worthTesting(on: .current) { print(choice.rawValue) }
        exit(0)
    }
    if CommandLine.arguments.contains("--environment") {
        let environment = ProcessInfo.processInfo.environment
        for change in Relaunch.changes(to: environment, threads: 1, kernels: try .chosen) {
            print(change.value.map { "export \(change.name)=\($0)" } ?? "unset \(change.name)")
        }
        exit(0)
    }
    try Relaunch.ifNeeded(threads: 1)
    try StopSignal.install()
    let world = try Communicator.world()
    let limit = option("--time-limit").flatMap { Double($0) } ?? 120
    let harness = Harness(world: world, watchdog: Watchdog(rank: world.rank, limit: .seconds(limit)))
    if let hanging = option("--hang-rank").flatMap({ Int($0) }), hanging == world.rank {
        print("rank \(world.rank) waits: `gdb -p \(getpid())`, or `kill -USR1 \(getpid())` to go on")
        fflush(nil)
        while StopSignal.received == nil { usleep(100_000) }
    }
    let chosen = checks.filter { check in option("--only").map { check.name.contains($0) } ?? true }
    let passed = try harness.run(chosen)
    try world.finalize()
    exit(passed ? 0 : 1)
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
