import Basics
import Glibc
import MessagePassing

/// Ends all ranks when one or all of them have failed, and finds out which: an error that every rank threw is told
/// once, one that some ranks threw is told by those, with their number.
final class FailedRanks {
    private let world: Communicator
    /// Messages of its own: `world` may be in the middle of a collective that other ranks wait in.
    private let channel: Communicator
    /// How long the other ranks get to fail as well.
    private static let patience = Duration.seconds(2)
    /// In seconds.
    private static let longestSpeech: UInt32 = 5

    /// Collective.
    init(_ world: Communicator) throws {
        self.world = world
        channel = try world.duplicate()
    }

    func end(with error: any Error) -> Never {
        let text = "\(error)"
        if world.size == 1 {
            StandardError.print(text)
            exit(1)
        }
        let texts = try? textsOfAllRanks(text)
        if texts != nil, world.rank != 0 { waitForTheEnd() }
        // The other ranks wait for this one, which may find no reader.
        Alert.limitEnd(1, seconds: Self.longestSpeech)
        if let texts {
            for (rank, text) in Self.distinct(texts) {
                StandardError.print(rank.map { "rank \($0): \(text)" } ?? text)
            }
        } else {
            StandardError.print("rank \(world.rank): \(text)")
        }
        world.abort(code: 1)
    }

    /// What each rank failed with; nil if not all of them come to say so.
    private func textsOfAllRanks(_ text: String) throws -> [String]? {
        // MPI writes to it as long as the process lives.
        let arrivals = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 1)
        arrivals.initialize(repeating: 1)
        let requests = RequestSet(capacity: 1, world)
        requests.insert(try channel.startAllReduceSum(inPlace: arrivals), at: 0)
        let deadline = ContinuousClock.now + Self.patience
        while requests.inFlight > 0 {
            guard ContinuousClock.now < deadline else { return nil }
            _ = try requests.testSome()
            usleep(1000)
        }
        return try channel.allGather([UInt8](text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Each text with the first rank that has it; without a rank where all have the same.
    private static func distinct(_ texts: [String]) -> [(rank: Int?, text: String)] {
        var seen = Set<String>()
        let first = texts.enumerated().filter { seen.insert($0.element).inserted }
        return first.map { (first.count == 1 ? nil : $0.offset, $0.element) }
    }

    /// Rank 0 speaks and ends all ranks.
    private func waitForTheEnd() -> Never {
        sleep(Self.longestSpeech)
        _exit(1)
    }
}
