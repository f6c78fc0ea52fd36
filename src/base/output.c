/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* F_OFD_SETLK, fopencookie */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "vitrail/output.h"

char *vtr_partial_path(const char *path)
{
    static const char ending[] = ".partial";
    size_t n = strlen(path);
    char *partial = vtr_malloc(n + sizeof ending, 1);
    if (partial == NULL) return NULL;
    memcpy(partial, path, n);
    memcpy(partial + n, ending, sizeof ending);
    return partial;
}

vtr_status vtr_output_check(const char *path, bool force, vtr_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': it is a folder", path);
        /* what is put in its place would take a device away from everybody */
        if (!S_ISREG(info.st_mode))
            return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': not a regular file (a pipe or a device)",
                            path);
        if (!force)
            return vtr_fail(err, VTR_ERR_EXISTS, "'%s' exists already; use --force to replace it", path);
    }
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (n >= sizeof folder) return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': the path is too long", path);
    memcpy(folder, slash == NULL ? "." : path, n);
    folder[n] = '\0';
    if (stat(folder, &info) == 0 && !S_ISDIR(info.st_mode))
        return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': '%s' is not a folder", path, folder);
    if (access(folder, W_OK) != 0)
        return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': folder '%s': %s", path, folder, strerror(errno));
    return VTR_OK;
}

void vtr_sync_folder(const char *path)
{
    char *folder = vtr_strdup(path), *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    if (slash != NULL) slash[slash == folder] = '\0';
    int opened = folder == NULL ? -1 : open(slash != NULL ? folder : ".", O_RDONLY | O_CLOEXEC);
    if (opened >= 0) {
        fsync(opened);
        close(opened);
    }
    vtr_free(folder);
}

/* A lock of the open file, which those of HDF5 (flock) do not meet, on file systems that have locks. */
static bool is_locked_by_another(int file)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(file, F_OFD_SETLK, &whole) != 0 && (errno == EAGAIN || errno == EACCES);
}

vtr_status vtr_output_lock(int *lock, const char *partial, const char *path, vtr_error *err)
{
    for (;;) {
        struct stat opened, named;
        int file = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (file < 0) return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
        if (is_locked_by_another(file)) {
            close(file);
            return vtr_fail(err, VTR_ERR_IO,
                            "cannot write '%s': another program is writing it; wait until it is done", path);
        }
        /* The program that had it may have given it its name, or removed it, before the lock was free. */
        if (fstat(file, &opened) == 0 && stat(partial, &named) == 0 && opened.st_ino == named.st_ino &&
            opened.st_dev == named.st_dev) {
            *lock = file;
            return VTR_OK;
        }
        close(file);
    }
}

static int sync_file(int file)
{
    while (fsync(file) != 0)
        if (errno != EINTR) return errno;
    return 0;
}

vtr_status vtr_output_commit(const char *partial, const char *path, vtr_error *err)
{
    vtr_hdf5_trouble trouble;
    if (vtr_hdf5_could_not_write(partial, &trouble)) {
        unlink(partial);
        return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, trouble.reason);
    }
    if (vtr_hdf5_had_unread(&trouble)) {
        unlink(partial);
        return vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s; nothing is written to '%s'", trouble.file,
                        trouble.reason, path);
    }
    if (vtr_memory_was_short()) {
        vtr_memory_forget_shortage();
        unlink(partial);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory; nothing is written to '%s'", path);
    }
    int file = open(partial, O_RDONLY | O_CLOEXEC);
    int failed = file < 0 ? errno : sync_file(file);
    if (file >= 0) close(file);
    if (!failed && rename(partial, path) != 0) failed = errno;
    if (failed) {
        unlink(partial);
        return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(failed));
    }
    vtr_sync_folder(path);
    return VTR_OK;
}

void vtr_output_discard(const char *partial)
{
    if (partial == NULL) return;
    vtr_hdf5_could_not_write(partial, NULL); /* it is given up */
    unlink(partial);
}

/* What a stream writes to. Streams forget why a write failed, and do not try again after a signal. */
typedef struct sink {
    int file, failed; /* errno */
} sink;

static ssize_t write_to_sink(void *cookie, const char *bytes, size_t n)
{
    sink *to = cookie;
    for (size_t done = 0; done < n && !to->failed;) {
        ssize_t put = write(to->file, bytes + done, n - done);
        if (put > 0)
            done += (size_t)put;
        else if (put == 0 || errno != EINTR)
            to->failed = put == 0 ? EIO : errno;
    }
    return to->failed ? 0 : (ssize_t)n;
}

static vtr_status write_partial(int file, const char *path, vtr_output_writer write, void *user,
                                vtr_error *err)
{
    sink to = {file, 0};
    FILE *out = fopencookie(&to, "w", (cookie_io_functions_t){.write = write_to_sink});
    if (out == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", path);
    vtr_status status = ftruncate(file, 0) == 0
                            ? write(out, user, err)
                            : vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
    bool failed = ferror(out) != 0;
    if ((fclose(out) != 0 || failed) && status == VTR_OK)
        status =
            vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(to.failed ? to.failed : EIO));
    return status;
}

vtr_status vtr_output_write(const char *path, bool force, vtr_output_writer write, void *user, vtr_error *err)
{
    int file = -1;
    vtr_status status = vtr_output_check(path, force, err);
    if (status != VTR_OK) return status;
    char *partial = vtr_partial_path(path);
    if (partial == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", path);
    status = vtr_output_lock(&file, partial, path, err);
    if (status == VTR_OK) {
        status = write_partial(file, path, write, user, err);
        if (status == VTR_OK)
            status = vtr_output_commit(partial, path, err);
        else
            vtr_output_discard(partial);
        close(file);
    }
    vtr_free(partial);
    return status;
}
