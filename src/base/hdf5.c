/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* recursive mutexes */
#include <errno.h>
#include <hdf5.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"

/* The one lock around a library that has global state. Recursive, so that a callback of an HDF5 iteration may
 * use functions that take it themselves. */
static pthread_mutex_t mutex;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    /* HDF5 cannot close a file whose last writes failed (the disk is full), keeps it, and crashes over it
     * when the program ends (seen with 1.10.8). Everything here is closed by its owner, so it need not do
     * anything then. */
    H5dont_atexit();
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &kind);
    pthread_mutexattr_destroy(&kind);
}

/* Why the last call that failed did so; kept, because the calls that clean up after it clear HDF5's error
 * stack. */
static _Thread_local char last_reason[256];
/* Files that could not be read or written and that nobody has asked about, in the order in which that happened: where
 * something may be absent, a failure to read it passes for that, and what is written while an object is closed fails
 * there. Of each file the first reason to read and the first to write it. Belongs to the lock. */
enum { MOST_TROUBLES = 16 };
static vtr_hdf5_trouble troubles[MOST_TROUBLES];
static size_t n_troubles;
static unsigned long n_noted; /* ever */

static void drop(size_t i)
{
    n_troubles--;
    memmove(&troubles[i], &troubles[i + 1], (n_troubles - i) * sizeof *troubles);
}

/* The text between `start` and `end`; names may hold quotes. */
static void take_between(char *to, size_t size, const char *description, const char *start, const char *end)
{
    const char *from = strstr(description, start);
    const char *until = from != NULL ? strstr(from + strlen(start), end) : NULL;
    if (until == NULL) return;
    from += strlen(start);
    snprintf(to, size, "%.*s", (int)(until - from), from);
}

static void keep_trouble(const vtr_hdf5_trouble *trouble)
{
    size_t i = 0;
    n_noted++;
    while (i < n_troubles &&
           (troubles[i].is_write != trouble->is_write || strcmp(troubles[i].file, trouble->file) != 0))
        i++;
    if (i == MOST_TROUBLES) drop(--i);
    if (i == n_troubles) troubles[n_troubles++] = *trouble;
    troubles[i].number = n_noted;
}

/* A file that is not there may be absent; one that cannot be opened for another reason is one that cannot be read. */
static void note_trouble(const char *description)
{
    vtr_hdf5_trouble trouble = {.is_write = strstr(description, "file write failed") != NULL};
    bool is_open = strstr(description, "unable to open file") != NULL;
    if (!trouble.is_write && !is_open && strstr(description, "file read failed") == NULL) return;
    if (is_open && strstr(description, strerror(ENOENT)) != NULL) return;
    take_between(trouble.file, sizeof trouble.file, description, is_open ? "name = '" : "filename = '",
                 is_open ? "', errno" : "', file descriptor");
    take_between(trouble.reason, sizeof trouble.reason, description, "error message = '", "'");
    keep_trouble(&trouble);
}

/* What the system said ("No space left on device") if HDF5 passed it on, else HDF5's own words. */
static void take_description(const char *description)
{
    static const char start[] = "error message = '";
    const char *system = strstr(description, start);
    if (system != NULL) {
        system += sizeof start - 1;
        snprintf(last_reason, sizeof last_reason, "%.*s", (int)strcspn(system, "'"), system);
        note_trouble(description);
    } else if (strstr(description, "file signature not found") != NULL) {
        snprintf(last_reason, sizeof last_reason, "not an HDF5 file");
    } else if (strstr(description, "truncated file") != NULL) {
        snprintf(last_reason, sizeof last_reason, "the file is truncated");
    } else {
        snprintf(last_reason, sizeof last_reason, "%s", description);
    }
}

static herr_t visit_error(unsigned n, const H5E_error2_t *error, void *user)
{
    (void)user;
    /* Walked from the innermost call outwards: the first description is the cause. */
    if (n == 0 && error->desc != NULL && error->desc[0] != '\0') take_description(error->desc);
    return 0;
}

/* Called by HDF5 at the end of each of its functions that fails, in place of printing. */
static herr_t keep_reason(hid_t stack, void *user)
{
    (void)user;
    return H5Ewalk2(stack, H5E_WALK_UPWARD, visit_error, NULL);
}

int vtr_hdf5_iterated(int result)
{
    if (result < 0) keep_reason(H5E_DEFAULT, NULL);
    return result;
}

void vtr_hdf5_lock(void)
{
    pthread_once(&once, prepare);
    pthread_mutex_lock(&mutex);
    /* The error stack, and what is done with it, belong to a thread where HDF5 knows threads. */
    H5Eset_auto2(H5E_DEFAULT, keep_reason, NULL);
}

void vtr_hdf5_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

const char *vtr_hdf5_reason(char *text, size_t size)
{
    snprintf(text, size, "%s",
             last_reason[0] != '\0'   ? last_reason
             : vtr_memory_was_short() ? "out of memory"
                                      : "the HDF5 library gives no reason");
    last_reason[0] = '\0';
    return text;
}

/* The first that `is_asked` is true of; all those are forgotten. */
static bool take(vtr_hdf5_trouble *trouble, bool (*is_asked)(const vtr_hdf5_trouble *, const void *),
                 const void *what)
{
    bool had = false;
    vtr_hdf5_lock();
    for (size_t i = 0; i < n_troubles;) {
        if (!is_asked(&troubles[i], what)) {
            i++;
            continue;
        }
        if (!had && trouble != NULL) *trouble = troubles[i];
        had = true;
        drop(i);
    }
    vtr_hdf5_unlock();
    return had;
}

static bool is_write_to(const vtr_hdf5_trouble *trouble, const void *file)
{
    return trouble->is_write && strcmp(trouble->file, file) == 0;
}

static bool is_read(const vtr_hdf5_trouble *trouble, const void *nothing)
{
    (void)nothing;
    return !trouble->is_write;
}

static bool is_read_after(const vtr_hdf5_trouble *trouble, const void *mark)
{
    return !trouble->is_write && trouble->number > *(const unsigned long *)mark;
}

bool vtr_hdf5_could_not_write(const char *file, vtr_hdf5_trouble *trouble)
{
    return take(trouble, is_write_to, file);
}

bool vtr_hdf5_had_unread(vtr_hdf5_trouble *trouble)
{
    return take(trouble, is_read, NULL);
}

unsigned long vtr_hdf5_mark(void)
{
    vtr_hdf5_lock();
    unsigned long mark = n_noted;
    vtr_hdf5_unlock();
    return mark;
}

bool vtr_hdf5_had_unread_since(unsigned long mark, vtr_hdf5_trouble *trouble)
{
    return take(trouble, is_read_after, &mark);
}

bool vtr_hdf5_could_not_read(const char *file, vtr_hdf5_trouble *trouble)
{
    bool is_it = false;
    vtr_hdf5_lock();
    for (size_t i = 0; i < n_troubles && !is_it; i++) {
        is_it = !troubles[i].is_write && strcmp(troubles[i].file, file) == 0;
        if (is_it) *trouble = troubles[i];
    }
    vtr_hdf5_unlock();
    return is_it;
}
