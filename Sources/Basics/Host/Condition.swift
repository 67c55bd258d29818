import Glibc

/// A lock, and waiting until another thread has changed what it guards.
package final class Condition: @unchecked Sendable {
    // Both must stay at one address.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
        // Neither can fail on Linux, where they only fill in memory.
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Within `withLock`: gives the lock away until someone calls `change`, or for no reason.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// Changes what the lock guards, and wakes all that wait for it. They are woken after the lock is free: a thread that is woken
    /// before runs into the lock, and sleeps once more.
    package func change<Result>(_ body: () throws -> Result) rethrows -> Result {
        defer { pthread_cond_broadcast(condition) }
        return try withLock(body)
    }
}
