/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <malloc.h> /* malloc_usable_size: the one thing here that is glibc's */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/memory.h"

static atomic_long allocations_left = -1;
static atomic_long allocations_made = 0;

/* An array was not to be had, other than for the ceiling, and nobody has asked: where something may be absent, a failure to hold
 * it passes for that. */
static atomic_bool is_short = false;

static atomic_size_t held = 0, ceiling = 0, refused = 0;

void vtr_memory_set_ceiling(size_t bytes)
{
    atomic_store(&ceiling, bytes);
    atomic_store(&refused, 0);
}

size_t vtr_memory_ceiling(void)
{
    return atomic_load(&ceiling);
}

size_t vtr_memory_left(void)
{
    size_t most = atomic_load(&ceiling), now = atomic_load(&held);
    return most == 0 ? SIZE_MAX : now < most ? most - now : 0;
}

size_t vtr_memory_refused(void)
{
    return atomic_load(&refused);
}

void vtr_memory_fail_after(long n)
{
    atomic_store(&allocations_left, n);
    atomic_store(&allocations_made, 0);
    atomic_store(&is_short, false);
}

bool vtr_memory_was_short(void)
{
    return atomic_load(&is_short);
}

void vtr_memory_forget_shortage(void)
{
    atomic_store(&is_short, false);
}

long vtr_memory_count(void)
{
    return atomic_load(&allocations_made);
}

void vtr_memory_note_shortage(void)
{
    atomic_store(&is_short, true);
}

static bool allocation_fails(void)
{
    atomic_fetch_add(&allocations_made, 1);
    long left = atomic_load(&allocations_left);
    if (left < 0) return false;
    if (left == 0) {
        vtr_memory_note_shortage();
        return true;
    }
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
    if (bytes > vtr_memory_left()) {
        atomic_store(&refused, atomic_load(&held) + bytes);
        return NULL;
    }
    void *memory = aligned_alloc(64, bytes == 0 ? 64 : bytes);
    if (memory == NULL) vtr_memory_note_shortage();
    atomic_fetch_add(&held, malloc_usable_size(memory));
    return memory;
}

void *vtr_calloc(size_t n, size_t size)
{
    void *memory = vtr_malloc(n, size);
    if (memory != NULL) memset(memory, 0, n * size);
    return memory;
}

void vtr_free(void *memory)
{
    atomic_fetch_sub(&held, malloc_usable_size(memory));
    free(memory);
}

char *vtr_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = vtr_malloc(n, 1);
    if (copy != NULL) memcpy(copy, text, n);
    return copy;
}
