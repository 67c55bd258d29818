import Basics

/// The slots that go round between the reader's thread, which fills them, and the trainer, which uses them up.
///
/// `condition` guards every variable here, and with them who owns each slot.
final class BatchRing: @unchecked Sendable {
    private let condition = Condition()
    private var free: [BatchSlot]
    private var ready: [BatchSlot] = []
    private var failure: (any Error)?
    private var isFinished = false
    private var isStopping = false

    init(_ slots: [BatchSlot]) { free = slots }

    // MARK: The reader's thread

    /// Waits for a slot to fill; nil when the thread should end.
    func takeFree() -> BatchSlot? {
        condition.withLock {
            while free.isEmpty && !isStopping { condition.wait() }
            return isStopping ? nil : free.removeFirst()
        }
    }

    func publish(_ slot: BatchSlot) {
        condition.withLock {
            ready.append(slot)
            condition.broadcast()
        }
    }

    /// The thread's last act: there will be no more slots, because all are done or because of an error.
    func finish(_ error: (any Error)?) {
        condition.withLock {
            failure = error
            isFinished = true
            condition.broadcast()
        }
    }

    // MARK: The trainer

    /// Waits for the next filled slot, in order; nil after the last. An error comes after what was read before it.
    func takeReady() throws -> BatchSlot? {
        let start = ContinuousClock.now
        let slot = try condition.withLock { () throws -> BatchSlot? in
            while ready.isEmpty && !isFinished { condition.wait() }
            if ready.isEmpty, let failure { throw failure }
            return ready.isEmpty ? nil : ready.removeFirst()
        }
        slot?.waited = (ContinuousClock.now - start) / .seconds(1)
        return slot
    }

    func release(_ slot: BatchSlot) {
        condition.withLock {
            free.append(slot)
            condition.broadcast()
        }
    }

    /// Ends the thread and waits until it has.
    func stop() {
        condition.withLock {
            isStopping = true
            condition.broadcast()
            while !isFinished { condition.wait() }
        }
    }
}
