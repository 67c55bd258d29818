import Basics
import FoundationEssentials
import Glibc
import Synchronization

/// Notices when a rank no longer gets on, because another one is stuck or the network is gone: MPI itself waits for ever.
/// After `notice` seconds without a sign of life it says so; after `limit` seconds of waiting it ends the job. Ranks that compute
/// speak for themselves, of those that wait only rank 0: who is missing is whoever says nothing else.
///
/// A thread of its own looks once a second; the two atomics are all it shares with the trainer.
package final class StallWatch: Sendable {
    package enum Activity: Int, Sendable {
        case starting, computing, waiting, saving, evaluating, ended
    }

    package struct Patience: Sendable {
        var notice = 60.0
        var limit = 900.0

        /// `DPTRAIN_STALL_SECONDS=notice,limit` changes how long to wait.
        package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
            let numbers = (environment["DPTRAIN_STALL_SECONDS"] ?? "").split(separator: ",").compactMap { Double($0) }
            if numbers.count == 2, numbers[0] > 0, numbers[1] >= numbers[0] {
                (notice, limit) = (numbers[0], numbers[1])
            }
        }
    }

    private let signs = Atomic<Int>(0)
    private let activity = Atomic<Int>(Activity.starting.rawValue)

    package init(rank: Int, patience: Patience = Patience()) throws(ThreadError) {
        try BackgroundThread.start("dptrain stall watch") { [weak self] in
            var (seen, quiet, noticed) = (-1, 0.0, false)
            while true {
                sleep(1)
                guard let self, let now = Activity(rawValue: self.activity.load(ordering: .relaxed)), now != .ended
                else { return }
                let signs = self.signs.load(ordering: .relaxed)
                if signs != seen { (seen, quiet, noticed) = (signs, 0, false) } else { quiet += 1 }
                if quiet >= patience.notice, !noticed, now != .waiting || rank == 0 {
                    noticed = true
                    Self.say(rank, now, quiet, "still going on")
                }
                // Who computes may take his time; who waits for so long, waits for nobody.
                if quiet >= patience.limit, now == .waiting {
                    Self.say(rank, now, quiet, "giving up; the last checkpoint is whole, continue with --resume")
                    // MPI may be in use on the other thread, and mpirun ends all ranks when one exits.
                    _exit(1)
                }
            }
        }
    }

    deinit { activity.store(Activity.ended.rawValue, ordering: .relaxed) }

    /// A sign of life: something was done, and this comes next.
    package func begin(_ next: Activity) {
        activity.store(next.rawValue, ordering: .relaxed)
        signs.wrappingAdd(1, ordering: .relaxed)
    }

    private static func say(_ rank: Int, _ activity: Activity, _ seconds: Double, _ end: String) {
        let doing =
            switch activity {
            case .waiting:
                "has waited for other ranks for \(Int(seconds)) s (a rank that says nothing of itself is stuck or gone)"
            default: "has been \(activity) for \(Int(seconds)) s"
            }
        let line = "dptrain: rank \(rank) \(doing); \(end)\n"
        // Nobody can be told that nobody can be told.
        try? POSIXFileSystem().write(Array(line.utf8), to: STDERR_FILENO, "standard error")
    }
}
