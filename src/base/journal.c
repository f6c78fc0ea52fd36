/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* flock, clock of a condition */
#include "base/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef struct file_head {
    char magic[8];
    uint32_t version, reserved;
} file_head;

typedef struct record_head {
    uint32_t mark, kind;
    uint64_t length;
    uint32_t content_checksum, own_checksum;
} record_head;

static const file_head expected_head = {{'V', 'T', 'R', 'J', 'R', 'N', 'L', '\n'}, 1, 0};
enum { MARK = 0x52434556, MOST_SLICES = 128 };

struct vtr_journal {
    int file;
    char *path;
    uint64_t end, place; /* of the whole records; of the next one to read */
    unsigned char *content;
    size_t n_content;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_t syncer;
    bool has_syncer, is_closing;
    double interval_s;
    int failed; /* errno of a sync in the background */
};

const char *vtr_journal_path(const vtr_journal *journal)
{
    return journal->path;
}

static void release(vtr_journal *journal)
{
    if (journal == NULL) return;
    if (journal->file >= 0) close(journal->file);
    vtr_free(journal->content);
    vtr_free(journal->path);
    pthread_mutex_destroy(&journal->mutex);
    pthread_cond_destroy(&journal->wake);
    vtr_free(journal);
}

static vtr_journal *allocate(const char *path)
{
    vtr_journal *journal = vtr_calloc(1, sizeof *journal);
    if (journal == NULL) return NULL;
    pthread_condattr_t clock;
    journal->file = -1;
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&journal->wake, &clock);
    pthread_condattr_destroy(&clock);
    journal->path = vtr_strdup(path);
    if (journal->path != NULL) return journal;
    release(journal);
    return NULL;
}

static vtr_status fail_write(const vtr_journal *journal, int reason, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", journal->path, strerror(reason));
}

/* Opens and locks. The program that had it may have removed it before the lock was free: then there is another, or none,
 * under the name. */
