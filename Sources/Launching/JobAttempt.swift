import Basics
import FoundationEssentials
import Glibc
import MessagePassing

/// One start of MPI's launcher, until it ends.
struct JobAttempt {
    enum End: Equatable {
        case finished
        /// By a signal, a file or a limit of time, with a checkpoint saved.
        case stopped
        case lost(Loss)
    }

    struct Loss: Equatable {
        /// In words.
        let reason: String
        let code: Int32
        /// Whether ranks may have begun.
        var hadRanks = true
    }

    private let launcher: ChildProcess
    private var errors: LauncherErrors
    /// What the ranks run.
    private let program: String
    /// Whether this host has had a rank; a job of other hosts' ranks has none.
    private(set) var hadRanks = false
    private var aloneSince: ContinuousClock.Instant?
    /// Whether the launcher's exit code may be 0 though ranks were stopped.
    private var isCodeLost = false

    /// How long the launcher may outlive the ranks of this host: Open MPI can wait for ever for a host that is gone.
    static let patience = Duration.seconds(5)

    init(_ arguments: [String], program: String, environment: [String: String], errors queue: OutputQueue) throws {
        self.program = program
        let (errors, target) = try LauncherErrors.open(to: queue)
        defer { close(target) }
        self.errors = errors
        // The launcher ends with this program, even if this one is killed. What it writes to is still there then.
        launcher = try ChildProcess(
            "/usr/bin/env", Self.endingWithParent + [MPI.implementation.launcher] + arguments, environment: environment,
            output: STDOUT_FILENO, error: target)
    }

    /// A program of util-linux that has the kernel do it, and becomes the launcher.
    private static var endingWithParent: [String] {
        let setpriv = "/usr/bin/setpriv"
        return access(setpriv, X_OK) == 0 ? [setpriv, "--pdeathsig", "KILL"] : []
    }

    /// Looks for the end within this time; nil while the launcher runs.
    mutating func poll(within milliseconds: Int32) -> End? {
        errors.handOn(within: milliseconds)
        if let end = launcher.poll() {
            var meaning = Self.meaning(of: end)
            // A run that has finished at that moment says so when it is resumed.
            if isCodeLost, meaning == .finished { meaning = .stopped }
            errors.finish(withRemarks: meaning != .stopped)
            return meaning
        }
        if !ranks.isEmpty {
            (hadRanks, aloneSince) = (true, nil)
        } else if hadRanks {
            let since = aloneSince ?? ContinuousClock.now
            aloneSince = since
            if ContinuousClock.now - since > Self.patience {
                end()
                let seconds = Self.patience.components.seconds
                return .lost(
                    Loss(reason: "\(Self.name) outlived the ranks of this host by \(seconds) s", code: EXIT_FAILURE))
            }
        }
        return nil
    }

    /// Whether a rank has said, since the last call, that others are silent.
    mutating func takeWordOfSilence() -> Bool { errors.takeWordOfSilence() }

    /// To the ranks. Where the launcher does not hand it on well, those of this host get it themselves: one rank is enough.
    mutating func send(_ signal: Int32) {
        if !MPI.implementation.handsSignalsOn {
            let ranks = self.ranks
            for rank in ranks { kill(rank, signal) }
            guard ranks.isEmpty, signal == SIGUSR1 else { return }
            isCodeLost = true
        }
        launcher.send(signal)
    }

    /// At once, with what it has started on this host, such as connections to other hosts.
    mutating func end() {
        let others = Self.descendants(of: "\(launcher.identifier)").compactMap { pid_t($0) }
        launcher.send(SIGKILL)
        for process in others { kill(process, SIGKILL) }
        launcher.waitUntilEnd()
        errors.finish(withRemarks: true)
    }

    private static var name: String { MPI.implementation.launcher }

    private static func meaning(of end: ChildProcess.End) -> End {
        switch end {
        case .exit(0): .finished
        case .exit(EX_TEMPFAIL): .stopped
        case .exit(let code) where code > 128:
            .lost(Loss(reason: "a rank was ended by signal \(code - 128)", code: code))
        case .exit(let code): .lost(Loss(reason: "\(name) ended with exit code \(code)", code: code))
        case .signal(let signal): .lost(Loss(reason: "\(name) was ended by signal \(signal)", code: 128 + signal))
        }
    }

    /// The processes below the launcher that are the program, or were it before the file was replaced.
    private var ranks: [pid_t] {
        Self.descendants(of: "\(launcher.identifier)").filter {
            let name = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/exe")
            return name?.hasPrefix(program) ?? false
        }.compactMap { pid_t($0) }
    }

    private static func descendants(of process: Substring) -> [Substring] {
        children(of: process).flatMap { [$0] + descendants(of: $0) }
    }

    /// Of all threads.
    private static func children(of process: Substring) -> [Substring] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.flatMap { thread in
            let path = "/proc/\(process)/task/\(thread)/children"
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return text.split { $0 == " " || $0 == "\n" }
        }
    }
}
