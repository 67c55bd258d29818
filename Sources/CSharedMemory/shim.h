#pragma once
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// What Swift's Glibc lacks, and atomic accesses to memory that another process maps too.

/// A file that lies in memory alone, and ends with the last process that maps it; -1 if there can be none.
static inline int dptrain_memory_file(const char *name) { return (int)syscall(SYS_memfd_create, name, 1 /* MFD_CLOEXEC */); }

/// What was written before the value was stored can be read once it has been loaded.
static inline uint64_t dptrain_load_acquire(const uint64_t *place) { return __atomic_load_n(place, __ATOMIC_ACQUIRE); }
static inline void dptrain_store_release(uint64_t *place, uint64_t value) {
    __atomic_store_n(place, value, __ATOMIC_RELEASE);
}

/// Tells the core that it waits in a loop.
static inline void dptrain_pause(void) { __builtin_ia32_pause(); }
