import ArgumentParser
import Basics
import FoundationEssentials
import Glibc
import MessagePassing
import SelfTest

/// The part of the self-test that all ranks carry out together; rank 0 prints a result a line.
struct RankChecksCommand: RankCommand {
    static let name = "ranks"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "The part of the self-test that runs under mpirun.", shouldDisplay: false)

    static let checks = MPIChecks.all + ReductionChecks.all

    var threads: Int { 1 }

    func run(on world: Communicator) throws -> ExitCode {
        for check in Self.checks {
            let own = try check.run(on: world)
            let failures = try world.gather([UInt8]((own.passed ? "" : own.detail).utf8))
            guard world.rank == 0 else { continue }
            let texts = failures.enumerated().filter { !$0.element.isEmpty }.map { rank, text in
                "rank \(rank): " + String(decoding: text, as: UTF8.self)
            }
            let detail = texts.isEmpty ? own.detail : texts.joined(separator: "\n")
            try CheckResult(name: check.name, passed: texts.isEmpty, detail: detail).printLine()
        }
        return .success
    }
}

/// What MPI offers, and where it put the ranks.
enum MPIChecks {
    static var all: [Check<Communicator>] {
        [Check("MPI", messages), Check("cores and threads", binding)]
    }

    private static func messages(_ world: Communicator) throws -> String {
        try require(
            world.threadLevel >= .serialized,
            "MPI offers \(world.threadLevel) threading, but threads that take turns (serialized) are needed")
        let expected = Int64(world.size * (world.size - 1) / 2)
        let sum = try world.allReduceSum(Int64(world.rank))
        try require(sum == expected, "the ranks' numbers add up to \(sum), not \(expected)")
        let version = Communicator.libraryVersion.prefix { $0 != "," }
        return "\(version), threads \(world.threadLevel); \(world.size) ranks on \(world.processorName)"
    }

    /// A rank on a core of its own is what makes ranks fast. It is an error if the launcher binds ranks to fewer cores
    /// than they could have.
    private static func binding(_ world: Communicator) throws -> String {
        let own = try cores(of: "self")
        let sets = try world.allGather([UInt8](own.description.utf8)).map { text in
            try cores(String(decoding: text, as: UTF8.self))
        }
        let used = sets.reduce(into: Set<Int>()) { $0.formUnion($1.numbers) }.count
        // What mpirun may run on: it binds what it starts, not itself.
        let available = try cores(of: "\(getppid())").numbers.count
        let words = { (set: ProcessorSet) in "\(set.numbers.count == 1 ? "core" : "cores") \(set)" }
        let each = sets.enumerated().map { rank, set in "rank \(rank) on \(words(set))" }
        let isOneSet = sets.allSatisfy { $0 == sets[0] }
        let places = isOneSet ? "all ranks on \(words(sets[0]))" : each.joined(separator: ", ")
        try require(
            used >= min(world.size, available),
            "\(places), although there are \(available) cores; "
                + "does the environment have \(MPI.implementation.bindingVariables)?")
        let threads = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"] ?? "unlimited"
        try require(threads == "1", "\(threads) threads a rank instead of 1")
        let warning =
            world.size > available ? "; warning: \(world.size) ranks share \(Figures.count(available, "core"))" : ""
        return "\(places), 1 thread a rank\(warning)"
    }

    private static func cores(of process: String) throws -> ProcessorSet {
        guard let cores = ProcessorSet.allowed(to: process) else {
            throw CheckFailure("/proc/\(process)/status does not say which cores there are")
        }
        return cores
    }

    private static func cores(_ list: String) throws -> ProcessorSet {
        guard let cores = ProcessorSet(list) else { throw CheckFailure("`\(list)` is no list of cores") }
        return cores
    }
}
