/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* recursive mutexes */
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
/* Of a file that could not be read or written and that nobody has asked about: where something may be absent, a failure to
 * read it passes for that, and what is written while an object is closed fails there. Belongs to the lock. */
static vtr_hdf5_trouble unasked;

/* The text between `start` and the next quote. */
static void take_quoted(char *to, size_t size, const char *description, const char *start)
{
    const char *from = strstr(description, start);
    if (from == NULL) return;
    from += strlen(start);
    snprintf(to, size, "%.*s", (int)strcspn(from, "'"), from);
}

static void note_trouble(const char *description)
{
    bool is_write = strstr(description, "file write failed") != NULL;
    if (unasked.reason[0] != '\0' || (!is_write && strstr(description, "file read failed") == NULL)) return;
    unasked.is_write = is_write;
    take_quoted(unasked.file, sizeof unasked.file, description, "filename = '");
    take_quoted(unasked.reason, sizeof unasked.reason, description, "error message = '");
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
    snprintf(text, size, "%s", last_reason[0] != '\0' ? last_reason : "the HDF5 library gives no reason");
    last_reason[0] = '\0';
    if (unasked.is_write) unasked.reason[0] = '\0';
    return text;
}

bool vtr_hdf5_had_trouble(vtr_hdf5_trouble *trouble)
{
    vtr_hdf5_lock();
    bool had = unasked.reason[0] != '\0';
    if (had && trouble != NULL) *trouble = unasked;
    unasked.reason[0] = '\0';
    vtr_hdf5_unlock();
    return had;
}

bool vtr_hdf5_could_not_read(const char *file, vtr_hdf5_trouble *trouble)
{
    vtr_hdf5_lock();
    bool is_it = unasked.reason[0] != '\0' && !unasked.is_write && strcmp(unasked.file, file) == 0;
    if (is_it) *trouble = unasked;
    vtr_hdf5_unlock();
    return is_it;
}

void vtr_hdf5_forget_writes(void)
{
    vtr_hdf5_lock();
    if (unasked.is_write) unasked.reason[0] = '\0';
    vtr_hdf5_unlock();
}
