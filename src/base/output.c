/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_internal.h"

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
    return VTR_OK;
}

void vtr_output_discard(const char *partial)
{
    if (partial != NULL) unlink(partial);
}
