/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_POLAR_INTERNAL_H
#define VITRAIL_POLAR_INTERNAL_H

/* How the frames are walked through. A *cell* is the part of a bin between two neighbouring annulus edges, of
 * at most VTR_CELL_MAX_PIXELS pixels; cells are summed, then merged into bins and annuli. A frame is cut into
 * *tiles* of 32 x 8 px: the pixels of a tile are transposed into a buffer (one row of VTR_LANES values per
 * pixel) that stays in the first cache, and are then added up in *segments*, runs of up to eight pixels of
 * one cell. The segments of a tile are sorted by length, so the loop over one length has no branch that
 * depends on the data. */

#include "base/base_internal.h"
#include "vitrail/polar.h"

enum {
    VTR_TILE_X = 32,
    VTR_TILE_Y = 8,
    VTR_TILE_PIXELS = VTR_TILE_X * VTR_TILE_Y,
    VTR_SEGMENT_MAX = 8,
    VTR_PATTERN_BLOCK = VTR_TILE_X,
    VTR_PATTERN_FULL = 256,      /* 256 batches of sixteen squares below 2^20 fit into 32 bits */
    VTR_CELL_MAX_PIXELS = 65536, /* 65536 * 65535 < 2^32: a 32-bit sum of 16-bit pixels cannot overflow */
};

/* Pixels by the names that the kernels' macros put together. */
typedef uint8_t pixel_u8;
typedef uint16_t pixel_u16;
typedef uint32_t pixel_u32;
typedef int8_t pixel_i8;
typedef int16_t pixel_i16;
typedef int32_t pixel_i32;
typedef float pixel_f32;
typedef double pixel_f64;

typedef struct vtr_polar_tile {
    uint32_t x, y, width, height;
    uint16_t n_segments[VTR_SEGMENT_MAX]; /* of length 1, 2, ... */
    bool has_unused;                      /* pixels that are masked or beyond the detector's edge */
    size_t first_segment, first_pixel;
} vtr_polar_tile;

/* Cells first ... first of the next run - 1 lie in one interval between annulus edges. */
typedef struct vtr_polar_run {
    size_t first_cell;
    size_t interval;
} vtr_polar_run;

/* The bins as points, [n_bins] each, with VTR_LANES more that may be read. */
typedef struct vtr_profile_points {
    float *x, *y, *radius, *n_pixels;
} vtr_profile_points;

typedef struct vtr_polar_program {
    size_t det_y, tiles_x, n_tiles, n_cells, n_intervals, n_runs;
    vtr_polar_tile *tiles;
    uint32_t *segment_cell; /* cell of each segment */
    uint16_t *pixel; /* of the segments in turn: VTR_LANES * (row in tile * VTR_TILE_X + column in tile) */
    size_t *bin_first_cell;         /* [n_bins + 2] */
    vtr_polar_run *runs;            /* [n_runs + 1], the last marks the end */
    size_t (*annulus_intervals)[2]; /* [n_annuli]: intervals first <= i < end */
    vtr_profile_points points;
    void *storage[24]; /* what vtr_polar_plan_free releases */
    size_t n_storage;
} vtr_polar_program;

/* Fills tiles, segment_cell, pixel from the cell of each pixel (UINT32_MAX: not used). */
vtr_status vtr_polar_program_build(vtr_polar_program *program, const uint32_t *cell_of_pixel, size_t det_y,
                                   size_t det_x, vtr_error *err);

/* Sums of one batch before they are merged. */
typedef struct vtr_polar_workspace {
    size_t n_cells, n_bins, n_annuli, n_intervals, frame_bytes; /* capacities; bins without "outside" */
    void *cells; /* [n_cells][VTR_LANES] uint32_t (int32_t for signed types) or double */
    size_t cell_bytes;
    void *buffer;                        /* [VTR_TILE_PIXELS][VTR_LANES], up to 8 bytes each */
    void *zero_frame;                    /* stands for the lanes without frame */
    double *intervals;                   /* [n_intervals][VTR_LANES] */
    double extremes[2][VTR_LANES];       /* minimum, maximum over used pixels */
    struct vtr_profile_scratch *profile; /* of vtr_polar_profile; NULL until then */
} vtr_polar_workspace;

/* Recent sums of one row of a tile, still to be added to the 64-bit ones: what a batch has to walk through in memory
 * lies together, in the order of the tiles. */
typedef struct vtr_pattern_block {
    _Alignas(64) uint32_t sum[VTR_PATTERN_BLOCK];
    uint32_t squares[VTR_PATTERN_BLOCK];
    uint16_t maximum[VTR_PATTERN_BLOCK];
} vtr_pattern_block;

struct vtr_pattern {
    vtr_type type;
    size_t det_y, det_x, n_pixels, n_frames;
    bool is_integer; /* 8- and 16-bit types: exact */
    int64_t *sum;    /* integer types */
    uint64_t *sum_of_squares;
    uint16_t *maximum;         /* of unsigned types; int16_t of signed ones */
    size_t n_blocks;           /* u8 and u16: VTR_TILE_Y for each tile; 0: none */
    vtr_pattern_block *blocks; /* beyond the detector's edges: zeros, or sums that nobody reads */
    uint16_t *weight;          /* of what each block holds, at most VTR_PATTERN_FULL */
    double *real_sum, *real_sum_of_squares, *real_maximum; /* the other types */
};

