/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* O_CLOEXEC */
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

vtr_status vtr_output_commit(const char *partial, const char *path, vtr_error *err)
{
    int file = open(partial, O_RDONLY);
    int failed = file < 0 || fsync(file) != 0;
    int reason = errno;
    if (file >= 0) close(file);
    if (!failed && rename(partial, path) != 0) {
        failed = 1;
        reason = errno;
    }
    if (failed) {
        unlink(partial);
        return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(reason));
    }
    vtr_sync_folder(path);
    return VTR_OK;
}

void vtr_output_discard(const char *partial)
{
    if (partial != NULL) unlink(partial);
}

static vtr_status write_partial(const char *partial, const char *path, vtr_output_writer write, void *user,
                                vtr_error *err)
{
    FILE *out = fopen(partial, "wb");
    if (out == NULL) return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
    vtr_status status = write(out, user, err);
    bool failed = ferror(out) != 0;
    if ((fclose(out) != 0 || failed) && status == VTR_OK)
        status = vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
    if (status == VTR_OK) return vtr_output_commit(partial, path, err);
    vtr_output_discard(partial);
    return status;
}

vtr_status vtr_output_write(const char *path, bool force, vtr_output_writer write, void *user, vtr_error *err)
{
    vtr_status status = vtr_output_check(path, force, err);
    if (status != VTR_OK) return status;
    char *partial = vtr_partial_path(path);
    if (partial == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", path);
    status = write_partial(partial, path, write, user, err);
    vtr_free(partial);
    return status;
}
