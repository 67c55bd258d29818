#pragma once
#include <dlfcn.h>
#include <mpi.h>

// Open MPI's handles are macros that cast addresses, which Swift does not import.

static inline MPI_Comm cmpi_comm_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Errhandler cmpi_errors_return(void) { return MPI_ERRORS_RETURN; }
static inline MPI_Request cmpi_request_null(void) { return MPI_REQUEST_NULL; }
static inline MPI_Status *cmpi_statuses_ignore(void) { return MPI_STATUSES_IGNORE; }
static inline void *cmpi_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Info cmpi_info_null(void) { return MPI_INFO_NULL; }
static inline int cmpi_comm_type_shared(void) { return MPI_COMM_TYPE_SHARED; }
static inline MPI_Op cmpi_sum(void) { return MPI_SUM; }

static inline MPI_Datatype cmpi_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype cmpi_double(void) { return MPI_DOUBLE; }
static inline MPI_Datatype cmpi_int32(void) { return MPI_INT32_T; }
static inline MPI_Datatype cmpi_int64(void) { return MPI_INT64_T; }
static inline MPI_Datatype cmpi_uint8(void) { return MPI_UINT8_T; }
static inline MPI_Datatype cmpi_uint16(void) { return MPI_UINT16_T; }

// MPI_Abort of Open MPI first tells the user what the program has told him already. The function behind it says nothing.
static inline void cmpi_abort(MPI_Comm comm, int code) {
    int (*quiet)(MPI_Comm, int) = (int (*)(MPI_Comm, int))dlsym(RTLD_DEFAULT, "ompi_mpi_abort");
    if (quiet) quiet(comm, code);
    MPI_Abort(comm, code);
}
