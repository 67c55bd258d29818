import Basics
import MessagePassing
import Synchronization
import Testing

/// What is said of ranks that wait, and how they learn of each other.
struct StallWatchTests {
    private static let waiting = RankStatus(activity: .waiting, quiet: 9)

    private static func launch(rank: Int, of size: Int) -> LaunchEnvironment {
        LaunchEnvironment(["OMPI_COMM_WORLD_RANK": "\(rank)", "OMPI_COMM_WORLD_SIZE": "\(size)"])
    }

    private static func directory(_ hosts: String..., ports: [UInt16] = []) -> RankDirectory {
        RankDirectory(
            token: 7,
            entries: hosts.enumerated().map { rank, host in
                RankDirectory.Entry(host: host, addresses: [], port: rank < ports.count ? ports[rank] : 0)
            })
    }

    @Test func aSilentRankIsNamedWithItsHost() {
        let report = StallReport(
            launch: Self.launch(rank: 1, of: 3), own: Self.waiting, directory: Self.directory("a", "b", "c"),
            answers: [2: Self.waiting], host: "b")
        #expect(
            report.text
                == "rank 1 on b has waited for other ranks for 9 s. Rank 0 on a does not answer: it is stopped, gone or cut off."
        )
        #expect(report.isToBeSaid)
    }

    @Test func aRankThatSavesIsNamed() {
        let report = StallReport(
            launch: Self.launch(rank: 0, of: 2), own: Self.waiting, directory: Self.directory("a", "b"),
            answers: [1: RankStatus(activity: .saving, quiet: 70)], host: "a")
        #expect(report.text.hasSuffix("Rank 1 on b has been saving for 70 s."))
    }

    @Test func theLowestRankThatWaitsSpeaks() {
        let report = StallReport(
            launch: Self.launch(rank: 2, of: 3), own: Self.waiting, directory: Self.directory("a", "a", "a"),
            answers: [0: Self.waiting], host: "a")
        #expect(!report.isToBeSaid)
    }

    @Test func allWait() {
        let report = StallReport(
            launch: Self.launch(rank: 0, of: 2), own: Self.waiting, directory: Self.directory("a", "b"),
            answers: [1: Self.waiting], host: "a")
        #expect(report.text.hasSuffix("All other ranks wait too: the network has lost a message."))
    }

    @Test func manyMissingRanksAreCounted() {
        let entries = (0..<100).map { RankDirectory.Entry(host: "h\($0)", addresses: [], port: 0) }
        let report = StallReport(
            launch: Self.launch(rank: 0, of: 100), own: Self.waiting,
            directory: RankDirectory(token: 1, entries: entries), answers: [:], host: "h0")
        #expect(report.text.contains("Rank 8 on h8 does not answer"))
        #expect(!report.text.contains("Rank 9 on"))
        #expect(report.text.hasSuffix("91 more ranks do not answer, or do something else."))
    }

    @Test func aRankThatComputesSpeaksOfItself() {
        let report = StallReport(
            launch: Self.launch(rank: 3, of: 4), own: RankStatus(activity: .computing, quiet: 60), directory: nil,
            answers: [:], host: "d")
        #expect(report.text == "rank 3 on d has been computing for 60 s.")
        #expect(report.isToBeSaid)
    }

    @Test func aStoppedRankIsSeenBeforeTheFirstMessage() {
        let report = StallReport(
            launch: Self.launch(rank: 1, of: 2), own: RankStatus(activity: .starting, quiet: 5), directory: nil,
            answers: [:], host: "a",
            local: [
                LocalRank(rank: 0, process: 17, isStopped: true), LocalRank(rank: 1, process: 18, isStopped: false),
            ])
        #expect(
            report.text
                == "rank 1 on a has waited for 5 s for the first message of another rank. Rank 0 on a (process 17) is stopped."
        )
        #expect(report.isToBeSaid)
    }

    @Test func interfacesAreNamedWhereHostsDoNotReachEachOther() {
        let report = StallReport(
            launch: Self.launch(rank: 0, of: 2), own: Self.waiting, directory: nil, answers: [:], host: "a",
            local: [LocalRank(rank: 0, process: 17, isStopped: false)],
            interfaces: [
                NetworkInterface(name: "eth0", address: UInt32(0x0A00_0001).bigEndian),
                NetworkInterface(name: "docker0", address: UInt32(0xAC11_0001).bigEndian),
            ])
        #expect(report.text.contains("1 of 2 ranks have been started on a, and none of them is stopped."))
        #expect(report.text.contains("eth0 10.0.0.1, docker0 172.17.0.1"))
        #expect(report.text.contains("--mca btl_tcp_if_include eth0"))
    }

    @Test func watchesAnswerEachOther() throws {
        let asking = try #require(StatusSocket())
        let answering = try #require(StatusSocket())
        let directory = Self.directory("a", "a", ports: [asking.port, answering.port])
        let stranger = RankDirectory(token: 8, entries: directory.entries)
        let other = RankStatus(activity: .evaluating, quiet: 3)
        let ends = Flag()
        // On a thread of its own, which a busy machine may hold up for long.
        try BackgroundThread.start("answering") {
            while !ends.isSet { _ = answering.serve(milliseconds: 50, directory, rank: 1, other) }
        }
        defer { ends.set() }
        var answers: [Int: RankStatus] = [:]
        for _ in 0..<300 where answers.isEmpty {
            asking.ask(stranger, rank: 0, Self.waiting, except: [:])
            #expect(asking.serve(milliseconds: 50, stranger, rank: 0, Self.waiting) == [:], "a stranger got an answer")
            asking.ask(directory, rank: 0, Self.waiting, except: [:])
            answers = asking.serve(milliseconds: 100, directory, rank: 0, Self.waiting, awaiting: 1)
        }
        #expect(answers == [1: other])
    }

    @Test(arguments: [
        ("3,6", StallWatch.Patience(notice: 3, limit: 6)), ("0.5,1e3", StallWatch.Patience(notice: 1, limit: 1000)),
        ("", StallWatch.Patience()),
    ])
    func patience(_ text: String, _ expected: StallWatch.Patience) throws {
        #expect(try StallWatch.Patience(environment: ["DPTRAIN_STALL_SECONDS": text], rank: 0) == expected)
    }

    @Test(arguments: ["6", "6,3", "-1,3", "a,b", "1,2,3", "1,", "nan,nan", "1,1e300"])
    func patienceThatMakesNoSense(_ text: String) {
        #expect(throws: MessagePassingError.self) {
            try StallWatch.Patience(environment: ["DPTRAIN_STALL_SECONDS": text], rank: 0)
        }
    }
}

/// Set once, by another thread than those that look.
private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
