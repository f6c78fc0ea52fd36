/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BASE_INTERNAL_H
#define VITRAIL_BASE_INTERNAL_H

/* What every room may use of base/ beyond the public headers: memory, text, files, random numbers. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vitrail/error.h"
#include "vitrail/types.h"

/* Zeroed memory for n items, aligned to 64 bytes (one AVX-512 register), released with vtr_free. NULL when n *
 * size overflows or memory is short; n == 0 gives a pointer that may be released. */
void *vtr_calloc(size_t n, size_t size);
/* As vtr_calloc without zeroing. */
void *vtr_malloc(size_t n, size_t size);
void vtr_free(void *memory);
char *vtr_strdup(const char *text);

/* In tests: the n-th allocation from now and all after it fail (0 = the next one; -1 = none). */
void vtr_memory_fail_after(long n);
/* Number of allocations since the last call of vtr_memory_fail_after. */
long vtr_memory_count(void);
/* Whether the system refused memory (the ceiling does not count, below which there are ways to do with less), until it is forgotten: to be
 * asked before a file gets its name, since what could not be held may have passed for absent. */
bool vtr_memory_was_short(void);
void vtr_memory_forget_shortage(void);

/* Some memory: records are put together from several, and taken apart into them. */
typedef struct vtr_slice {
    void *data;
    size_t n_bytes;
} vtr_slice;

/* Seconds of a clock that is never set. */
double vtr_clock_s(void);

/* a * b into *product; false on overflow. */
bool vtr_multiply_size(size_t a, size_t b, size_t *product);

/* Number text without locale: 0 and *value, or -1 when the text is not wholly one number. */
int vtr_parse_double(const char *text, double *value);
int vtr_parse_size(const char *text, size_t *value);
bool vtr_text_starts_with(const char *text, const char *prefix);
bool vtr_text_ends_with_nocase(const char *text, const char *suffix);

/* A path for the partial file that vtr_output_commit renames into `path`: same folder, ends in ".partial". The
 * caller frees it with vtr_free; NULL when memory is short. */
char *vtr_partial_path(const char *path);
/* Refuses (VTR_ERR_EXISTS) an existing `path` unless `force`; VTR_ERR_IO when its folder is missing or not
 * writable. To be asked before long work starts. */
vtr_status vtr_output_check(const char *path, bool force, vtr_error *err);
/* Opens, makes if need be, and locks the partial file of `path`, so that no other program writes it: VTR_ERR_IO where one
 * does. The lock ends when `*lock` is closed, which is done after vtr_output_commit or vtr_output_discard. */
vtr_status vtr_output_lock(int *lock, const char *partial, const char *path, vtr_error *err);
/* fsync and rename partial -> path; on failure, also of what HDF5 read or wrote before and did not tell of, removes the partial file. */
vtr_status vtr_output_commit(const char *partial, const char *path, vtr_error *err);
void vtr_output_discard(const char *partial);
/* Makes the name of a file in its folder as durable as its content. */
void vtr_sync_folder(const char *path);

/* Counter-based random numbers (Philox 4x32-10; Salmon et al., SC11, 2011): the same (seed, stream, counter)
 * gives the same numbers on any machine and any number of threads. */
typedef struct vtr_random {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    unsigned used;
} vtr_random;

void vtr_random_start(vtr_random *random, uint64_t seed, uint64_t stream);
uint32_t vtr_random_u32(vtr_random *random);
/* The next n of them, faster. */
void vtr_random_fill_u32(vtr_random *random, uint32_t *out, size_t n);
/* In (0, 1). */
double vtr_random_uniform(vtr_random *random);
/* Standard normal (Box-Muller; two uniforms each). */
double vtr_random_normal(vtr_random *random);
/* Poisson of any mean >= 0: inversion below 12, transformed rejection (Hörmann 1993, PTRS) above. */
uint64_t vtr_random_poisson(vtr_random *random, double mean);
/* Gamma of shape > 0 and scale 1 (Marsaglia & Tsang 2000). */
double vtr_random_gamma(vtr_random *random, double shape);

/* Instruction sets of this processor, and which of them kernels may use (VITRAIL_KERNEL=portable|avx2|avx512 in
 * the environment lowers it; tests call vtr_cpu_limit). */
typedef enum vtr_cpu { VTR_CPU_PORTABLE, VTR_CPU_AVX2, VTR_CPU_AVX512 } vtr_cpu;
vtr_cpu vtr_cpu_best(void);
void vtr_cpu_limit(vtr_cpu most);

/* The HDF5 library is used by one thread at a time: every use of it, in whatever room, lies between these two, which
 * may be nested. Locking also keeps it from printing its errors. */
void vtr_hdf5_lock(void);
void vtr_hdf5_unlock(void);
/* Why the last HDF5 call failed, in a few words, in `text`, which is returned: "not an HDF5 file", "No space left on
 * device". To be asked within the lock. */
const char *vtr_hdf5_reason(char *text, size_t size);
/* What an iteration of HDF5 returned, which comes back unchanged: iterations do not report why they
 * failed. To be asked at once, within the lock. */
int vtr_hdf5_iterated(int result);
/* A file that the system failed to read or write under HDF5, and why. */
typedef struct vtr_hdf5_trouble {
    bool is_write;
    unsigned long number; /* of those noted in this process */
    char file[1024], reason[256];
} vtr_hdf5_trouble;
/* Whether `file` could not be written: to be asked before it gets its name, or when it is given up. Forgets it, as the next two do;
 * `trouble` may be NULL. */
bool vtr_hdf5_could_not_write(const char *file, vtr_hdf5_trouble *trouble);
/* Whether any file could not be read (or opened, though it is there): to be asked where what cannot be read would pass for absent,
 * before a file gets its name, and once a failure is told. */
bool vtr_hdf5_had_unread(vtr_hdf5_trouble *trouble);
/* The same since a mark was taken, in one stretch of the lock: whatever files the caller reads, and none that others read. */
unsigned long vtr_hdf5_mark(void);
bool vtr_hdf5_had_unread_since(unsigned long mark, vtr_hdf5_trouble *trouble);
/* Whether it was a failure to read `file`. It stays noted: the caller may take the error for an absence in its turn. */
bool vtr_hdf5_could_not_read(const char *file, vtr_hdf5_trouble *trouble);

/* Opens a regular file to read, as vtr_input_open does, and says how long it is. */
vtr_status vtr_input_descriptor(int *descriptor, uint64_t *size, const char *path, vtr_error *err);

/* Number of threads to use for a requested number (0 = all processors this process may run on). */
int vtr_thread_count(int requested);

#endif
