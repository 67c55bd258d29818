import Foundation
import Synchronization

/// Drives the buckets' traffic on a thread of its own, while the computing thread goes on.
///
/// `condition` guards the variables beside it; `ready` is read without it. The traffic belongs to the thread while a
/// step is under way, that is from `begin` until `finish` has returned.
final class TrafficThread: @unchecked Sendable {
    private let condition = NSCondition()
    private let traffic: BucketTraffic
    private let bucketCount: Int
    private let ready = Atomic<Int>(0)
    private var isActive = false
    private var isEnding = false
    private var failure: (any Error)?

    init(_ traffic: BucketTraffic, bucketCount: Int) {
        self.traffic = traffic
        self.bucketCount = bucketCount
    }

    func start() {
        let thread = Thread { [self] in run() }
        thread.name = "dptrain traffic"
        thread.start()
    }

    func stop() {
        condition.withLock {
            isEnding = true
            condition.broadcast()
        }
    }

    func begin() {
        condition.withLock {
            ready.store(0, ordering: .relaxed)
            isActive = true
        }
    }

    func bucketsReady(_ count: Int) {
        condition.withLock {
            ready.store(count, ordering: .releasing)
            condition.broadcast()
        }
    }

    /// Waits for the end of the step.
    func finish() throws {
        try condition.withLock {
            while isActive, failure == nil { condition.wait() }
            if let failure { throw failure }
        }
    }

    private func run() {
        while waitForWork() {
            do {
                let ready = ready.load(ordering: .acquiring)
                if traffic.started < ready || !traffic.isIdle {
                    try traffic.advance(to: ready, updating: true)
                }
                if traffic.isComplete {
                    condition.withLock {
                        isActive = false
                        condition.broadcast()
                    }
                } else if traffic.started == bucketCount {
                    _ = try traffic.wait()
                } else if !traffic.isIdle {
                    usleep(50)
                }
            } catch {
                condition.withLock {
                    failure = error
                    isEnding = true
                    condition.broadcast()
                }
            }
        }
    }

    private func waitForWork() -> Bool {
        condition.withLock {
            while !isEnding,
                !isActive || (traffic.isIdle && ready.load(ordering: .relaxed) == traffic.started && !traffic.isComplete)
            {
                condition.wait()
            }
            return !isEnding
        }
    }
}
