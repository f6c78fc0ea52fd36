/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* O_CLOEXEC, fdopen */
#define _FILE_OFFSET_BITS 64
#include "vitrail/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_internal.h"

vtr_status vtr_input_descriptor(int *out, uint64_t *size, const char *path, vtr_error *err)
{
    /* O_NONBLOCK: opening a FIFO would wait for its writer */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return vtr_fail(err, errno == ENOENT ? VTR_ERR_NOT_FOUND : VTR_ERR_IO, "cannot open '%s': %s", path,
                        strerror(errno));
    struct stat info;
    vtr_status status = VTR_OK;
    if (fstat(descriptor, &info) != 0)
        status = vtr_fail(err, VTR_ERR_IO, "cannot open '%s': %s", path, strerror(errno));
    else if (S_ISDIR(info.st_mode))
        status = vtr_fail(err, VTR_ERR_IO, "cannot open '%s': it is a folder, name a file in it", path);
    else if (!S_ISREG(info.st_mode))
        status = vtr_fail(err, VTR_ERR_IO, "cannot open '%s': not a regular file (a pipe or a device)", path);
    if (status != VTR_OK) {
        close(descriptor);
        return status;
    }
    *out = descriptor;
    *size = (uint64_t)info.st_size;
    return VTR_OK;
}

vtr_status vtr_input_open(FILE **out, const char *path, vtr_error *err)
{
    int descriptor = -1;
    uint64_t size = 0;
    vtr_status status = vtr_input_descriptor(&descriptor, &size, path, err);
    if (status != VTR_OK) return status;
    FILE *file = fdopen(descriptor, "rb");
    if (file == NULL) {
        close(descriptor);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", path);
    }
    *out = file;
    return VTR_OK;
}

vtr_status vtr_input_check(vtr_error *err)
{
    vtr_hdf5_trouble trouble;
    if (vtr_hdf5_had_unread(&trouble))
        return vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", trouble.file, trouble.reason);
    if (!vtr_memory_was_short()) return VTR_OK;
    vtr_memory_forget_shortage();
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory, so that a part of the result may be missing");
}

vtr_status vtr_input_explain(vtr_status status, vtr_error *err)
{
    vtr_hdf5_trouble trouble;
    bool was_short = vtr_memory_was_short();
    vtr_memory_forget_shortage();
    if (!vtr_hdf5_had_unread(&trouble))
        return was_short && status != VTR_ERR_MEMORY ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory")
                                                     : status;
    if (strstr(err->message, trouble.reason) != NULL) return VTR_ERR_IO;
    return vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", trouble.file, trouble.reason);
}
