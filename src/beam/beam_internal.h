/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BEAM_INTERNAL_H
#define VITRAIL_BEAM_INTERNAL_H

/* What the ways to the beam's position share. */

#include <math.h>

#include "vitrail/beam.h"

/* Pixels of each type as double. */
static inline double pixel_u8(const void *frame, size_t i)
{
    return ((const uint8_t *)frame)[i];
}

static inline double pixel_u16(const void *frame, size_t i)
{
    return ((const uint16_t *)frame)[i];
}

static inline double pixel_u32(const void *frame, size_t i)
{
    return ((const uint32_t *)frame)[i];
}

static inline double pixel_i8(const void *frame, size_t i)
{
    return ((const int8_t *)frame)[i];
}

static inline double pixel_i16(const void *frame, size_t i)
{
    return ((const int16_t *)frame)[i];
}

static inline double pixel_i32(const void *frame, size_t i)
{
    return ((const int32_t *)frame)[i];
}

static inline double pixel_f32(const void *frame, size_t i)
{
    return (double)((const float *)frame)[i];
}

static inline double pixel_f64(const void *frame, size_t i)
{
    return ((const double *)frame)[i];
}

typedef double (*pixel_reader)(const void *frame, size_t i);

/* Rows or columns of the detector within `radius` of `centre`: first <= i < end. Rounded without the calls that ceil and
 * floor are where the processor is not known: there is one for each row. */
static inline void span(ptrdiff_t *first, ptrdiff_t *end, double centre, double radius, size_t size)
{
    double low = centre - radius, high = centre + radius;
    *first = (ptrdiff_t)low + ((double)(ptrdiff_t)low < low);
    *end = (ptrdiff_t)high + ((double)(ptrdiff_t)high <= high);
    if (*first < 0) *first = 0;
    if (*end > (ptrdiff_t)size) *end = (ptrdiff_t)size;
}

/* Half the chord of a circle at the height dy; 0 outside. */
static inline double half_chord(double radius, double dy)
{
    double squared = radius * radius - dy * dy;
    return squared > 0 ? sqrt(squared) : 0;
}

/* The checks of parameters that all ways need. */
vtr_status vtr_beam_check_params(const vtr_beam_params *p, vtr_error *err);

static inline void lose_beam(vtr_beam_position *position, uint32_t flags)
{
    *position = (vtr_beam_position){NAN, NAN, {NAN, NAN, NAN}, NAN, NAN, flags};
}

#endif
