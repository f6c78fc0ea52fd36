/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BEAM_CENTRE_INTERNAL_H
#define VITRAIL_BEAM_CENTRE_INTERNAL_H

/* Rows of pixels added to sums of columns. */

#include <stddef.h>
#include <stdint.h>

#include "vitrail/types.h"

/* For n pixels from frame[at] on, by type in the order of vtr_type. */
typedef struct centre_kernels {
    /* adds the values, and the values times dy and dy^2 */
    void (*moments[VTR_TYPE_COUNT])(double *restrict value, double *restrict first, double *restrict second,
                                    const void *frame, size_t at, size_t n, double dy);
    void (*values[VTR_TYPE_COUNT])(double *restrict value, const void *frame, size_t at, size_t n);
} centre_kernels;

extern const centre_kernels vtr_centre_kernels_portable, vtr_centre_kernels_avx2, vtr_centre_kernels_avx512;

#endif
