/* Logs what a process does to files below POWER_CUT_ROOT, in order, to the file POWER_CUT_LOG; loaded by LD_PRELOAD.

Each record: kind (1 byte), bytes of the path (4), offset or size (8, signed), bytes of data (4), path, data; little
endian, as the machine has it. Only what power_cut.log reads is logged: paths are absolute, as the programs give them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 'c', WRITE = 'w', TRUNCATE = 't', SYNC = 's', RENAME = 'r', UNLINK = 'u', MKDIR = 'm', RMDIR = 'd' };
enum { MOST_FILES = 4096 };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char *paths[MOST_FILES]; /* by descriptor; NULL: not below the root */
static const char *root;
static size_t root_length;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("POWER_CUT_LOG");
    root = getenv("POWER_CUT_ROOT");
    if (!root || !log) return;
    root_length = strlen(root);
    log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

#define REAL(result, name, ...)                                  \
    static result (*real)(__VA_ARGS__);                          \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int is_ours(const char *path) {
    return log_fd >= 0 && path && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static void put(const void *data, size_t size) {
    while (size > 0) {
        ssize_t done = syscall(SYS_write, log_fd, data, size);
        if (done <= 0) abort();
        data = (const char *)data + done;
        size -= done;
    }
}

static void note(char kind, const char *path, int64_t number, const void *data, uint32_t size) {
    uint32_t path_size = strlen(path);
    char head[17];
    head[0] = kind;
    memcpy(head + 1, &path_size, 4);
    memcpy(head + 5, &number, 8);
    memcpy(head + 13, &size, 4);
    put(head, sizeof head);
    put(path, path_size);
    put(data, size);
}

static const char *path_of(int fd) { return fd >= 0 && fd < MOST_FILES ? paths[fd] : NULL; }

/* The path of an argument of the *at functions, to be freed; NULL: not ours. */
static char *path_at(int directory, const char *name) {
    char *path = NULL;
    if (!name) return NULL;
    if (name[0] == '/' || directory == AT_FDCWD) return is_ours(name) ? strdup(name) : NULL;
    if (!path_of(directory) || asprintf(&path, "%s/%s", path_of(directory), name) < 0) return NULL;
    return path;
}

static int opened(int fd, char *path, int flags, int was_there) {
    if (fd >= 0 && fd < MOST_FILES) {
        pthread_mutex_lock(&turn);
        free(paths[fd]);
        paths[fd] = path;
        if (path && (flags & O_CREAT) && !was_there) note(CREATE, path, 0, NULL, 0);
        if (path && (flags & O_TRUNC) && was_there) note(TRUNCATE, path, 0, NULL, 0);
        pthread_mutex_unlock(&turn);
    } else {
        free(path);
    }
    return fd;
}

static int open_at(int directory, const char *name, int flags, mode_t mode) {
    char *path = path_at(directory, name);
    struct stat found;
    int was_there = path && syscall(SYS_newfstatat, directory, name, &found, 0) == 0;
    return opened(syscall(SYS_openat, directory, name, flags, mode), path, flags, was_there);
}

#define MODE(flags)                       \
    mode_t mode = 0;                      \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest;                     \
        va_start(rest, flags);            \
        mode = va_arg(rest, mode_t);      \
        va_end(rest);                     \
    }

int open(const char *name, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, name, flags, mode); }
int openat(int directory, const char *name, int flags, ...) { MODE(flags) return open_at(directory, name, flags, mode); }
int openat64(int directory, const char *name, int flags, ...) { MODE(flags) return open_at(directory, name, flags, mode); }
int creat(const char *name, mode_t mode) { return open_at(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
    if (fd == log_fd) return 0;
    if (fd >= 0 && fd < MOST_FILES) {
        pthread_mutex_lock(&turn);
        free(paths[fd]);
        paths[fd] = NULL;
        pthread_mutex_unlock(&turn);
    }
    return syscall(SYS_close, fd);
}

/* `offset` < 0: where the descriptor stands. */
static ssize_t write_at(int fd, const void *data, size_t size, off_t offset) {
    const char *path = path_of(fd);
    if (!path) {
        return offset < 0 ? syscall(SYS_write, fd, data, size) : syscall(SYS_pwrite64, fd, data, size, offset);
    }
    pthread_mutex_lock(&turn);
    off_t place = offset;
    if (offset < 0) {
        int appends = syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND;
        place = syscall(SYS_lseek, fd, 0, appends ? SEEK_END : SEEK_CUR);
    }
    ssize_t done = offset < 0 ? syscall(SYS_write, fd, data, size) : syscall(SYS_pwrite64, fd, data, size, offset);
    if (done > 0) note(WRITE, path, place, data, done);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return write_at(fd, data, size, -1); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return write_at(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return write_at(fd, data, size, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!path_of(fd)) return syscall(SYS_writev, fd, parts, count);
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write_at(fd, parts[i].iov_base, parts[i].iov_len, -1);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}

static int logged(int result, char kind, const char *path, int64_t number, const char *other) {
    if (result == 0 && path) {
        pthread_mutex_lock(&turn);
        note(kind, path, number, other, other ? strlen(other) : 0);
        pthread_mutex_unlock(&turn);
    }
    return result;
}

int ftruncate(int fd, off_t size) { return logged(syscall(SYS_ftruncate, fd, size), TRUNCATE, path_of(fd), size, NULL); }
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
int fsync(int fd) { return logged(syscall(SYS_fsync, fd), SYNC, path_of(fd), 0, NULL); }
int fdatasync(int fd) { return logged(syscall(SYS_fdatasync, fd), SYNC, path_of(fd), 0, NULL); }

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    return logged(real(from, to), RENAME, is_ours(from) ? from : NULL, 0, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    return logged(real(path, mode), MKDIR, is_ours(path) ? path : NULL, 0, NULL);
}

static int removed_at(int result, char kind, char *path) {
    int kept = errno;
    logged(result, kind, path, 0, NULL);
    free(path);
    errno = kept;
    return result;
}

int unlinkat(int directory, const char *name, int flags) {
    char *path = path_at(directory, name);
    int result = syscall(SYS_unlinkat, directory, name, flags);
    return removed_at(result, flags & AT_REMOVEDIR ? RMDIR : UNLINK, path);
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
