/* Lets the n-th call that changes a file below a generation's folder fail: preloaded into the engine's process.

   LOOKSEEK_FAULTS names a file of three 64-bit numbers: calls counted so far, the number of the one that fails (0: none),
   the errno that it fails with. The test writes it while the process lives on. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile int64_t *control;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("LOOKSEEK_FAULTS");
    int handle = file ? REAL(open)(file, O_RDWR) : -1;
    if (handle < 0) return;
    void *mapped = REAL(mmap)(NULL, 3 * sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    if (mapped != MAP_FAILED) control = mapped;
}

static int fails(const char *path) {
    if (!control || !path || !strstr(path, "/generation-")) return 0;
    int64_t number = __sync_add_and_fetch(&control[0], 1);
    if (number != control[1]) return 0;
    errno = (int)control[2];
    return 1;
}

static int fails_of(int handle) {
    char name[64], path[4096];
    if (!control || handle < 0) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(path);
}

ssize_t write(int f, const void *b, size_t n) { return fails_of(f) ? -1 : REAL(write)(f, b, n); }
ssize_t writev(int f, const struct iovec *v, int n) { return fails_of(f) ? -1 : REAL(writev)(f, v, n); }
ssize_t pwrite(int f, const void *b, size_t n, off_t at) { return fails_of(f) ? -1 : REAL(pwrite)(f, b, n, at); }
ssize_t pwrite64(int f, const void *b, size_t n, off64_t at) { return fails_of(f) ? -1 : REAL(pwrite64)(f, b, n, at); }
int ftruncate(int f, off_t n) { return fails_of(f) ? -1 : REAL(ftruncate)(f, n); }
int ftruncate64(int f, off64_t n) { return fails_of(f) ? -1 : REAL(ftruncate64)(f, n); }
int fallocate(int f, int m, off_t at, off_t n) { return fails_of(f) ? -1 : REAL(fallocate)(f, m, at, n); }
int fallocate64(int f, int m, off64_t at, off64_t n) { return fails_of(f) ? -1 : REAL(fallocate64)(f, m, at, n); }
int posix_fallocate(int f, off_t at, off_t n) { return fails_of(f) ? errno : REAL(posix_fallocate)(f, at, n); }
int posix_fallocate64(int f, off64_t at, off64_t n) { return fails_of(f) ? errno : REAL(posix_fallocate64)(f, at, n); }
int fsync(int f) { return fails_of(f) ? -1 : REAL(fsync)(f); }
int fdatasync(int f) { return fails_of(f) ? -1 : REAL(fdatasync)(f); }
int rename(const char *a, const char *b) { return fails(b) ? -1 : REAL(rename)(a, b); }
int renameat(int d, const char *a, int e, const char *b) { return fails(b) ? -1 : REAL(renameat)(d, a, e, b); }
int unlink(const char *a) { return fails(a) ? -1 : REAL(unlink)(a); }
int mkdir(const char *a, mode_t m) { return fails(a) ? -1 : REAL(mkdir)(a, m); }

void *mmap(void *at, size_t n, int p, int how, int f, off_t o) {
    return (how & MAP_SHARED) && fails_of(f) ? MAP_FAILED : REAL(mmap)(at, n, p, how, f, o);
}

void *mmap64(void *at, size_t n, int p, int how, int f, off64_t o) {
    return (how & MAP_SHARED) && fails_of(f) ? MAP_FAILED : REAL(mmap64)(at, n, p, how, f, o);
}

#define OPEN(name, first, given)                                                                     \
    va_list rest;                                                                                    \
    mode_t mode = 0;                                                                                 \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                             \
        va_start(rest, flags);                                                                       \
        mode = va_arg(rest, mode_t);                                                                 \
        va_end(rest);                                                                                \
    }                                                                                                \
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && fails(path)) return -1;                           \
    return REAL(name) given;

int open(const char *path, int flags, ...) { OPEN(open, path, (path, flags, mode)) }
int open64(const char *path, int flags, ...) { OPEN(open64, path, (path, flags, mode)) }
int openat(int folder, const char *path, int flags, ...) { OPEN(openat, folder, (folder, path, flags, mode)) }
int openat64(int folder, const char *path, int flags, ...) { OPEN(openat64, folder, (folder, path, flags, mode)) }
