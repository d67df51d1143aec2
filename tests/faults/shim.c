/* Makes one kind of system call fail below a folder: LD_PRELOAD, for tests/write_errors.rs.
 *
 * FAULT_DIR    folder below which calls count
 * FAULT_OP     open (for writing), write, sync, rename, mkdir, truncate or close
 * FAULT_AT     number of the first call that fails, from 0
 * FAULT_ALL    set: all calls after it fail too
 * FAULT_ERRNO  what it fails with
 * FAULT_LOG    file that gets the number of calls of this kind, at the end
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long calls = 0;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* One if this call must fail; sets errno. */
static int fails(const char *op, const char *path) {
    const char *dir = getenv("FAULT_DIR"), *wanted = getenv("FAULT_OP");
    if (!dir || !wanted || !path || strcmp(op, wanted) || strncmp(path, dir, strlen(dir)))
        return 0;
    pthread_mutex_lock(&lock);
    long n = calls++;
    pthread_mutex_unlock(&lock);
    long at = atol(getenv("FAULT_AT") ? getenv("FAULT_AT") : "-1");
    if (at < 0 || n < at || (n > at && !getenv("FAULT_ALL")))
        return 0;
    errno = atoi(getenv("FAULT_ERRNO"));
    return 1;
}

/* Relative paths are below the folder in which the program runs. */
static int fails_path(const char *op, const char *path) {
    char full[PATH_MAX + PATH_MAX];
    if (path[0] == '/')
        return fails(op, path);
    if (!getcwd(full, PATH_MAX))
        return 0;
    strcat(full, "/");
    strncat(full, path, PATH_MAX - 1);
    return fails(op, full);
}

static int fails_fd(const char *op, int fd) {
    char link[64], path[PATH_MAX];
    if (!getenv("FAULT_OP") || strcmp(op, getenv("FAULT_OP")))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return 0;
    path[n] = 0;
    return fails(op, path);
}

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

#define OPEN(NAME)                                                                                 \
    int NAME(const char *path, int flags, ...) {                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = va_arg(rest, mode_t);                                                        \
        va_end(rest);                                                                              \
        if ((flags & O_ACCMODE) != O_RDONLY && fails_path("open", path))                           \
            return -1;                                                                             \
        return ((int (*)(const char *, int, mode_t))next(#NAME))(path, flags, mode);               \
    }
OPEN(open)
OPEN(open64)

#define WRITE(NAME, TYPE)                                                                          \
    ssize_t NAME(int fd, const void *data, size_t count, TYPE at) {                                \
        if (fails_fd("write", fd))                                                                 \
            return -1;                                                                             \
        return ((ssize_t (*)(int, const void *, size_t, TYPE))next(#NAME))(fd, data, count, at);   \
    }
WRITE(pwrite, off_t)
WRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t count) {
    if (fails_fd("write", fd))
        return -1;
    return ((ssize_t (*)(int, const void *, size_t))next("write"))(fd, data, count);
}

#define ON_FD(NAME, OP)                                                                            \
    int NAME(int fd) {                                                                             \
        int failed = fails_fd(OP, fd), why = errno;                                                \
        if (failed && strcmp(OP, "close"))                                                         \
            return -1;                                                                             \
        int done = ((int (*)(int))next(#NAME))(fd); /* a failed close closes, as Linux does */     \
        if (failed) {                                                                              \
            errno = why;                                                                           \
            return -1;                                                                             \
        }                                                                                          \
        return done;                                                                               \
    }
ON_FD(fsync, "sync")
ON_FD(fdatasync, "sync")
ON_FD(close, "close")

#define TRUNCATE(NAME, TYPE)                                                                       \
    int NAME(int fd, TYPE length) {                                                                \
        if (fails_fd("truncate", fd))                                                              \
            return -1;                                                                             \
        return ((int (*)(int, TYPE))next(#NAME))(fd, length);                                      \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int rename(const char *from, const char *to) {
    if (fails_path("rename", to))
        return -1;
    return ((int (*)(const char *, const char *))next("rename"))(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (fails_path("mkdir", path))
        return -1;
    return ((int (*)(const char *, mode_t))next("mkdir"))(path, mode);
}

__attribute__((destructor)) static void told(void) {
    const char *log = getenv("FAULT_LOG");
    FILE *file = log ? fopen(log, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", calls);
        fclose(file);
    }
}