/* The block whose first pixel is `first`. */
size_t vtr_pattern_block_of(const vtr_pattern *pattern, size_t first);
/* Its pixels that are on the detector. */
size_t vtr_pattern_block_width(const vtr_pattern *pattern, size_t first);
/* What it consists of, to be stored and put back: the slices point into the pattern. */
enum { VTR_PATTERN_SLICES = 4 };
void vtr_pattern_slices(vtr_pattern *pattern, vtr_slice slices[VTR_PATTERN_SLICES]);
/* Its recent sums to the 64-bit ones. */
void vtr_pattern_empty(const vtr_pattern *pattern, size_t block, size_t first);

enum {
    VTR_PROFILE_ROW = 3 * VTR_LANES, /* floats of one sample: sums, pixels, pixels shared with the next */
    VTR_PROFILE_NARROW = 5,          /* samples that a bin falls on where the lanes are alike */
    VTR_PROFILE_MARGIN = 4,          /* samples before the first and after the last, dropped in the end */
};

/* rho = |A u - t|. */
typedef struct vtr_profile_lanes {
    _Alignas(64) float axx[VTR_LANES], ayy[VTR_LANES], axy[VTR_LANES], tx[VTR_LANES], ty[VTR_LANES];
} vtr_profile_lanes;

/* The middle of the lanes' geometries; rho differs from the middle's by at most radius * matrix + shift. */
typedef struct vtr_profile_spread {
    float axx, ayy, axy, tx, ty;
    float matrix, shift;
} vtr_profile_spread;

/* Mean square distance of a sample's bins from it, in samples: that of bins whose shift is half a sample, and so of most
 * patterns. Every sample is brought to it, so that none is smoother than another for its shift. */
#define VTR_PROFILE_SQUARE (1.0f / 12)

/* What the kernels of vtr_polar_profile work on. */
typedef struct vtr_profile_task {
    const float *sums;
    const float *speckle; /* [n] relative variance of each sample; may be NULL */
    const vtr_profile_lanes *lanes;
    const vtr_profile_points *points;
    size_t n_bins;
    float offset, r_first, inv_step;
    size_t n;
    /* per bin, from profile_reach */
    float *base, *slots; /* all lanes fall between samples base and base + slots - 1; slots 0: no pixels */
    float *place;        /* of the middle, in samples after the base */
    float *scale;        /* of the middle's rho, in samples */
    float *inv_squared;  /* 1 / rho^2 of the middle where the lanes are near to it, else 0 */
    float *rows;         /* [n + 2 margins][VTR_PROFILE_ROW] */
    float *terms;        /* [n + 2][VTR_PROFILE_ROW], for profile_finish */
} vtr_profile_task;

/* The pattern that frames are added to while they are binned. */
typedef struct vtr_polar_strips {
    vtr_pattern *pattern;
    const void *const *frames; /* those that are there */
    size_t n_frames;
} vtr_polar_strips;

typedef struct vtr_polar_kernels {
    /* Sums the cells; `strips` may be NULL. */
    void (*bin[VTR_TYPE_COUNT])(const vtr_polar_program *program, size_t det_x,
                                const void *const frames[VTR_LANES], vtr_polar_workspace *work,
                                const vtr_polar_strips *strips);
    /* Cells to bins (float) and to intervals. */
    void (*merge_unsigned)(const vtr_polar_plan *plan, vtr_polar_workspace *work, float *sums);
    void (*merge_signed)(const vtr_polar_plan *plan, vtr_polar_workspace *work, float *sums);
    void (*merge_real)(const vtr_polar_plan *plan, vtr_polar_workspace *work, float *sums);
    void (*pattern_add[VTR_TYPE_COUNT])(vtr_pattern *pattern, const void *const *frames, size_t n);
    void (*profile_reach)(vtr_profile_task *task, const vtr_profile_spread *spread);
    void (*profile)(const vtr_profile_task *task);
    /* The task's rows to mean, variance and weight [n][VTR_LANES]; `nothing`: 0, or NAN for a lane without profile. */
    void (*profile_finish)(float *mean, float *variance, float *weight, const vtr_profile_task *task,
                           float gain, float read_variance, const float nothing[VTR_LANES]);
} vtr_polar_kernels;

extern const vtr_polar_kernels vtr_polar_kernels_portable;
#ifdef VITRAIL_X86_KERNELS
extern const vtr_polar_kernels vtr_polar_kernels_avx2;
extern const vtr_polar_kernels vtr_polar_kernels_avx512;
#endif
const vtr_polar_kernels *vtr_polar_kernels_best(void);

void vtr_profile_scratch_free(struct vtr_profile_scratch *scratch);

#endif
