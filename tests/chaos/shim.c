/* A disk that tells what it has kept, fills up, and a clock that jumps: put before libc with LD_PRELOAD.
 *
 * Why: killing a server cannot show what a power loss takes, because the page cache survives the process; a disk
 * cannot be filled, nor a clock set, without harming everything else on the machine. So the few calls through which
 * Valkey and Redis reach their append-only files and the time are answered here.
 *
 * SHIM_JOURNAL  a file; each sync of a file that succeeded appends "inode size". The inode, for files are synced before they get
 *               their last name; the size before the call, for bytes written while it ran may not be on the disk.
 * SHIM_CONTROL  a file of two int64 in this machine's byte order, mapped, so that asking it costs a memory load:
 *               clock_s, seconds added to the wall clock, and room, bytes left on the disk (-1: no bound).
 *
 * What it cannot see: writes that libc makes for stdio (servers write their base file so), which matters to a full
 * disk only. Both servers append with write() alone. It calls the kernel directly, so it needs no lookup of the
 * functions it replaces.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    _Atomic int64_t clock_s;
    _Atomic int64_t room;
};

static struct control calm = {0, -1};
static struct control *control = &calm;
static int journal = -1;

__attribute__((constructor)) static void open_files(void) {
    const char *path = getenv("SHIM_CONTROL");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof calm, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED) control = mapped;
        close(file);
    }
    path = getenv("SHIM_JOURNAL");
    if (path) journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_append_only(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return strstr(path, "/appendonlydir/") != NULL;
}

/* How many of `wanted` bytes a full disk takes: a write that meets its end is short, the next one fails. */
static ssize_t room_for(int fd, size_t wanted) {
    int64_t room = control->room;
    if (room < 0 || !is_append_only(fd)) return (ssize_t)wanted;
    if (room == 0) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t taken = (int64_t)wanted < room ? (ssize_t)wanted : (ssize_t)room;
    control->room -= taken;
    return taken;
}

static int sync_with(long number, int fd) {
    struct stat before;
    if (control->room == 0 && is_append_only(fd)) {
        errno = ENOSPC;
        return -1;
    }
    int is_file = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
    int result = (int)syscall(number, fd);
    if (is_file && result == 0 && journal >= 0) {
        /* One write to a file opened for appending: lines of several threads do not mix. */
        char line[64];
        int length = snprintf(line, sizeof line, "%ju %jd\n", (uintmax_t)before.st_ino, (intmax_t)before.st_size);
        if (syscall(SYS_write, journal, line, length) != length) abort();
    }
    return result;
}

int fsync(int fd) { return sync_with(SYS_fsync, fd); }

int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }

ssize_t write(int fd, const void *bytes, size_t size) {
    ssize_t taken = room_for(fd, size);
    return taken < 0 ? -1 : syscall(SYS_write, fd, bytes, taken);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += control->clock_s;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
