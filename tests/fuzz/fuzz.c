/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) {
        descriptor = memfd_create("input", 0);
        if (descriptor < 0) return NULL;
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, data, size, 0) != (ssize_t)size) return NULL;
    return path;
}

const char *fuzz_text(const uint8_t *data, size_t size)
{
    /* Of exactly this size, so that the sanitizer sees a step past the end. */
    static char *text = NULL;
    free(text);
    text = malloc(size + 1);
    if (text == NULL) abort();
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

void fuzz_check_sentence(int status, const char *message)
{
    if (status != 0 && message[0] == '\0') {
        fprintf(stderr, "status %d without a sentence\n", status);
        abort();
    }
}
