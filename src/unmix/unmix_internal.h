/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_UNMIX_INTERNAL_H
#define VITRAIL_UNMIX_INTERNAL_H

/* What the files of src/unmix/ share: the cube as a matrix that can be gone through in blocks, the products with it, and
 * small non-negative least squares. */

#include "base/base_internal.h"
#include "vitrail/unmix.h"

enum {
    UNMIX_BLOCK = 128, /* positions that a worker holds at a time: 256 KiB of 512 channels */
    UNMIX_CHUNKS = 64, /* parts of the positions with sums of their own, whatever the number of threads */
    UNMIX_TABLE_COMPONENTS = 6, /* up to here the inverses of all subsets are kept */
};

/* The products with a block of rows, one implementation an instruction set. Sums in double, in the same order in each. */
typedef struct unmix_kernels {
    /* p[n][k] = rows[n][m] . h[k][m] */
    void (*project)(double *p, size_t n, size_t m, const float *rows, size_t k, const double *h);
    /* r[k][m] += sum over rows of w[n][k] rows[n][m] */
    void (*accumulate)(double *r, size_t n, size_t m, const float *rows, size_t k, const double *w);
    /* q[n][m] = rows / (w h); returns, where asked for, the sum of a log(a/(w h)) - a + w h */
    double (*ratio)(float *q, size_t n, size_t m, const float *rows, size_t k, const double *w,
                    const double *h, bool with_loss);
} unmix_kernels;
extern const unmix_kernels vtr_unmix_kernels_portable, vtr_unmix_kernels_avx2, vtr_unmix_kernels_avx512;
const unmix_kernels *vtr_unmix_kernels_best(void);

/* A cube of noise: rows less the mean and less what lies along `v` [n][m], orthonormal, every entry with a random sign. */
typedef struct unmix_flip {
    uint64_t seed, trial;
    size_t n;
    const double *v;
    double norm2; /* of what is left */
} unmix_flip;

/* Positions in parts of nearly as many that are not masked: chunk c holds begin[c] ... begin[c + 1] - 1. What is summed over
 * positions is summed in each chunk, then over chunks as a tree (vitrail/ranks.h): the bits do not depend on who did which,
 * and of 64 chunks each of 2, 4, 8 ranks has one sum to send. */
typedef struct unmix_chunks {
    size_t n, begin[UNMIX_CHUNKS + 1];
} unmix_chunks;
/* `used` as in vtr_unmix_data. */
void vtr_unmix_deal(unmix_chunks *chunks, size_t n_positions, const uint8_t *used);
/* Those of this rank: *first ... *end - 1. */
void vtr_unmix_own_chunks(size_t *first, size_t *end, const unmix_chunks *chunks, const vtr_ranks *ranks);
/* sums [n_sums] = those of all chunks, of which this rank has parts [own][n_sums]; the same bits for any number of ranks.
 * `status` is what became of this rank's part: an error of one is that of all. */
vtr_status vtr_unmix_add_chunks(double *sums, const double *parts, size_t n_sums, const unmix_chunks *chunks,
                                vtr_ranks *ranks, vtr_status status, vtr_error *err);
/* Everybody's `all`, of elements of `size` bytes, whose chunks begin at bound[], from the ranks' own. */
vtr_status vtr_unmix_gather(void *all, size_t size, const size_t *bound, const unmix_chunks *chunks,
                            vtr_ranks *ranks, vtr_error *err);

/* The used positions and channels of a cube, shifted and scaled by the roots of the weights: n x m, n of them in rows of
 * `width` floats. `width` is m, or, of a compressed matrix, the number of its singular vectors. */
typedef struct unmix_matrix {
    const vtr_unmix_data *data;
    size_t n, m, width;
    size_t n_invalid;
    size_t *position; /* [n] */
    unmix_chunks chunks;
    size_t row[UNMIX_CHUNKS + 1];  /* the first used position of each chunk; [chunks.n] is n */
    size_t first_chunk, end_chunk; /* those of this rank */
    size_t *channel;               /* [m] */
    double *channel_scale;         /* [m], root of the weight, or the weight */
    bool is_linear; /* rows are scaled by the weights, as the divergence needs it, not by their roots */
    double shift;
    bool is_direct;                /* rows can be read where they are */
    double low, high;              /* smallest and largest used value, before the shift */
    double norm2;                  /* sum of squares, after shift and scale */
    double deviation2;             /* the same of the deviations from the mean row */
    double *mean;                  /* [m], mean row */
    float *compressed;             /* [n][width]; NULL: the cube itself, whose lists are otherwise borrowed */
    double *lift;                  /* [width][m], orthonormal rows: a row is compressed . lift */
    const struct unmix_flip *flip; /* NULL, or what makes noise of the rows */
    int threads;
} unmix_matrix;

/* Checks the data, lists what is used, finds the extremes. Then vtr_unmix_shift, which finds the norms. */
vtr_status vtr_unmix_open(unmix_matrix *a, const vtr_unmix_data *data, bool is_linear, int threads,
                          vtr_error *err);
vtr_status vtr_unmix_shift(unmix_matrix *a, double shift, vtr_error *err);
void vtr_unmix_close(unmix_matrix *a);
/* By which the i-th used position is scaled. */
double vtr_unmix_position_scale(const unmix_matrix *a, size_t i);

