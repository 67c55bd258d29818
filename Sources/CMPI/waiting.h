#pragma once
#include <mpi.h>
#include <sched.h>

// Calls that wait for other ranks. Open MPI's yield the core if they are asked to (mpi_yield_when_idle). MPICH's spin, and keep the
// core from the rank they wait for: the library never calls sched_yield. So with MPICH a call is started, and waited for here.

#ifdef OPEN_MPI

static inline int cmpi_waitsome(int count, cmpi_request *requests, int *completed, int *places) {
    return MPI_Waitsome(count, &requests->mpi, completed, places, MPI_STATUSES_IGNORE);
}

static inline int cmpi_barrier(cmpi_comm comm) { return MPI_Barrier(comm.mpi); }

static inline int cmpi_broadcast(void *buffer, int count, cmpi_datatype type, int root, cmpi_comm comm) {
    return MPI_Bcast(buffer, count, type.mpi, root, comm.mpi);
}

static inline int cmpi_allreduce_sum(void *buffer, int count, cmpi_datatype type, cmpi_comm comm) {
    return MPI_Allreduce(MPI_IN_PLACE, buffer, count, type.mpi, MPI_SUM, comm.mpi);
}

static inline int cmpi_allgatherv(
    void *buffer, const int *counts, const int *offsets, cmpi_datatype type, cmpi_comm comm) {
    return MPI_Allgatherv(MPI_IN_PLACE, 0, type.mpi, buffer, counts, offsets, type.mpi, comm.mpi);
}

static inline int cmpi_gatherv(
    const void *part, int count, void *buffer, const int *counts, const int *offsets, cmpi_datatype type, int root,
    cmpi_comm comm) {
    return MPI_Gatherv(part, count, type.mpi, buffer, counts, offsets, type.mpi, root, comm.mpi);
}

#else

/// How often it is looked without yielding: a neighbour that computes on a core of its own answers sooner.
enum { cmpi_eager_looks = 200 };

static inline int cmpi_waitsome(int count, cmpi_request *requests, int *completed, int *places) {
    for (int looks = 0;; ++looks) {
        int code = MPI_Testsome(count, &requests->mpi, completed, places, MPI_STATUSES_IGNORE);
        if (code != MPI_SUCCESS || *completed != 0) return code;
        if (looks < cmpi_eager_looks) continue;
        looks = cmpi_eager_looks;
        sched_yield();
    }
}

/// Waits for what a call has started, of which `code` is the result.
static inline int cmpi_end(int code, MPI_Request *request) {
    if (code != MPI_SUCCESS) return code;
    cmpi_request one = {*request};
    int completed = 0, place = 0;
    code = cmpi_waitsome(1, &one, &completed, &place);
    *request = one.mpi;
    return code;
}

static inline int cmpi_barrier(cmpi_comm comm) {
    MPI_Request request;
    return cmpi_end(MPI_Ibarrier(comm.mpi, &request), &request);
}

static inline int cmpi_broadcast(void *buffer, int count, cmpi_datatype type, int root, cmpi_comm comm) {
    MPI_Request request;
    return cmpi_end(MPI_Ibcast(buffer, count, type.mpi, root, comm.mpi, &request), &request);
}

static inline int cmpi_allreduce_sum(void *buffer, int count, cmpi_datatype type, cmpi_comm comm) {
    MPI_Request request;
    return cmpi_end(MPI_Iallreduce(MPI_IN_PLACE, buffer, count, type.mpi, MPI_SUM, comm.mpi, &request), &request);
}

static inline int cmpi_allgatherv(
    void *buffer, const int *counts, const int *offsets, cmpi_datatype type, cmpi_comm comm) {
    MPI_Request request;
    int code = MPI_Iallgatherv(MPI_IN_PLACE, 0, type.mpi, buffer, counts, offsets, type.mpi, comm.mpi, &request);
    return cmpi_end(code, &request);
}

static inline int cmpi_gatherv(
    const void *part, int count, void *buffer, const int *counts, const int *offsets, cmpi_datatype type, int root,
    cmpi_comm comm) {
    MPI_Request request;
    int code = MPI_Igatherv(part, count, type.mpi, buffer, counts, offsets, type.mpi, root, comm.mpi, &request);
    return cmpi_end(code, &request);
}

#endif
