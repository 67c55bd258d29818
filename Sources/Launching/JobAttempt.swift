import Basics
import FoundationEssentials
import Glibc

/// One mpirun, from its start to its end.
struct JobAttempt {
    enum End: Equatable {
        case finished
        /// By a signal, a file or a limit of time, with a checkpoint saved.
        case stopped
        /// In words.
        case lost(String, code: Int32)
    }

    let mpirun: ChildProcess
    /// What the ranks run.
    private let program: String
    /// Whether this host has had a rank; a job of other hosts' ranks has none.
    private var hadRanks = false
    private var aloneSince: ContinuousClock.Instant?

    /// How long mpirun may outlive the ranks of this host: Open MPI can wait for ever for a host that is gone.
    static let patience = Duration.seconds(5)

    init(_ arguments: [String], program: String, environment: [String: String]) throws {
        self.program = program
        mpirun = try ChildProcess(
            "/usr/bin/env", ["mpirun"] + arguments, environment: environment, output: STDOUT_FILENO,
            error: STDERR_FILENO)
    }

    /// Nil while it runs.
    mutating func poll() -> End? {
        if let end = mpirun.poll() { return Self.meaning(of: end) }
        let hasRanks = self.hasRanks
        if hasRanks {
            (hadRanks, aloneSince) = (true, nil)
        } else if hadRanks {
            let since = aloneSince ?? ContinuousClock.now
            aloneSince = since
            if ContinuousClock.now - since > Self.patience {
                end()
                return .lost("mpirun outlived the ranks of this host by \(Self.patience.components.seconds) s", code: 1)
            }
        }
        return nil
    }

    /// At once.
    func end() {
        mpirun.send(SIGKILL)
        mpirun.waitUntilEnd()
    }

    private static func meaning(of end: ChildProcess.End) -> End {
        switch end {
        case .exit(0): .finished
        case .exit(EX_TEMPFAIL): .stopped
        case .exit(let code) where code > 128: .lost("a rank was ended by signal \(code - 128)", code: code)
        case .exit(let code): .lost("mpirun ended with exit code \(code)", code: code)
        case .signal(let signal): .lost("mpirun was ended by signal \(signal)", code: 128 + signal)
        }
    }

    /// Whether a child of mpirun is the program, or was it before the file was replaced.
    private var hasRanks: Bool {
        Self.children(of: mpirun.identifier).contains {
            let name = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/exe")
            return name?.hasPrefix(program) ?? false
        }
    }

    /// Of all threads.
    private static func children(of process: pid_t) -> [Substring] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.flatMap { thread in
            let path = "/proc/\(process)/task/\(thread)/children"
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return text.split { $0 == " " || $0 == "\n" }
        }
    }
}
