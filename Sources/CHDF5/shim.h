#pragma once
// Later versions go on to have the calls of 1.10, by names with a number.
#define H5_USE_110_API
#include <hdf5.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// HDF5 names its predefined types and classes by macros that first make sure the library is open; Swift imports no
// such macros, so each gets a function.

static inline hid_t chdf5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t chdf5_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t chdf5_int32(void) { return H5T_STD_I32LE; }
static inline hid_t chdf5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t chdf5_uint64(void) { return H5T_STD_U64LE; }
static inline hid_t chdf5_string(void) { return H5T_C_S1; }

static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }

static inline hid_t chdf5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_dataset_create(void) { return H5P_DATASET_CREATE; }

static inline size_t chdf5_variable_length(void) { return H5T_VARIABLE; }
static inline haddr_t chdf5_undefined_address(void) { return HADDR_UNDEF; }
static inline hid_t chdf5_whole_extent(void) { return H5S_ALL; }

// Names that stand for numbered ones are macros, too.

typedef H5O_info_t chdf5_object_info;
typedef H5L_info_t chdf5_link_info;

static inline herr_t chdf5_get_object_info(hid_t object, chdf5_object_info *info) {
    return H5Oget_info2(object, info, H5O_INFO_BASIC);
}

static inline herr_t chdf5_get_object_info_by_name(hid_t group, const char *name, chdf5_object_info *info) {
    return H5Oget_info_by_name2(group, name, info, H5O_INFO_BASIC, H5P_DEFAULT);
}

static inline herr_t chdf5_get_link_info(hid_t group, const char *name, chdf5_link_info *info) {
    return H5Lget_info(group, name, info, H5P_DEFAULT);
}

static inline hid_t chdf5_dereference(hid_t object, const hobj_ref_t *reference) {
    return H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, reference);
}

/// In the order of names.
static inline herr_t chdf5_iterate_links(hid_t group, H5L_iterate_t operation, void *data) {
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, operation, data);
}

// It takes a format, as printf does. Swift imports no such function.
static inline void chdf5_push_read_error(const char *text) {
    H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_IO, H5E_READERROR, "%s", text);
}

// Swift does not see that a timer can send its signal to one thread.

/// A timer of the calling thread's processor time, which sends the signal to this thread.
static inline int chdf5_create_thread_timer(int signal, timer_t *timer) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    return timer_create(CLOCK_THREAD_CPUTIME_ID, &event, timer);
}

/// Has the timer send its signal once after so many seconds; 0 stops it.
static inline void chdf5_start_timer(timer_t timer, long seconds) {
    struct itimerspec once = {.it_value.tv_sec = seconds};
    timer_settime(timer, 0, &once, NULL);
}
