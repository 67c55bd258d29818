#define _GNU_SOURCE
#include "parts.h"
#include <dlfcn.h>
#include <stdatomic.h>

/// GNU OpenMP's entry for a parallel region: calls `body(data)` on so many threads, the calling one among them, and waits for all.
typedef void parallel_region(void (*body)(void *), void *data, unsigned threads, unsigned flags);

/// It is looked up because the library comes with oneDNN: a compiler's own OpenMP would bring a second pool of threads.
static parallel_region *region(void) {
    static _Atomic(parallel_region *) found;
    parallel_region *known = atomic_load_explicit(&found, memory_order_acquire);
    if (!known) {
        known = (parallel_region *)dlsym(RTLD_DEFAULT, "GOMP_parallel");
        atomic_store_explicit(&found, known, memory_order_release);
    }
    return known;
}

typedef struct {
    void (*compute)(const void *, ptrdiff_t);
    const void *context;
    ptrdiff_t parts;
    atomic_ptrdiff_t next;
} work;

static void take_parts(void *data) {
    work *w = data;
    for (;;) {
        const ptrdiff_t index = atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed);
        if (index >= w->parts) return;
        w->compute(w->context, index);
    }
}

void dptrain_compute_parts(
    ptrdiff_t parts, ptrdiff_t threads, void (*compute)(const void *, ptrdiff_t), const void *context) {
    work w = {.compute = compute, .context = context, .parts = parts};
    parallel_region *on_threads = parts > 1 && threads > 1 ? region() : NULL;
    // Always as many threads, since the library ends those that a region does not want.
    if (on_threads)
        on_threads(take_parts, &w, (unsigned)threads, 0);
    else
        take_parts(&w);
}
