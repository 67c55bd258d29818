// Preloaded into dptrain (LD_PRELOAD), it makes calls of the operating system's files fail, and remembers what a loss of
// power would leave. Tests/FaultTests/faults.sh builds it and says how it is used.
//
//     FAULT_FOLDER    the calls that count are those on files in this folder, by its absolute path
//     FAULT_LOG       a file that gets a line for every such call: "operation path"
//     FAULT_CALL      the number of the call that fails, from 1; none if 0 or not given
//     FAULT_KIND      what it does: a number of errno, "short" for a read or write of half the bytes, "zero" for a write
//                     that takes none, "kill" for the process's end ahead of the call, "crash" for a fault of memory in its
//                     place, and "lost", the planted fault: a write that says it is done and was not
//     FAULT_LASTING   if "yes", all later calls fail as well
//     FAULT_RANK      only this rank's calls count; all ranks' if not given
//     FAULT_DISK      a folder that holds what would be left if the power failed now: see `Power` below
//     FAULT_NO_FSYNC  another planted fault: "files" or "folders" are not brought onto the disk, though fsync says so

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The call as the C library has it.
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    return found;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *disk, *kind, *without_fsync;
static int report = -1;
static long failing, calls;
static int lasting;
// Of each descriptor of a file in the folder its path; "" of others.
enum { most_descriptors = 1024 };
static char paths[most_descriptors][PATH_MAX];

