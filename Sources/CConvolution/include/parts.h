#pragma once

#include <stddef.h>

/// Threads share a kernel by parts of what it computes, never of a sum: a part has the same bits whoever computes it.

/// Samples, channels, blocks of them or the like, as a function says. Everything else of its result stays as it is.
typedef struct {
    ptrdiff_t first, end;
} dptrain_part;

/// Calls `compute(context, index)` once for each of `parts`, on as many of `threads` threads as there are parts. These are the
/// threads of oneDNN's pool (GNU OpenMP's), which spin for the next kernel: others would have to wait for their cores. Without
/// that library the calling thread computes all parts.
void dptrain_compute_parts(
    ptrdiff_t parts, ptrdiff_t threads, void (*compute)(const void *context, ptrdiff_t index), const void *context);
