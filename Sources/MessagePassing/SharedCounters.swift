import CSharedMemory
import Glibc

/// Numbers that only grow, some for each rank of a node, in memory that they share. A rank raises its own; others wait until
/// they are large enough. What a rank has written before it raises a number, others can read once they have seen it.
public final class SharedCounters {
    private let window: SharedWindow<UInt64>
    private let places: [UnsafeMutablePointer<UInt64>]
    private let rank: Int
    /// One a cache line, so that raising one does not slow those who look at another.
    private static let stride = 8

    /// `count`: the numbers of each rank, 0 at first. Collective.
    public init(count: Int, _ node: Communicator) throws {
        window = try SharedWindow(count: count * Self.stride, node)
        places = window.parts.compactMap(\.baseAddress)
        rank = node.rank
    }

    /// Raises this rank's number.
    public func raise(_ number: Int, to value: UInt64) {
        dptrain_store_release(places[rank] + number * Self.stride, value)
    }

    /// The smallest number of all ranks of the node.
    public func least(_ number: Int) -> UInt64 {
        var least = UInt64.max
        for place in places { least = min(least, dptrain_load_acquire(place + number * Self.stride)) }
        return least
    }
}

/// Waits for other ranks of the node: watches for a moment, then lets others have the core, then sleeps.
public struct Backoff {
    private var tries = 0

    public init() {}

    public mutating func pause() {
        tries += 1
        if tries < 200 {
            dptrain_pause()
        } else if tries < 2000 {
            sched_yield()
        } else {
            usleep(100)
        }
    }
}
