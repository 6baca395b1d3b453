/* Fails the n-th system call of a kind on files whose path contains a part: LD_PRELOAD it, and arm it from within.
 *
 * With `lasting` every later call of the kind fails too, as on a disk that stays broken, until it is armed anew.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITES = 1, SYNCS = 2, READS = 4, OPENS = 8, MAPS = 16 };

static char part[4096];
static int kinds, nth, error, lasting;
static atomic_int calls, fired;

void faults_arm(const char *path_part, int of_kinds, int which, int with_error, int for_good)
{
    snprintf(part, sizeof part, "%s", path_part);
    kinds = of_kinds, nth = which, error = with_error, lasting = for_good;
    calls = fired = 0;
}

int faults_fired(void)
{
    return fired;
}

static int fails_at(int kind, const char *path)
{
    if (!(kinds & kind) || !strstr(path, part))
        return 0;
    int call = atomic_fetch_add(&calls, 1) + 1;
    if (call < nth || (call > nth && !lasting))
        return 0;
    fired++;
    errno = error;
    return 1;
}

static int fails(int kind, int file)
{
    char link[64], path[4096];
    if (!(kinds & kind))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return fails_at(kind, path);
}

/* defines a function that fails, or does what the one behind it does */
#define MAY_FAIL(result, name, parameters, arguments, condition)                                                       \
    result name parameters                                                                                             \
    {                                                                                                                  \
        static result(*behind) parameters;                                                                             \
        if (!behind)                                                                                                   \
            behind = dlsym(RTLD_NEXT, #name);                                                                          \
        return (condition) ? (result)-1 : behind arguments;                                                            \
    }

MAY_FAIL(ssize_t, write, (int file, const void *data, size_t size), (file, data, size), fails(WRITES, file))
MAY_FAIL(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at),
         fails(WRITES, file))
MAY_FAIL(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at),
         fails(WRITES, file))
MAY_FAIL(int, ftruncate, (int file, off_t size), (file, size), fails(WRITES, file))
MAY_FAIL(int, ftruncate64, (int file, off64_t size), (file, size), fails(WRITES, file))
MAY_FAIL(int, unlink, (const char *path), (path), fails_at(WRITES, path))
MAY_FAIL(int, fsync, (int file), (file), fails(SYNCS, file))
MAY_FAIL(int, fdatasync, (int file), (file), fails(SYNCS, file))
MAY_FAIL(ssize_t, read, (int file, void *data, size_t size), (file, data, size), fails(READS, file))
MAY_FAIL(ssize_t, pread, (int file, void *data, size_t size, off_t at), (file, data, size, at), fails(READS, file))
MAY_FAIL(ssize_t, pread64, (int file, void *data, size_t size, off64_t at), (file, data, size, at), fails(READS, file))
MAY_FAIL(void *, mmap, (void *near, size_t size, int protection, int flags, int file, off_t at),
         (near, size, protection, flags, file, at), file >= 0 && fails(MAPS, file))
MAY_FAIL(void *, mmap64, (void *near, size_t size, int protection, int flags, int file, off64_t at),
         (near, size, protection, flags, file, at), file >= 0 && fails(MAPS, file))

/* the mode is there only for a file that is made; where it is not, what is read for it is thrown away */
#define OPEN_MAY_FAIL(name)                                                                                            \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        static int (*behind)(const char *, int, ...);                                                                  \
        if (!behind)                                                                                                   \
            behind = dlsym(RTLD_NEXT, #name);                                                                          \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = va_arg(rest, mode_t);                                                                            \
        va_end(rest);                                                                                                  \
        return fails_at(OPENS, path) ? -1 : behind(path, flags, mode);                                                 \
    }

OPEN_MAY_FAIL(open)
OPEN_MAY_FAIL(open64)
