/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TYPES_H
#define VITRAIL_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "vitrail/api.h"

VTR_BEGIN_DECLS

/* Number types of a recording's pixels. */
typedef enum vtr_type {
    VTR_TYPE_U8,
    VTR_TYPE_U16,
    VTR_TYPE_U32,
    VTR_TYPE_I8,
    VTR_TYPE_I16,
    VTR_TYPE_I32,
    VTR_TYPE_F32,
    VTR_TYPE_F64,
} vtr_type;
enum { VTR_TYPE_COUNT = 8 };

VTR_API size_t vtr_type_size(vtr_type type);
/* "u8", "u16", ... */
VTR_API const char *vtr_type_name(vtr_type type);
/* Accepts "u16", "uint16", "float32", ...; returns 0 and sets *type, or -1. */
VTR_API int vtr_type_parse(vtr_type *type, const char *text);

/* Why a position has no (or a doubtful) value; bits of every `flags` map. */
typedef enum vtr_flag {
    VTR_FLAG_MISSING = 1 << 0,              /* the recording ends before this position */
    VTR_FLAG_EMPTY = 1 << 1,                /* no counts at all */
    VTR_FLAG_INVALID = 1 << 2,              /* NaN or negative pixels where counts are needed */
    VTR_FLAG_NO_RING = 1 << 3,              /* no ring above the noise */
    VTR_FLAG_NOT_CONVERGED = 1 << 4,        /* the fit did not settle */
    VTR_FLAG_OUT_OF_RANGE = 1 << 5,         /* the fit left the range that the ring's annulus allows */
    VTR_FLAG_FEW_PIXELS = 1 << 6,           /* too little of the ring is visible */
    VTR_FLAG_SATURATED = 1 << 7,            /* saturated pixels in the ring */
    VTR_FLAG_POOR_FIT = 1 << 8,             /* chi-squared far from what the noise allows (value kept) */
    VTR_FLAG_NO_BEAM = 1 << 9,              /* the direct beam was not found */
    VTR_FLAG_BEAM_IS_RING_CENTRE = 1 << 10, /* behind a beam stop the ring's centre stands for the beam */
} vtr_flag;

/* Bits of `flags` with which a fitted value is no data (NaN). */
#define VTR_FLAGS_NO_RING_DATA                                                                               \
    (VTR_FLAG_MISSING | VTR_FLAG_EMPTY | VTR_FLAG_INVALID | VTR_FLAG_NO_RING | VTR_FLAG_NOT_CONVERGED |      \
     VTR_FLAG_OUT_OF_RANGE | VTR_FLAG_FEW_PIXELS)

/* A rectangle of positions or pixels: rows y0 <= y < y1, columns x0 <= x < x1. */
typedef struct vtr_box {
    size_t y0, y1, x0, x1;
} vtr_box;

VTR_END_DECLS

#endif
