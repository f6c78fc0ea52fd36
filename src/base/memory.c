/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"

static atomic_long allocations_left = -1;
static atomic_long allocations_made = 0;

void vtr_memory_fail_after(long n)
{
    atomic_store(&allocations_left, n);
    atomic_store(&allocations_made, 0);
}

long vtr_memory_count(void)
{
    return atomic_load(&allocations_made);
}

static bool allocation_fails(void)
{
    atomic_fetch_add(&allocations_made, 1);
    long left = atomic_load(&allocations_left);
    if (left < 0) return false;
    if (left == 0) return true;
    atomic_store(&allocations_left, left - 1);
    return false;
}

bool vtr_multiply_size(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

void *vtr_malloc(size_t n, size_t size)
{
    size_t bytes;
    if (allocation_fails() || !vtr_multiply_size(n, size, &bytes) || bytes > SIZE_MAX / 2) return NULL;
    bytes = (bytes + 63) / 64 * 64; /* aligned_alloc wants a multiple of the alignment */
    return aligned_alloc(64, bytes == 0 ? 64 : bytes);
}

void *vtr_calloc(size_t n, size_t size)
{
    void *memory = vtr_malloc(n, size);
    if (memory != NULL) memset(memory, 0, n * size);
    return memory;
}

void vtr_free(void *memory)
{
    free(memory);
}

char *vtr_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = vtr_malloc(n, 1);
    if (copy != NULL) memcpy(copy, text, n);
    return copy;
}
