#pragma once
#include <dlfcn.h>
#include <mpi.h>

// Handles are addresses in Open MPI, behind macros that Swift does not import, and numbers in MPICH. In a struct of its own a
// handle is the same to Swift, whichever it is.

typedef struct { MPI_Comm mpi; } cmpi_comm;
typedef struct { MPI_Datatype mpi; } cmpi_datatype;
typedef struct { MPI_Request mpi; } cmpi_request;

#ifdef OPEN_MPI
static inline int cmpi_is_open_mpi(void) { return 1; }
#else
static inline int cmpi_is_open_mpi(void) { return 0; }
#endif

static inline cmpi_comm cmpi_comm_world(void) { return (cmpi_comm){MPI_COMM_WORLD}; }
static inline cmpi_comm cmpi_comm_null(void) { return (cmpi_comm){MPI_COMM_NULL}; }
static inline int cmpi_is_null(cmpi_comm comm) { return comm.mpi == MPI_COMM_NULL; }
static inline MPI_Errhandler cmpi_errors_return(void) { return MPI_ERRORS_RETURN; }
static inline void *cmpi_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Info cmpi_info_null(void) { return MPI_INFO_NULL; }
static inline int cmpi_comm_type_shared(void) { return MPI_COMM_TYPE_SHARED; }
static inline MPI_Op cmpi_sum(void) { return MPI_SUM; }

static inline cmpi_datatype cmpi_float(void) { return (cmpi_datatype){MPI_FLOAT}; }
static inline cmpi_datatype cmpi_double(void) { return (cmpi_datatype){MPI_DOUBLE}; }
static inline cmpi_datatype cmpi_int32(void) { return (cmpi_datatype){MPI_INT32_T}; }
static inline cmpi_datatype cmpi_int64(void) { return (cmpi_datatype){MPI_INT64_T}; }
static inline cmpi_datatype cmpi_uint8(void) { return (cmpi_datatype){MPI_UINT8_T}; }
static inline cmpi_datatype cmpi_uint16(void) { return (cmpi_datatype){MPI_UINT16_T}; }

static inline cmpi_request cmpi_request_null(void) { return (cmpi_request){MPI_REQUEST_NULL}; }
static inline int cmpi_is_under_way(cmpi_request request) { return request.mpi != MPI_REQUEST_NULL; }

static inline int cmpi_testsome(int count, cmpi_request *requests, int *completed, int *places) {
    return MPI_Testsome(count, &requests->mpi, completed, places, MPI_STATUSES_IGNORE);
}

/// MPI_Abort of Open MPI first tells the user what the program has told him already. The function behind it says nothing. MPICH
/// has a variable for it.
static inline void cmpi_abort(cmpi_comm comm, int code) {
    int (*quiet)(MPI_Comm, int) = (int (*)(MPI_Comm, int))dlsym(RTLD_DEFAULT, "ompi_mpi_abort");
    if (quiet) quiet(comm.mpi, code);
    MPI_Abort(comm.mpi, code);
}

#include "waiting.h"
