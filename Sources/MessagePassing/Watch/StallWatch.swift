import Basics
import FoundationEssentials
import Glibc
import Synchronization

/// Ends a job whose ranks wait for a rank that is stuck, stopped or cut off: MPI itself waits for ever.
///
/// A rank tells its watch what it begins to do. A thread of the watch looks once a second. If a rank has waited for
/// `Patience.notice` seconds, its watch asks the watches of all other ranks what they do, and says who is missed. It asks again
/// each time this time has doubled, since more ranks may be missed by then. After `Patience.limit` seconds it
/// ends the job. The watch starts before MPI does, because MPI's start can hang too.
///
/// The thread counts its looks, one a second. So time in which the whole job is suspended does not count.
package final class StallWatch: Sendable {
    /// Where other ranks can ask this one; 0 if they cannot.
    let port: UInt16

    private let launch: LaunchEnvironment
    private let patience: Patience
    private let socket: StatusSocket?
    private let signs = Atomic<Int>(0)
    private let activity = Atomic<UInt8>(RankActivity.starting.rawValue)
    private let directory = Mutex<RankDirectory?>(nil)

    /// How much longer a rank waits that expects another one to end the job.
    private static let precedence = 5

    package init(_ launch: LaunchEnvironment, _ patience: Patience) throws(ThreadError) {
        self.launch = launch
        self.patience = patience
        socket = launch.size > 1 ? StatusSocket() : nil
        port = socket?.port ?? 0
        try BackgroundThread.start("dptrain watch") { self.watch() }
    }

    // MARK: What the rank tells

    /// A sign of life: the rank has done something, and now begins `next`.
    package func begin(_ next: RankActivity) {
        activity.store(next.rawValue, ordering: .relaxed)
        signs.wrappingAdd(1, ordering: .relaxed)
    }

    /// The rank does `body` as part of something else.
    package func during<T, E: Error>(_ part: RankActivity, _ body: () throws(E) -> T) throws(E) -> T {
        let whole = now
        begin(part)
        defer { begin(whole) }
        return try body()
    }

    /// From now on the other ranks can be asked.
    func know(_ directory: RankDirectory) { self.directory.withLock { $0 = directory } }

    // MARK: What its thread does

    private var now: RankActivity { RankActivity(rawValue: activity.load(ordering: .relaxed)) ?? .ended }

    private func watch() {
        var (seen, quiet, notice) = (-1, 0, patience.notice)
        while true {
            listen(RankStatus(activity: now, quiet: quiet))
            let signs = signs.load(ordering: .relaxed)
            let activity = now
            if activity == .ended { return }
            if signs != seen {
                (seen, quiet, notice) = (signs, 0, patience.notice)
                continue
            }
            quiet += 1
            let status = RankStatus(activity: activity, quiet: quiet)
            if quiet >= patience.limit, activity.needsOthers {
                let report = report(status)
                let isLate = quiet >= patience.limit + Self.precedence
                guard self.signs.load(ordering: .relaxed) == seen, report.isToBeSaid || isLate else { continue }
                // mpirun ends all ranks when one exits.
                Alert.end(1, saying: report.text + " " + Launcher.current.farewell)
            }
            if quiet >= notice {
                notice *= 2
                let report = report(status)
                guard self.signs.load(ordering: .relaxed) == seen, report.isToBeSaid else { continue }
                let end = activity.needsOthers ? " dptrain ends the job after \(patience.limit) s." : ""
                Alert.say(report.text + end)
            }
        }
    }

    /// Answers other ranks for a second.
    private func listen(_ own: RankStatus) {
        guard let socket else {
            sleep(1)
            return
        }
        _ = socket.serve(milliseconds: 1000, directory.withLock { $0 }, rank: launch.rank, own)
    }

    /// Asks the other ranks. A question can get lost, so those that have not answered are asked again.
    private func report(_ own: RankStatus) -> StallReport {
        let directory = directory.withLock { $0 }
        var answers: [Int: RankStatus] = [:]
        if let directory, let socket, own.activity.needsOthers {
            for _ in 0..<3 where answers.count < directory.entries.count - 1 {
                socket.ask(directory, rank: launch.rank, own, except: answers)
                answers.merge(
                    socket.serve(
                        milliseconds: 500, directory, rank: launch.rank, own,
                        awaiting: directory.entries.count - 1 - answers.count)
                ) { $1 }
            }
        }
        return StallReport(launch: launch, own: own, directory: directory, answers: answers)
    }
}
