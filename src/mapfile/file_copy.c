/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* copy_file_range */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapfile/mapfile_internal.h"

static int write_all(int destination, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(destination, bytes, n);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written == 0 ? EIO : errno;
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

static int copy_by_hand(int source, int destination)
{
    enum { BUFFER_BYTES = 1 << 18 };
    unsigned char *buffer = vtr_malloc(BUFFER_BYTES, 1);
    if (buffer == NULL) return ENOMEM;
    int failed = 0;
    for (;;) {
        ssize_t n = read(source, buffer, BUFFER_BYTES);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) failed = errno;
        if (n <= 0) break;
        failed = write_all(destination, buffer, (size_t)n);
        if (failed) break;
    }
    vtr_free(buffer);
    return failed;
}

/* The kernel's copy shares the blocks on file systems that can (Btrfs, XFS, bcachefs), and is refused on
 * others. */
int vtr_file_copy(int source, int destination)
{
    struct stat info;
    if (ftruncate(destination, 0) != 0 || fstat(source, &info) != 0) return errno;
    off_t left = info.st_size;
    while (left > 0) {
        ssize_t n = copy_file_range(source, NULL, destination, NULL, (size_t)left, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == ENOSPC || errno == EFBIG || errno == EIO || errno == EDQUOT)) return errno;
        if (n <= 0) return copy_by_hand(source, destination);
        left -= n;
    }
    return 0;
}