/* One block of rows, [n][width], first the number of its first used position; adds to `sums`, which belong to the chunk.
 * `scratch` is the worker's. */
typedef void (*unmix_work)(void *user, size_t first, size_t n, const float *rows, double *sums,
                           double *scratch);
/* Every block once. sums [n_sums] = those of all chunks, of all ranks. */
vtr_status vtr_unmix_each_block(const unmix_matrix *a, unmix_work work, void *user, double *sums,
                                size_t n_sums, size_t n_scratch, vtr_error *err);
/* The same without rows, which are NULL. */
vtr_status vtr_unmix_each_position(const unmix_matrix *a, unmix_work work, void *user, double *sums,
                                   size_t n_sums, vtr_error *err);
/* VTR_ERR_INTERRUPTED once any rank was asked to stop. */
vtr_status vtr_unmix_go_on(const unmix_matrix *a, const vtr_progress *progress, vtr_error *err);
/* Of arrays over the used positions [n], or over all [n_positions], everybody's from the ranks' own. */
vtr_status vtr_unmix_gather_used(void *all, size_t size, const unmix_matrix *a, vtr_error *err);
vtr_status vtr_unmix_gather_all(void *all, size_t size, const unmix_matrix *a, vtr_error *err);

/* The leading `rank` right singular vectors of the matrix, less `mean` [m] in each row unless NULL, into v [rank][m], the
 * singular values into s [rank]; randomised, with power iterations. */
vtr_status vtr_unmix_subspace(double *v, double *s, const unmix_matrix *a, const double *mean, size_t rank,
                              uint64_t seed, vtr_error *err);
/* The largest singular value; with many channels of a subspace of `width`, which is a little less. */
vtr_status vtr_unmix_largest(double *s, const unmix_matrix *a, size_t width, uint64_t seed, vtr_error *err);
/* `small` holds the rows of `a` in that subspace, those of this rank. It borrows from `a` and is closed before it. */
vtr_status vtr_unmix_compress(unmix_matrix *small, const unmix_matrix *a, const double *v, size_t rank,
                              vtr_error *err);

/* *row [width] of the i-th position of a compressed matrix, which may be another rank's; until the next call. */
vtr_status vtr_unmix_compressed_row(const float **row, const unmix_matrix *small, size_t i, vtr_error *err);

/* Minimises x.G x/2 - p.x over x >= 0 for many p, by block principal pivoting: Portugal, Judice, Vicente, Math. Comput. 63,
 * 625 (1994); Kim & Park 2011. G positive definite. */
typedef struct unmix_nnls {
    size_t k;
    double gram[VTR_UNMIX_COMPONENTS_MAX * VTR_UNMIX_COMPONENTS_MAX];
    double *inverse; /* [2^k][k][k] of the subsets, zero outside; NULL for large k */
} unmix_nnls;
vtr_status vtr_unmix_nnls_open(unmix_nnls *plan, size_t k, const double *gram, vtr_error *err);
void vtr_unmix_nnls_close(unmix_nnls *plan);
void vtr_unmix_nnls_solve(const unmix_nnls *plan, const double *p, double *x);

/* A factorisation under way. h and w are in the units of the matrix: shifted, scaled by the weights. */
typedef struct unmix_fit {
    const unmix_matrix *a; /* the cube, or the cube compressed */
    const vtr_nmf_params *params;
    size_t k;
    bool is_free;   /* components may be negative */
    bool has_w;     /* w is where to go on from, not only what comes out */
    double penalty; /* of sum_to_one: this over two times the squared distance of a position's sum from one */
    double volume;  /* times log det(h h^T) */
    double *h;      /* [k][m] */
    double *w;      /* [n][k] */
    double objective, kkt;
    bool is_converged;
    double *history; /* [capacity], or NULL */
    size_t n_history, capacity;
    const vtr_progress *progress;
} unmix_fit;

/* Goes on from h for at most `most` iterations; `objective` is that of h with the best w, before its last update. */
vtr_status vtr_unmix_alternate(unmix_fit *fit, size_t most, vtr_error *err);
vtr_status vtr_unmix_diverge(unmix_fit *fit, size_t most, vtr_error *err);
/* w, objective and kkt of h as it is. */
vtr_status vtr_unmix_alternate_end(unmix_fit *fit, vtr_error *err);
vtr_status vtr_unmix_diverge_end(unmix_fit *fit, vtr_error *err);
/* Appends to the history. */
void vtr_unmix_fit_record(unmix_fit *fit, double objective);

/* Components to begin with, from the compressed matrix `small` and, for nndsvd, from its singular vectors. */
vtr_status vtr_unmix_start(double *h, const unmix_matrix *small, const vtr_nmf_params *params, size_t k,
                           bool is_free, uint64_t which, vtr_error *err);

/* Components, fractions and, where wanted, maps on the scale of the data, into the result whose sizes and shift are set. */
vtr_status vtr_unmix_scale(vtr_nmf_result *result, const unmix_fit *fit, const unmix_matrix *a,
                           bool with_maps, vtr_error *err);

/* h [k][n] = G^-1 r, G symmetric positive definite [k][k]. */
vtr_status vtr_unmix_solve(double *h, size_t k, size_t n, const double *gram, const double *r,
                           vtr_error *err);

#endif
