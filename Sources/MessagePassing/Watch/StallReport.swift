import Basics

/// What a watch says of a rank that has shown no sign of life for long, and of the ranks that it waits for.
package struct StallReport {
    package let text: String
    /// Whether this rank is to speak: one of the ranks that wait speaks for all.
    package let isToBeSaid: Bool

    private static let waiting = "has waited for"

    private static let silent = "not answer"
    private static let start = "for the first message of another rank"

    /// Whether a line of a job's standard error is such a report, of a rank that waits for others whose watches are silent, or that
    /// has heard of none yet.
    package static func missesRanks(_ line: String) -> Bool {
        line.contains(" \(waiting) ") && (line.contains(silent) || line.contains(start))
    }

    /// More missing ranks than this are counted, not named.
    private static let mostNamed = 8

    package init(
        launch: LaunchEnvironment, own: RankStatus, directory: RankDirectory?, answers: [Int: RankStatus],
        host: String = HostName.current, local: [LocalRank] = LocalRank.all,
        interfaces: [NetworkInterface] = NetworkInterface.all
    ) {
        isToBeSaid =
            if !own.activity.needsOthers {
                true
            } else if directory == nil {
                !local.contains { $0.rank < launch.rank && !$0.isStopped }
            } else {
                !answers.contains { $0.key < launch.rank && $0.value.activity.needsOthers }
            }
        let name = "rank \(launch.rank) on \(host)"
        guard own.activity.needsOthers else {
            text = "\(name) has been \(own.activity) for \(own.quiet) s."
            return
        }
        guard let directory else {
            text =
                "\(name) \(Self.waiting) \(own.quiet) s \(Self.start). "
                + Self.explanation(launch, host, local, interfaces)
            return
        }
        let missing = directory.entries.indices.filter { $0 != launch.rank && !Self.waits(answers[$0]) }
        var sentences = missing.prefix(Self.mostNamed).map { other in
            let name = "Rank \(other) on \(directory.entries[other].host)"
            guard let answer = answers[other] else {
                return "\(name) does \(Self.silent): it is stopped, gone or cut off."
            }
            return "\(name) has been \(answer.activity) for \(answer.quiet) s."
        }
        if missing.count > Self.mostNamed {
            sentences.append("\(missing.count - Self.mostNamed) more ranks do \(Self.silent), or do something else.")
        }
        if missing.isEmpty { sentences = ["All other ranks wait too: the network has lost a message."] }
        text = "\(name) \(Self.waiting) other ranks for \(own.quiet) s. " + sentences.joined(separator: " ")
    }

    private static func waits(_ status: RankStatus?) -> Bool { status?.activity.needsOthers ?? false }

    /// Before the first message nobody can be asked. So this says what can be seen from here.
    private static func explanation(
        _ launch: LaunchEnvironment, _ host: String, _ local: [LocalRank], _ interfaces: [NetworkInterface]
    ) -> String {
        let stopped = local.filter(\.isStopped)
        if !stopped.isEmpty {
            return stopped.map { "Rank \($0.rank) on \(host) (process \($0.process)) is stopped." }
                .joined(separator: " ")
        }
        let here =
            "\(local.count) of \(Figures.count(launch.size, "rank")) have been started on \(host), and none of them is stopped."
        if local.count == launch.size { return here }
        let names = interfaces.map(\.description).joined(separator: ", ")
        return here
            + " The others have not been started, or the nodes do not reach each other. The interfaces of \(host): \(names). "
            + "If other nodes have an interface with the same address (docker0, virbr0), name the right one: "
            + "\(MPI.implementation.selection(interface: interfaces.first?.name ?? "eth0"))."
    }
}
