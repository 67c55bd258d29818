import Basics
import CSharedMemory
import Glibc

/// Numbers that only grow, some for each rank of a node, in memory that they share. A rank raises its own; others wait until
/// they are large enough. What a rank has written before it raises a number, others can read once they have seen it.
public final class SharedCounters {
    private let window: SharedWindow<UInt64>
    private let places: [UnsafeMutablePointer<UInt64>]
    /// Of all ranks, in a cache line behind the numbers of the first.
    private let bell: UnsafeMutablePointer<dptrain_bell>
    private let rank: Int
    /// How often a rank looks before it lets others have the core, and before it sleeps.
    private let (looks, turns): (Int, Int)
    /// One a cache line, so that raising one does not slow those who look at another.
    private static let stride = 8

    /// `count`: the numbers of each rank, 0 at first. Collective.
    public init(count: Int, _ node: Communicator) throws {
        window = try SharedWindow(count: (count + 1) * Self.stride, node)
        places = window.parts.compactMap(\.baseAddress)
        bell = UnsafeMutableRawPointer(places[0] + count * Self.stride).bindMemory(to: dptrain_bell.self, capacity: 1)
        rank = node.rank
        // Ranks that share a core keep it from the one that they wait for, also by asking for their turn again and again.
        (looks, turns) = try node.size > Self.processors(of: node) ? (20, 0) : (200, 1800)
    }

    /// How many processors the ranks of a node may run on: a launcher may have bound each to some.
    private static func processors(of node: Communicator) throws -> Int {
        let allowed = try node.allGather(encoding: ProcessorSet.allowed()?.description ?? "")
        return allowed.reduce(into: Set<Int>()) { $0.formUnion(ProcessorSet($1)?.numbers ?? []) }.count
    }

    /// Raises this rank's number, and wakes those who sleep if all ranks' numbers are larger now.
    public func raise(_ number: Int, to value: UInt64) {
        let place = places[rank] + number * Self.stride
        let before = place.pointee
        if value == before { return }
        dptrain_store_release(place, value)
        if dptrain_is_heard(bell), least(number) > before { dptrain_ring(bell) }
    }

    /// The smallest number of all ranks of the node.
    public func least(_ number: Int) -> UInt64 {
        var least = UInt64.max
        for place in places { least = min(least, dptrain_load_acquire(place + number * Self.stride)) }
        return least
    }

    /// In seconds, where nothing but the numbers ends a wait.
    public static let longestNap = 0.05

    /// Waits until `isOver`: looks for a moment, then lets others have the core, then sleeps until a number of all ranks is larger,
    /// or `nap` seconds (less than one), if something else may happen too.
    public func wait(nap: Double = longestNap, until isOver: () throws -> Bool) rethrows {
        var tries = 0
        while try !isOver() {
            tries += 1
            if tries < looks {
                dptrain_pause()
            } else if tries < looks + turns {
                sched_yield()
            } else {
                let rings = dptrain_listen(bell)
                defer { dptrain_stop_listening(bell) }
                if try isOver() { return }
                dptrain_sleep(bell, rings, Int(nap * 1e9))
            }
        }
    }
}