static vtr_status open_locked(vtr_journal *journal, vtr_error *err)
{
    for (;;) {
        struct stat opened, named;
        int file = open(journal->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (file < 0) return fail_write(journal, errno, err);
        if (flock(file, LOCK_EX | LOCK_NB) != 0) {
            int reason = errno;
            close(file);
            if (reason == EINTR) continue;
            if (reason != EWOULDBLOCK) return fail_write(journal, reason, err);
            return vtr_fail(err, VTR_ERR_EXISTS, "'%s' is in use by another program", journal->path);
        }
        if (fstat(file, &opened) == 0 && stat(journal->path, &named) == 0 && opened.st_ino == named.st_ino &&
            opened.st_dev == named.st_dev) {
            journal->file = file;
            return VTR_OK;
        }
        close(file);
    }
}

/* How much of it is there; negative where it cannot be read, with errno. */
static ssize_t read_all(int file, void *to, size_t n, uint64_t place)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(file, (char *)to + done, n - done, (off_t)(place + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* 0, or errno. */
static int write_all(int file, struct iovec *parts, int n, uint64_t place)
{
    if (lseek(file, (off_t)place, SEEK_SET) < 0) return errno;
    while (n > 0) {
        ssize_t put = writev(file, parts, n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno;
        for (; n > 0 && (size_t)put >= parts->iov_len; parts++, n--)
            put -= (ssize_t)parts->iov_len;
        if (n > 0) {
            parts->iov_base = (char *)parts->iov_base + put;
            parts->iov_len -= (size_t)put;
        }
    }
    return 0;
}

static vtr_status fail_read(const vtr_journal *journal, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", journal->path, strerror(errno));
}

/* An empty file, or one that was being made when the machine stopped, gets its head. */
static vtr_status check_head(vtr_journal *journal, bool force, vtr_error *err)
{
    file_head head;
    struct stat info;
    /* what was made just now need not be read, so that it is not left behind where nothing can be */
    bool is_empty = fstat(journal->file, &info) == 0 && info.st_size == 0;
    ssize_t got = is_empty ? 0 : read_all(journal->file, &head, sizeof head, 0);
    if (got < 0) return fail_read(journal, err);
    bool is_new = (size_t)got < sizeof head, is_other = memcmp(&head, &expected_head, (size_t)got) != 0;
    if (is_other && !force)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "'%s' is not what this version of vitrail writes; move it away, or give --force to "
                        "replace it",
                        journal->path);
    if (is_new || is_other) {
        vtr_status status = vtr_journal_cut(journal, 0, err);
        if (status != VTR_OK && !is_other) unlink(journal->path); /* nothing but a beginning of the head */
        return status;
    }
    journal->end = journal->place = sizeof head;
    return VTR_OK;
}

vtr_status vtr_journal_open(vtr_journal **out, const char *path, bool force, vtr_error *err)
{
    vtr_journal *journal = allocate(path);
    if (journal == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s'", path);
    vtr_status status = open_locked(journal, err);
    if (status == VTR_OK) status = check_head(journal, force, err);
    if (status == VTR_OK)
        *out = journal;
    else
        release(journal);
    return status;
}

void vtr_journal_rewind(vtr_journal *journal)
{
    journal->place = sizeof expected_head;
}

static uint32_t head_checksum(const record_head *head)
{
    return libdeflate_crc32(0, head, offsetof(record_head, own_checksum));
}

static bool is_whole(const record_head *head, ssize_t got, uint64_t place, const struct stat *info)
{
    return got == (ssize_t)sizeof *head && head->mark == MARK && head->own_checksum == head_checksum(head) &&
           head->length <= (uint64_t)info->st_size - place - sizeof *head;
}

static vtr_status make_room(vtr_journal *journal, size_t n, vtr_error *err)
{
    if (n <= journal->n_content) return VTR_OK;
    vtr_free(journal->content);
    journal->content = vtr_malloc(n, 1);
    journal->n_content = journal->content != NULL ? n : 0;
    return n <= journal->n_content
               ? VTR_OK
               : vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", journal->path);
}

vtr_status vtr_journal_next(vtr_journal *journal, vtr_journal_record *record, vtr_error *err)
{
    record_head head;
    struct stat info;
    *record = (vtr_journal_record){0};
    if (fstat(journal->file, &info) != 0) return fail_read(journal, err);
    bool is_end = (uint64_t)info.st_size <= journal->place;
    ssize_t got = is_end ? 0 : read_all(journal->file, &head, sizeof head, journal->place);
    if (got < 0) return fail_read(journal, err);
    if (!is_whole(&head, got, journal->place, &info)) return VTR_OK;
    vtr_status status = make_room(journal, head.length > 0 ? head.length : 1, err);
    if (status != VTR_OK) return status;
    got = read_all(journal->file, journal->content, head.length, journal->place + sizeof head);
    if (got < 0) return fail_read(journal, err);
    if ((uint64_t)got < head.length ||
        libdeflate_crc32(0, journal->content, head.length) != head.content_checksum)
        return VTR_OK;
    journal->place += sizeof head + head.length;
    if (journal->place > journal->end) journal->end = journal->place;
    *record = (vtr_journal_record){head.kind, journal->content, head.length, journal->place};
    return VTR_OK;
}

vtr_status vtr_journal_cut(vtr_journal *journal, uint64_t place, vtr_error *err)
{
    if (ftruncate(journal->file, (off_t)place) != 0) return fail_write(journal, errno, err);
    journal->end = place;
    if (place == 0) {
        file_head head = expected_head;
        struct iovec part = {&head, sizeof head};
        int failed = write_all(journal->file, &part, 1, 0);
        if (failed) return fail_write(journal, failed, err);
        journal->end = sizeof head;
    }
    journal->place = journal->end;
    vtr_free(journal->content);
    journal->content = NULL;
    journal->n_content = 0;
    return VTR_OK;
}

vtr_status vtr_journal_append(vtr_journal *journal, uint32_t kind, const vtr_slice *slices, size_t n,
                              vtr_error *err)
{
    struct iovec parts[MOST_SLICES + 1];
    record_head head = {.mark = MARK, .kind = kind};
    int n_parts = 1;
    for (size_t i = 0; i < n; i++) {
        if (slices[i].n_bytes == 0) continue;
        if (n_parts > MOST_SLICES) return vtr_fail(err, VTR_ERR_ARGUMENT, "too many parts of a record");
        parts[n_parts++] = (struct iovec){slices[i].data, slices[i].n_bytes};
        head.length += slices[i].n_bytes;
        head.content_checksum = libdeflate_crc32(head.content_checksum, slices[i].data, slices[i].n_bytes);
    }
    head.own_checksum = head_checksum(&head);
    parts[0] = (struct iovec){&head, sizeof head};
    pthread_mutex_lock(&journal->mutex);
    int failed = journal->failed;
    if (!failed) failed = write_all(journal->file, parts, n_parts, journal->end);
    if (!failed)
        journal->end += sizeof head + head.length;
    else if (ftruncate(journal->file, (off_t)journal->end) != 0)
        journal->failed = failed; /* what is torn stays at the end, and nothing may follow it */
    pthread_mutex_unlock(&journal->mutex);
    return failed ? fail_write(journal, failed, err) : VTR_OK;
}

vtr_status vtr_journal_sync(vtr_journal *journal, vtr_error *err)
{
    if (fdatasync(journal->file) != 0) return fail_write(journal, errno, err);
    return VTR_OK;
}

static void *keep_syncing(void *user)
{
    vtr_journal *journal = user;
    uint64_t synced = 0;
    vtr_sync_folder(journal->path);
    pthread_mutex_lock(&journal->mutex);
    while (!journal->is_closing) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        double seconds = (double)until.tv_sec + 1e-9 * (double)until.tv_nsec + journal->interval_s;
        until.tv_sec = (time_t)seconds;
        until.tv_nsec = (long)(1e9 * (seconds - (double)until.tv_sec));
        pthread_cond_timedwait(&journal->wake, &journal->mutex, &until);
        if (journal->is_closing || journal->end == synced) continue;
        synced = journal->end;
        pthread_mutex_unlock(&journal->mutex);
        int failed = fdatasync(journal->file) != 0 ? errno : 0;
        pthread_mutex_lock(&journal->mutex);
        if (failed) journal->failed = failed;
    }
    pthread_mutex_unlock(&journal->mutex);
    return NULL;
}

vtr_status vtr_journal_keep_syncing(vtr_journal *journal, double interval_s, vtr_error *err)
{
    journal->interval_s = interval_s > 0.05 ? interval_s : 0.05;
    int failed = pthread_create(&journal->syncer, NULL, keep_syncing, journal);
    if (failed)
        return vtr_fail(err, VTR_ERR_MEMORY, "cannot start a thread for '%s': %s", journal->path,
                        strerror(failed));
    journal->has_syncer = true;
    return VTR_OK;
}

void vtr_journal_close(vtr_journal **journal)
{
    vtr_journal *j = *journal;
    if (j == NULL) return;
    if (j->has_syncer) {
        pthread_mutex_lock(&j->mutex);
        j->is_closing = true;
        pthread_cond_signal(&j->wake);
        pthread_mutex_unlock(&j->mutex);
        pthread_join(j->syncer, NULL);
    }
    release(j);
    *journal = NULL;
}

void vtr_journal_remove(vtr_journal **journal)
{
    if (*journal != NULL) unlink((*journal)->path);
    vtr_journal_close(journal);
}