__attribute__((constructor)) static void set_up(void) {
    const char *rank = getenv("FAULT_RANK"), *own = getenv("OMPI_COMM_WORLD_RANK"), *call = getenv("FAULT_CALL");
    const char *log = getenv("FAULT_LOG"), *last = getenv("FAULT_LASTING");
    if (rank != NULL && strcmp(rank, own != NULL ? own : "0") != 0) return;
    folder = getenv("FAULT_FOLDER");
    disk = getenv("FAULT_DISK");
    kind = getenv("FAULT_KIND") != NULL ? getenv("FAULT_KIND") : "5";
    without_fsync = getenv("FAULT_NO_FSYNC") != NULL ? getenv("FAULT_NO_FSYNC") : "";
    failing = call != NULL ? atol(call) : 0;
    lasting = last != NULL && strcmp(last, "yes") == 0;
    if (log != NULL) report = (int)syscall(SYS_open, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

// The absolute path, or "" for one that is not in the folder.
static void absolute(const char *path, char *result, size_t size) {
    char here[PATH_MAX];
    result[0] = 0;
    if (folder == NULL || path == NULL) return;
    while (strncmp(path, "./", 2) == 0) path += 2;
    if (path[0] == '/') snprintf(result, size, "%s", path);
    else if (getcwd(here, sizeof here) != NULL) snprintf(result, size, "%s/%s", here, path);
    size_t length = strlen(folder);
    if (strncmp(result, folder, length) != 0 || (result[length] != 0 && result[length] != '/')) result[0] = 0;
}

static const char *path_of(int descriptor) {
    return descriptor >= 0 && descriptor < most_descriptors ? paths[descriptor] : "";
}

static void remember(int descriptor, const char *path) {
    if (descriptor >= 0 && descriptor < most_descriptors) snprintf(paths[descriptor], sizeof paths[0], "%s", path);
}

enum outcome { goes_on, fails, is_short, takes_none, is_lost };

// Counts a call, and says what becomes of it. For a failure errno is set.
static enum outcome meet(const char *operation, const char *path) {
    if (path[0] == 0) return goes_on;
    pthread_mutex_lock(&mutex);
    long call = ++calls;
    pthread_mutex_unlock(&mutex);
    if (report >= 0) {
        char line[PATH_MAX + 32];
        int length = snprintf(line, sizeof line, "%s %s\n", operation, path);
        if (length > 0) (void)!syscall(SYS_write, report, line, length);
    }
    if (failing == 0 || call < failing || (call > failing && !lasting)) return goes_on;
    if (strcmp(kind, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(kind, "crash") == 0) raise(SIGSEGV);
    if (strcmp(kind, "short") == 0) return is_short;
    if (strcmp(kind, "zero") == 0) return takes_none;
    if (strcmp(kind, "lost") == 0) return is_lost;
    errno = atoi(kind);
    return fails;
}

// Of a call that is done or not, and knows no half.
static int is_refused(const char *operation, const char *path) { return meet(operation, path) == fails; }

static int is_refused_at(const char *operation, const char *path) {
    char whole[PATH_MAX];
    absolute(path, whole, sizeof whole);
    return is_refused(operation, whole);
}

// --- Power ---------------------------------------------------------------------------------------------------------------
//
// What is on the disk for certain, by the letter of POSIX: the bytes that a file had at its last fsync, and the names that a
// folder had at its own. FAULT_DISK holds both:
//
//     content/INODE-N   the bytes; N counts how often the number was given to a new file
//     names/NAME        a symbolic link to the content that the name led to
//     begun             there if the folder's own name is on the disk: its parent was brought there

static struct { ino_t inode; int generation; } freed[4096];
static int freed_count;

static int generation(ino_t inode) {
    int found = 0;
    for (int i = 0; i < freed_count; i++) if (freed[i].inode == inode) found = freed[i].generation;
    return found;
}

static void content_path(char *result, const struct stat *status) {
    snprintf(result, PATH_MAX, "%s/content/%lu-%d", disk, (unsigned long)status->st_ino, generation(status->st_ino));
}

// The inode of `path` goes with this name if it is the last one.
static void note_removal(const char *path) {
    struct stat status;
    if (disk == NULL || lstat(path, &status) != 0 || status.st_nlink > 1 || freed_count == 4096) return;
    freed[freed_count].generation = generation(status.st_ino) + 1;
    freed[freed_count++].inode = status.st_ino;
}

static void copy(int from, const char *path) {
    static char block[1 << 16];
    int to = (int)syscall(SYS_open, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    for (off_t done = 0;;) {
        ssize_t part = syscall(SYS_pread64, from, block, sizeof block, done);
        if (part <= 0) break;
        (void)!syscall(SYS_write, to, block, part);
        done += part;
    }
    syscall(SYS_close, to);
}

static void secure_file(const char *path) {
    struct stat status;
    char content[PATH_MAX], temporary[PATH_MAX + 8];
    int file = (int)syscall(SYS_open, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    fstat(file, &status);
    content_path(content, &status);
    snprintf(temporary, sizeof temporary, "%s.new", content);
    copy(file, temporary);
    REAL(rename)(temporary, content);
    syscall(SYS_close, file);
}

static void secure_names(void) {
    char path[PATH_MAX], content[PATH_MAX];
    snprintf(path, sizeof path, "%s/names", disk);
    DIR *old = REAL(opendir)(path);
    for (struct dirent *entry; old != NULL && (entry = readdir(old)) != NULL;) {
        snprintf(path, sizeof path, "%s/names/%s", disk, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) REAL(unlink)(path);
    }
    if (old != NULL) closedir(old);
    DIR *now = REAL(opendir)(folder);
    for (struct dirent *entry; now != NULL && (entry = readdir(now)) != NULL;) {
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode)) continue;
        content_path(content, &status);
        snprintf(path, sizeof path, "%s/names/%s", disk, entry->d_name);
        (void)!symlink(content, path);
        // A name of a file whose bytes are nowhere yet.
        int file = (int)syscall(SYS_open, content, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (file >= 0) syscall(SYS_close, file);
    }
    if (now != NULL) closedir(now);
}

static void secure(const char *path) {
    struct stat status;
    if (disk == NULL || stat(path, &status) != 0) return;
    pthread_mutex_lock(&mutex);
    if (!S_ISDIR(status.st_mode)) {
        if (strcmp(without_fsync, "files") != 0) secure_file(path);
    } else if (strcmp(path, folder) == 0) {
        if (strcmp(without_fsync, "folders") != 0) secure_names();
    }
    pthread_mutex_unlock(&mutex);
}

// The folder above: only its descriptor tells.
static void secure_parent(int descriptor) {
    char parent[PATH_MAX], path[PATH_MAX];
    struct stat above, status;
    if (disk == NULL || folder == NULL) return;
    snprintf(parent, sizeof parent, "%s/..", folder);
    if (stat(parent, &above) != 0 || fstat(descriptor, &status) != 0 || above.st_ino != status.st_ino) return;
    snprintf(path, sizeof path, "%s/begun", disk);
    int file = (int)syscall(SYS_open, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0) syscall(SYS_close, file);
}

// --- Calls ---------------------------------------------------------------------------------------------------------------

static int opened(const char *name, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    absolute(path, whole, sizeof whole);
    if (is_refused(flags & O_CREAT ? "create" : "open", whole)) return -1;
    int descriptor = ((int (*)(const char *, int, ...))real(name))(path, flags, mode);
    remember(descriptor, whole);
    return descriptor;
}

#define MODE(flags) ({ mode_t mode = 0; if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list list; va_start(list, flags); \
    mode = va_arg(list, mode_t); va_end(list); } mode; })

int open(const char *path, int flags, ...) { return opened("open", path, flags, MODE(flags)); }
int open64(const char *path, int flags, ...) { return opened("open64", path, flags, MODE(flags)); }

int close(int descriptor) {
    int refused = is_refused("close", path_of(descriptor)), code = errno;
    remember(descriptor, "");
    // The descriptor is gone even where close reports an error.
    int result = REAL(close)(descriptor);
    if (!refused) return result;
    errno = code;
    return -1;
}

#define TRANSFER(operation, result_of) \
    switch (meet(operation, path_of(descriptor))) { \
    case fails: return -1; \
    case takes_none: return 0; \
    case is_lost: return (ssize_t)count; \
    case is_short: count = count > 1 ? count / 2 : count; break; \
    case goes_on: break; \
    } \
    return result_of;

ssize_t write(int descriptor, const void *bytes, size_t count) {
    TRANSFER("write", REAL(write)(descriptor, bytes, count))
}
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    TRANSFER("pwrite", REAL(pwrite)(descriptor, bytes, count, offset))
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    TRANSFER("pwrite", REAL(pwrite64)(descriptor, bytes, count, offset))
}
// A read that takes none is the end of the file: a file that was cut while it was read.
ssize_t read(int descriptor, void *bytes, size_t count) {
    TRANSFER("read", REAL(read)(descriptor, bytes, count))
}
ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
    TRANSFER("pread", REAL(pread)(descriptor, bytes, count, offset))
}
ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
    TRANSFER("pread", REAL(pread64)(descriptor, bytes, count, offset))
}

