/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loaded before the C library (LD_PRELOAD), makes one chosen call on a file below one chosen folder fail:
 *   VITRAIL_FAULT         CALL:N:WHAT, such as pwrite:3:ENOSPC; N+ means the N-th and all after it; WHAT may be "short"
 *   VITRAIL_FAULT_FOLDER  files below it count, no others
 *   VITRAIL_FAULT_NOTE    a file that gets the path of each file whose call failed
 *   VITRAIL_FAULT_COUNT   where set, that file also gets, at the end, how many such calls there were
 * CALL memory counts what the program itself (not its shared libraries) asks the C library for, and knows no folder.
 * Streams (fopen, fdopen) on these files read and write through the calls here, because those inside the C library would not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    char call[32];
    long n;
    bool is_lasting, is_short;
    int reason;
    const char *folder, *note;
} fault;
static atomic_long count;
static struct {
    uintptr_t from, to; /* where the program's own code lies */
} program;

static int reason_of(const char *name)
{
    static const struct {
        const char *name;
        int reason;
    } reasons[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR},  {"EACCES", EACCES},
                   {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"EDQUOT", EDQUOT}};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(name, reasons[i].name) == 0) return reasons[i].reason;
    return 0;
}

/* The first object is the program itself. */
static int find_program(struct dl_phdr_info *object, size_t size, void *user)
{
    (void)size;
    (void)user;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        program.from = object->dlpi_addr + part->p_vaddr;
        program.to = program.from + part->p_memsz;
    }
    return 1;
}

__attribute__((constructor)) static void prepare(void)
{
    const char *text = getenv("VITRAIL_FAULT");
    char n[16], what[16];
    fault.folder = getenv("VITRAIL_FAULT_FOLDER");
    fault.note = getenv("VITRAIL_FAULT_NOTE");
    if (text == NULL || fault.folder == NULL || fault.note == NULL) return;
    if (sscanf(text, "%31[^:]:%15[^:]:%15s", fault.call, n, what) != 3) abort();
    fault.n = strtol(n, NULL, 10);
    fault.is_lasting = strchr(n, '+') != NULL;
    fault.is_short = strcmp(what, "short") == 0;
    fault.reason = reason_of(what);
    if (!fault.is_short && fault.reason == 0) abort();
    if (strcmp(fault.call, "memory") == 0) dl_iterate_phdr(find_program, NULL);
}

static void note(const char *path)
{
    int file =
        (int)syscall(SYS_openat, AT_FDCWD, fault.note, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0) return;
    syscall(SYS_write, file, path, strlen(path));
    syscall(SYS_write, file, "\n", 1);
    syscall(SYS_close, file);
}

/* How many there were, for whoever wants to try each. */
__attribute__((destructor)) static void note_count(void)
{
    char text[32];
    if (fault.note == NULL || getenv("VITRAIL_FAULT_COUNT") == NULL) return;
    snprintf(text, sizeof text, "%ld", atomic_load(&count));
    note(text);
}

static bool is_below(const char *path)
{
    size_t n = fault.folder != NULL ? strlen(fault.folder) : 0;
    return n > 0 && path != NULL && strncmp(path, fault.folder, n) == 0 && path[n] == '/';
}

/* One more of the calls that count: whether it is one to fail. */
static bool is_its_turn(const char *path)
{
    long now = atomic_fetch_add(&count, 1) + 1;
    if (now != fault.n && !(fault.is_lasting && now > fault.n)) return false;
    note(path);
    errno = fault.reason;
    return true;
}

static bool hits_path(const char *call, const char *path)
{
    return strcmp(call, fault.call) == 0 && is_below(path) && is_its_turn(path);
}

static bool find_path(char path[PATH_MAX], int file)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t n = syscall(SYS_readlink, link, path, PATH_MAX - 1);
    if (n <= 0) return false;
    path[n] = '\0';
    return true;
}

static bool hits(const char *call, int file)
{
    char path[PATH_MAX];
    return strcmp(call, fault.call) == 0 && find_path(path, file) && hits_path(call, path);
}

/* --- calls on descriptors ----------------------------------------------------------------------------------------- */

/* Half of it, so that what is left must be asked for again. */
static size_t part(size_t n)
{
    return n > 1 ? n / 2 : n;
}

ssize_t read(int file, void *to, size_t n)
{
    if (hits("read", file)) {
        if (!fault.is_short) return -1;
        n = part(n);
    }
    return syscall(SYS_read, file, to, n);
}

ssize_t pread(int file, void *to, size_t n, off_t at)
{
    if (hits("read", file)) {
        if (!fault.is_short) return -1;
        n = part(n);
    }
    return syscall(SYS_pread64, file, to, n, at);
}

