/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _DEFAULT_SOURCE /* pread, O_CLOEXEC, mincore */
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

vtr_status vtr_file_open(vtr_file *file, const char *path, vtr_error *err)
{
    int descriptor = -1;
    uint64_t size = 0;
    vtr_status status = vtr_input_descriptor(&descriptor, &size, path, err);
    if (status != VTR_OK) return status;
    if (size == 0) {
        close(descriptor);
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': the file is empty", path);
    }
    *file = (vtr_file){.descriptor = descriptor, .size = size};
    return VTR_OK;
}

vtr_status vtr_file_read_some(const vtr_file *file, uint64_t offset, void *buffer, size_t n, size_t *got,
                              vtr_error *err)
{
    size_t done = 0;
    while (done < n) {
        size_t wanted = n - done < (size_t)1 << 30 ? n - done : (size_t)1 << 30;
        if (offset + done > INT64_MAX) break;
        ssize_t read_now = pread(file->descriptor, (char *)buffer + done, wanted, (off_t)(offset + done));
        if (read_now < 0 && errno == EINTR) continue;
        if (read_now < 0) return vtr_fail(err, VTR_ERR_IO, "%s", strerror(errno));
        if (read_now == 0) break;
        done += (size_t)read_now;
    }
    *got = done;
    return VTR_OK;
}

vtr_status vtr_file_read(const vtr_file *file, uint64_t offset, void *buffer, size_t n, vtr_error *err)
{
    size_t got = 0;
    vtr_status status = vtr_file_read_some(file, offset, buffer, n, &got, err);
    if (status == VTR_OK && got < n)
        status = vtr_fail(err, VTR_ERR_IO, "the file ends at byte %llu of %llu",
                          (unsigned long long)(offset + got), (unsigned long long)(offset + n));
    return status;
}

bool vtr_file_map(vtr_file *file)
{
    /* no critical region of OpenMP, which need not hold back threads that are not OpenMP's own, as those of the viewer */
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    if (file->pages == NULL && file->size <= SIZE_MAX) {
        void *pages = mmap(NULL, (size_t)file->size, PROT_READ, MAP_SHARED, file->descriptor, 0);
        file->pages = pages != MAP_FAILED ? pages : NULL;
    }
    bool is_mapped = file->pages != NULL;
    pthread_mutex_unlock(&mutex);
    return is_mapped;
}

bool vtr_file_is_in_memory(const vtr_file *file, uint64_t offset, size_t n)
{
    enum { AT_A_TIME = 4096 };
    unsigned char present[AT_A_TIME];
    struct stat info;
    /* pages beyond the end of a file that has shrunk must not be touched */
    if (file->pages == NULL || fstat(file->descriptor, &info) != 0 || (uint64_t)info.st_size < offset + n)
        return false;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t at = offset - offset % page, end = offset + n;
    while (at < end) {
        size_t bytes = end - at < AT_A_TIME * page ? (size_t)(end - at) : AT_A_TIME * page;
        if (mincore((void *)(file->pages + at), bytes, present) != 0) return false;
        for (size_t i = 0; i < (bytes + page - 1) / page; i++)
            if ((present[i] & 1) == 0) return false;
        at += bytes;
    }
    return true;
}

void vtr_file_close(vtr_file *file)
{
    if (file->pages != NULL) munmap((void *)file->pages, (size_t)file->size);
    file->pages = NULL;
    if (file->descriptor >= 0) close(file->descriptor);
    file->descriptor = -1;
}
