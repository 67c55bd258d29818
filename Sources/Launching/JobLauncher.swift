import Basics
import Checkpoints
import FoundationEssentials
import Glibc
import MessagePassing

/// A training job that is to end well, whatever is lost on its way.
package struct JobRequest: Sendable {
    /// Ranks; nil for all slots of the host file.
    package var ranks: Int?
    package var hostFile: String?
    /// With fewer ranks the job waits for hosts to come back.
    package var fewestRanks = 1
    /// How often the job is started again from one and the same checkpoint.
    package var retries = 2
    /// Within this time the launcher must have started ranks.
    package var startLimit = Duration.seconds(60)
    /// Further arguments of MPI's launcher.
    package var launcherArguments: [String] = []
    /// The words that a user has given before the options of training, to be given again.
    package var command: String
    /// Of `dptrain`, without `--resume` and `--overwrite`.
    package var arguments: [String]
    /// What follows `arguments` at the first start.
    package var firstStart: [String]
    package var output: String

    package init(arguments: [String], firstStart: [String], output: String, command: String) {
        (self.arguments, self.firstStart, self.output) = (arguments, firstStart, output)
        self.command = command
    }
}

/// Starts MPI's launcher, and starts it again from the newest checkpoint when a rank, a host or itself is lost. Ranks do not
/// change results, so that a job on the hosts that are left computes what it would have computed.
package struct JobLauncher {
    private let request: JobRequest
    private let environment: [String: String]
    /// Tells the attempts of this job from other runs.
    private let name = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    /// What the job and this program say on standard error.
    private let errors = OutputQueue()
    /// Read once: the link of a program that is replaced meanwhile names no file.
    private let program: String

    package init(_ request: JobRequest) throws {
        self.request = request
        var environment = ProcessInfo.processInfo.environment
        if let shell = MPI.implementation.remoteShell(in: request.launcherArguments) {
            environment[MPI.implementation.remoteShellVariables[0]] = shell
        }
        self.environment = environment
        program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    /// The job's exit code.
    package func run() throws -> Int32 {
        defer { errors.finish() }
        var generation = 0
        var (losses, lostBehind) = (0, -1)
        var missing: [String] = []
        let earlier = initialState
        awaitEarlierJob()
        while true {
            generation += 1
            let hosts = try request.hostFile.map { try hostsThatAnswer(in: $0, &missing) }
            if hosts != nil, StopSignal.received != nil {
                tell("launch: stopped while it waited for hosts")
                return EX_TEMPFAIL
            }
            let began = ContinuousClock.now
            let loss: JobAttempt.Loss
            switch try attempt(generation, hosts, isFirst: !hasBegun(behind: earlier)) {
            case .finished: return 0
            case .stopped: return EX_TEMPFAIL
            case .lost(let found): loss = found
            }
            if loss.code == EX_USAGE || StopSignal.received != nil { return loss.code }
            if let job = OutputLock.jobThatHolds(request.output), job != name {
                tell("launch: \(loss.reason). It is not started again: another run writes to \(request.output)")
                return loss.code
            }
            let step = hasBegun(behind: earlier) ? newestStep : nil
            // What no rank has tried may succeed at the next start.
            guard step != nil || !loss.hadRanks else {
                tell("launch: \(loss.reason). It is not started again: it has no checkpoint to go on from")
                return loss.code
            }
            (losses, lostBehind) = (step ?? 0 == lostBehind ? losses + 1 : 1, step ?? 0)
            guard losses <= request.retries else {
                let place = step.map { "behind step \($0)" } ?? "before its first checkpoint"
                tell(
                    "launch: \(loss.reason). The job was lost \(Figures.count(losses, "time")) \(place), so it is not "
                        + "started again; --retries allows more")
                return loss.code
            }
            let seconds = (ContinuousClock.now - began).components.seconds
            let time = loss.hadRanks ? ", \(seconds) s after the start" : ""
            tell("launch: \(loss.reason)\(time). It \(step.map { "goes on from step \($0)" } ?? "is started again")")
        }
    }

    private func attempt(_ generation: Int, _ hosts: HostFile?, isFirst: Bool) throws -> JobAttempt.End {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let list = "\(folder.path)/hosts"
        if let hosts { try POSIXFileSystem().replace(list, with: Array(hosts.text.utf8)) }
        let own = [OutputLock.Attempt.variable: "\(name):\(generation)", MPI.launchVariable: request.command]
        let slots = hosts?.slots
        let ranks = request.ranks.map { min($0, slots ?? $0) } ?? slots ?? 1
        let launcherArguments = MPI.implementation.arguments(
            ranks: ranks, hostFile: hosts == nil ? nil : list, exporting: own.keys.sorted())
        var job = try JobAttempt(
            request.launcherArguments + launcherArguments + programArguments(isFirst: isFirst),
            program: program, environment: environment.merging(own) { $1 }, errors: errors)
        let began = ContinuousClock.now
        let start = StartLimit(request, ranks: ranks, on: hosts, environment: environment)
        // Options of the launcher may place ranks on all hosts.
        let withRanks = request.launcherArguments.isEmpty ? hosts?.first(ranks: ranks) : hosts
        let watch = HostWatch(hosts: withRanks, probe: HostProbe(environment: environment))
        var (sent, hasStarted): (Int32?, Bool) = (nil, false)
        while true {
            if let end = job.poll(within: 50) { return end }
            hasStarted =
                hasStarted || job.hadRanks || OutputLock.names(request.output, job: name, attempt: generation)
            if !hasStarted, let failure = try start.failure() {
                job.end()
                return .lost(JobAttempt.Loss(reason: failure, code: EXIT_FAILURE, hadRanks: false))
            }
            if job.takeWordOfSilence() { watch.ask() }
            if let loss = watch.loss {
                if let end = job.poll(within: 0) { return end }
                job.end()
                return .lost(loss)
            }
            // A signal that comes before the ranks expect it would end them. Whoever holds the lock expects it.
            let isExpected =
                OutputLock.isTaken(request.output, byJob: name, attempt: generation)
                || ContinuousClock.now - began > Self.longestStart
            // The ranks save a checkpoint and end by themselves.
            if isExpected, let signal = StopSignal.received, sent != signal {
                job.send(SIGUSR1)
                sent = signal
            }
            if isExpected, SaveSignal.take() { job.send(SIGUSR2) }
        }
    }

    /// On file systems without locks, ranks are taken to expect signals after this time.
    private static let longestStart = Duration.seconds(60)

    private func tell(_ text: String) { errors.say(text) }

    /// A job whose launch was killed ends by itself, which may take it a moment.
    private func awaitEarlierJob() {
        let deadline = ContinuousClock.now + JobAttempt.patience
        while let job = OutputLock.jobThatHolds(request.output), !job.isEmpty, ContinuousClock.now < deadline {
            errors.handOn(for: 100)
        }
    }

    private func programArguments(isFirst: Bool) -> [String] {
        [program] + request.arguments + (isFirst ? request.firstStart : ["--resume"])
    }

    /// The hosts of the next attempt. It waits for hosts if too few answer, until it is stopped. The file may have changed since
    /// the attempt before. `missing` names those that do not answer, before the call at the attempt before.
    private func hostsThatAnswer(in path: String, _ missing: inout [String]) throws -> HostFile {
        let text = String(decoding: try POSIXFileSystem().content(of: path), as: UTF8.self)
        let all = try HostFile(text: text, path: path)
        guard min(all.slots, request.ranks ?? all.slots) >= request.fewestRanks else {
            throw OptionError(
                "min-ranks", "\(path) has \(all.slots) slots, so there are never \(request.fewestRanks) ranks")
        }
        var hasTold = false
        // There is no step whose end could be waited for.
        StopSignal.announce(false)
        defer { StopSignal.announce(true) }
        while true {
            let left = try HostProbe(environment: environment).answering(all)
            let gone = all.names(without: left)
            let isEnough = min(left.slots, request.ranks ?? left.slots) >= request.fewestRanks
            if !gone.isEmpty, !hasTold || isEnough {
                let next = isEnough ? "The job runs on the others" : "It waits for hosts to come back"
                tell("launch: \(HostFile.silence(of: gone)). \(next)")
                hasTold = true
            }
            if StopSignal.received != nil { return left }
            if isEnough {
                let back = missing.filter { name in left.hosts.contains { $0.name == name } }
                if !back.isEmpty {
                    tell("launch: \(back.listed("and")) \(back.count == 1 ? "answers" : "answer") again")
                }
                missing = gone
                if let ranks = request.ranks, left.slots < ranks {
                    tell("launch: \(Figures.count(left.slots, "rank")) of \(ranks), as many as the hosts have slots")
                }
                return left
            }
            errors.handOn(for: 2000)
        }
    }

    /// Of the checkpoints in the output folder.
    private var newestStep: Int? { CheckpointStore.newestStep(in: request.output) }

    /// Whether the run has come so far that it can go on: to its first checkpoint, the initial state, which replaces the one of an
    /// earlier run. What keeps a run from beginning keeps it from beginning again.
    private func hasBegun(behind earlier: FileState?) -> Bool {
        guard newestStep != nil else { return false }
        return request.firstStart.contains("--resume") || initialState != earlier
    }

    private struct FileState: Equatable {
        let file: UInt
        let seconds, nanoseconds: Int
    }

    private var initialState: FileState? {
        var status = stat()
        guard stat("\(request.output)/\(CheckpointStore.stepName(0))", &status) == 0 else { return nil }
        return FileState(
            file: UInt(status.st_ino), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
}