ssize_t write(int file, const void *from, size_t n)
{
    if (hits("write", file)) {
        if (!fault.is_short) return -1;
        n = part(n);
    }
    return syscall(SYS_write, file, from, n);
}

ssize_t pwrite(int file, const void *from, size_t n, off_t at)
{
    if (hits("write", file)) {
        if (!fault.is_short) return -1;
        n = part(n);
    }
    return syscall(SYS_pwrite64, file, from, n, at);
}

ssize_t writev(int file, const struct iovec *parts, int n)
{
    if (hits("write", file)) {
        if (!fault.is_short) return -1;
        struct iovec first = {parts[0].iov_base, part(parts[0].iov_len)};
        return syscall(SYS_writev, file, &first, 1);
    }
    return syscall(SYS_writev, file, parts, n);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t n, unsigned flags)
{
    if (hits("write", to)) {
        if (!fault.is_short) return -1;
        n = part(n);
    }
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, n, flags);
}

int fsync(int file)
{
    return hits("fsync", file) ? -1 : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    return hits("fsync", file) ? -1 : (int)syscall(SYS_fdatasync, file);
}

int ftruncate(int file, off_t size)
{
    return hits("truncate", file) ? -1 : (int)syscall(SYS_ftruncate, file, size);
}

int fallocate(int file, int mode, off_t at, off_t size)
{
    return hits("truncate", file) ? -1 : (int)syscall(SYS_fallocate, file, mode, at, size);
}

int close(int file)
{
    bool is_hit = hits("close", file);
    long result = syscall(SYS_close, file);
    if (is_hit) errno = fault.reason;
    return is_hit ? -1 : (int)result;
}

void *mmap(void *at, size_t n, int protection, int flags, int file, off_t offset)
{
    if (file >= 0 && hits("mmap", file)) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, n, protection, flags, file, offset);
}

/* --- calls on paths ----------------------------------------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
    va_end(more);
    return hits_path("open", path) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int rename(const char *from, const char *to)
{
    return hits_path("rename", to) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* The names of these for offsets of 64 bits, which is what they are here. */
ssize_t pread64(int, void *, size_t, off64_t) __attribute__((alias("pread")));
ssize_t pwrite64(int, const void *, size_t, off64_t) __attribute__((alias("pwrite")));
int ftruncate64(int, off64_t) __attribute__((alias("ftruncate")));
int fallocate64(int, int, off64_t, off64_t) __attribute__((alias("fallocate")));
void *mmap64(void *, size_t, int, int, int, off64_t) __attribute__((alias("mmap")));
int open64(const char *, int, ...) __attribute__((alias("open")));

/* --- streams ------------------------------------------------------------------------------------------------------ */

static ssize_t read_stream(void *cookie, char *to, size_t n)
{
    return read(*(int *)cookie, to, n);
}

/* 0, not -1, says that it failed. */
static ssize_t write_stream(void *cookie, const char *from, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t put = write(*(int *)cookie, from + done, n - done);
        if (put < 0) return 0;
        done += (size_t)put;
    }
    return (ssize_t)n;
}

static int seek_stream(void *cookie, off64_t *at, int from)
{
    long place = syscall(SYS_lseek, *(int *)cookie, *at, from);
    if (place >= 0) *at = place;
    return place < 0 ? -1 : 0;
}

static int close_stream(void *cookie)
{
    int result = close(*(int *)cookie);
    free(cookie);
    return result;
}

static FILE *stream_on(int file, const char *mode)
{
    int *cookie = malloc(sizeof *cookie);
    if (cookie == NULL) return NULL;
    *cookie = file;
    return fopencookie(cookie, mode,
                       (cookie_io_functions_t){read_stream, write_stream, seek_stream, close_stream});
}

FILE *fopen(const char *path, const char *mode)
{
    static FILE *(*next)(const char *, const char *);
    if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "fopen");
    if (!is_below(path)) return next(path, mode);
    int flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
    int file = open(path, flags, 0666);
    return file < 0 ? NULL : stream_on(file, mode);
}

FILE *fdopen(int file, const char *mode)
{
    static FILE *(*next)(int, const char *);
    char path[PATH_MAX];
    if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "fdopen");
    return find_path(path, file) && is_below(path) ? stream_on(file, mode) : next(file, mode);
}

FILE *fopen64(const char *, const char *) __attribute__((alias("fopen")));

/* --- memory ------------------------------------------------------------------------------------------------------- */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static bool hits_memory(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    return at >= program.from && at < program.to && is_its_turn("memory");
}

void *malloc(size_t n)
{
    return hits_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return hits_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *memory, size_t n)
{
    return hits_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return hits_memory(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, n);
}
