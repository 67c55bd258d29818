#pragma once
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Calls of the kernel that Swift's Glibc lacks, and atomic accesses to memory that another process maps too.

/// A file that lies in memory alone, and ends with the last process that maps it; -1 if there can be none.
static inline int dptrain_memory_file(const char *name) { return (int)syscall(SYS_memfd_create, name, 1 /* MFD_CLOEXEC */); }

/// A file that can be read once the process has ended; -1 where there is no such process, or an old kernel.
static inline int dptrain_process_file(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

/// What was written before the value was stored can be read once it has been loaded.
static inline uint64_t dptrain_load_acquire(const uint64_t *place) { return __atomic_load_n(place, __ATOMIC_ACQUIRE); }
static inline void dptrain_store_release(uint64_t *place, uint64_t value) {
    __atomic_store_n(place, value, __ATOMIC_RELEASE);
}

/// Tells the core that it waits in a loop.
static inline void dptrain_pause(void) { __builtin_ia32_pause(); }

/// What processes sleep at, in memory that they share. A sleeper listens, looks once more whether what it waits for is there, and
/// sleeps. One that makes something there rings, if there is a sleeper. So one of the two always sees the other.
typedef struct {
    uint32_t rings;
    uint32_t sleepers;
} dptrain_bell;

/// How often the bell has rung. From now on it is rung for the caller too.
static inline uint32_t dptrain_listen(dptrain_bell *bell) {
    __atomic_fetch_add(&bell->sleepers, 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&bell->rings, __ATOMIC_SEQ_CST);
}

/// Sleeps until the bell has rung more often, or so many nanoseconds (less than a second).
static inline void dptrain_sleep(dptrain_bell *bell, uint32_t rings, long nanoseconds) {
    struct timespec longest = {.tv_sec = 0, .tv_nsec = nanoseconds};
    syscall(SYS_futex, &bell->rings, FUTEX_WAIT, rings, &longest, NULL, 0);
}

static inline void dptrain_stop_listening(dptrain_bell *bell) { __atomic_fetch_sub(&bell->sleepers, 1, __ATOMIC_RELAXED); }

/// Whether somebody listens who may not have seen what the caller has stored.
static inline bool dptrain_is_heard(const dptrain_bell *bell) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&bell->sleepers, __ATOMIC_SEQ_CST) > 0;
}

static inline void dptrain_ring(dptrain_bell *bell) {
    __atomic_fetch_add(&bell->rings, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &bell->rings, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}
