/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* mkstemp, pread */
#include "base/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"

struct vtr_scratch {
    int file;
    char folder[4096];
};

vtr_status vtr_scratch_open(vtr_scratch **out, vtr_error *err)
{
    const char *folder = getenv("TMPDIR");
    char path[4096 + 32];
    vtr_scratch *s = vtr_calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    if (folder == NULL || folder[0] == '\0' || strlen(folder) >= sizeof s->folder) folder = "/var/tmp";
    snprintf(s->folder, sizeof s->folder, "%s", folder);
    snprintf(path, sizeof path, "%s/vitrail-XXXXXX", s->folder);
    s->file = mkstemp(path);
    if (s->file < 0) {
        vtr_status status =
            vtr_fail(err, VTR_ERR_IO, "no temporary file in '%s': %s", s->folder, strerror(errno));
        vtr_free(s);
        return status;
    }
    unlink(path);
    *out = s;
    return VTR_OK;
}

void vtr_scratch_close(vtr_scratch **scratch)
{
    if (*scratch == NULL) return;
    close((*scratch)->file);
    vtr_free(*scratch);
    *scratch = NULL;
}

vtr_status vtr_scratch_write(const vtr_scratch *s, uint64_t at, const void *from, size_t bytes,
                             vtr_error *err)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pwrite(s->file, (const char *)from + done, bytes - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return vtr_fail(err, VTR_ERR_IO,
                            "temporary file in '%s': %s; TMPDIR in the environment names another folder",
                            s->folder, n < 0 ? strerror(errno) : "nothing was written");
        done += (size_t)n;
    }
    return VTR_OK;
}

vtr_status vtr_scratch_read(const vtr_scratch *s, uint64_t at, void *to, size_t bytes, vtr_error *err)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pread(s->file, (char *)to + done, bytes - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return vtr_fail(err, VTR_ERR_IO, "temporary file in '%s': %s", s->folder,
                            n < 0 ? strerror(errno) : "it ends too early");
        done += (size_t)n;
    }
    return VTR_OK;
}