int fsync(int descriptor) {
    const char *path = path_of(descriptor);
    if (is_refused("fsync", path)) return -1;
    if (path[0] != 0) secure(path); else secure_parent(descriptor);
    return REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
    const char *path = path_of(descriptor);
    if (is_refused("fdatasync", path)) return -1;
    if (path[0] != 0) secure(path);
    return REAL(fdatasync)(descriptor);
}

int ftruncate(int descriptor, off_t length) {
    return is_refused("ftruncate", path_of(descriptor)) ? -1 : REAL(ftruncate)(descriptor, length);
}
int ftruncate64(int descriptor, off64_t length) {
    return is_refused("ftruncate", path_of(descriptor)) ? -1 : REAL(ftruncate64)(descriptor, length);
}

int rename(const char *path, const char *new_path) {
    if (is_refused_at("rename", new_path)) return -1;
    note_removal(new_path);
    return REAL(rename)(path, new_path);
}
int link(const char *path, const char *new_path) {
    return is_refused_at("link", new_path) ? -1 : REAL(link)(path, new_path);
}
int unlink(const char *path) {
    if (is_refused_at("unlink", path)) return -1;
    note_removal(path);
    return REAL(unlink)(path);
}
int mkdir(const char *path, mode_t mode) { return is_refused_at("mkdir", path) ? -1 : REAL(mkdir)(path, mode); }
DIR *opendir(const char *path) { return is_refused_at("opendir", path) ? NULL : REAL(opendir)(path); }
