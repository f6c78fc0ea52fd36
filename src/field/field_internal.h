/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FIELD_INTERNAL_H
#define VITRAIL_FIELD_INTERNAL_H

#include <math.h>

#include "base/base_internal.h"
#include "vitrail/field.h"

/* Symmetric 2 x 2 matrices; as vectors of three: xx, yy, xy. */
typedef struct vtr_sym2 {
    double xx, yy, xy;
} vtr_sym2;

double vtr_sym2_determinant(vtr_sym2 a);
vtr_sym2 vtr_sym2_inverse(vtr_sym2 a);
vtr_sym2 vtr_sym2_square(vtr_sym2 a);
/* The positive square root of a positive definite matrix. */
vtr_sym2 vtr_sym2_root(vtr_sym2 a);
/* a b + b a. */
vtr_sym2 vtr_sym2_anticommutator(vtr_sym2 a, vtr_sym2 b);
/* d a d. */
vtr_sym2 vtr_sym2_sandwich(vtr_sym2 d, vtr_sym2 a);
/* a b c + c b a. */
vtr_sym2 vtr_sym2_triple(vtr_sym2 a, vtr_sym2 b, vtr_sym2 c);
/* q^T a q. */
vtr_sym2 vtr_sym2_turn(vtr_sym2 a, const double q[2][2]);
/* x of s x + x s = b: the differential of the square root s for the differential b. */
vtr_sym2 vtr_sym2_sylvester(vtr_sym2 s, vtr_sym2 b);

/* What all positions share. */
typedef struct vtr_strain_frame {
    vtr_sym2 d;                        /* W_ref^-1 */
    double reference_covariance[3][3]; /* of W_ref */
    double q[2][2];                    /* detector = q frame: R(rotation) diag(1, -1 if flip) R(axis) */
    bool is_first_order;
} vtr_strain_frame;

void vtr_strain_frame_set(vtr_strain_frame *frame, const vtr_field_reference *reference,
                          const vtr_field_params *params);
/* e = (exx, eyy, exy) in the frame, of W = w (xx, yy, xy) with covariance; `covariance` out may be NULL. */
void vtr_strain_point(double e[3], double covariance[3][3], const double w[3],
                      const double w_covariance[3][3], const vtr_strain_frame *frame);

/* Strain of one position, with what its quantities need beside it. */
typedef struct vtr_field_point {
    double e[3], covariance[3][3];
} vtr_field_point;

typedef struct vtr_field_quantity {
    const char *name, *unit, *long_name;
    bool is_signed;
    /* Value and standard deviation of one position ... */
    void (*point)(double *value, double *error, const vtr_field_point *point, const vtr_field_params *params);
    /* ... or, for what needs neighbours, of the whole map, from the maps of the entries above it in the table. */
    void (*map)(vtr_field_map *out, const vtr_field *field);
    /* Unit and long name where they depend on the settings; NULL where not. */
    void (*describe)(const char **unit, const char **long_name, const vtr_field *field);
} vtr_field_quantity;

extern const vtr_field_quantity vtr_field_quantities[];
extern const size_t vtr_field_n_quantities;

/* Value and error of a quantity by its name (point quantities), for tests and for other rooms' single values. */
const vtr_field_quantity *vtr_field_quantity_find(const char *name);

/* Curl of the director field of e1 (field/curl.c). */
void vtr_field_curl(vtr_field_map *out, const vtr_field *field);

/* Is there an ellipse at this position of the map? */
bool vtr_field_is_valid(const vtr_ring_map *map, size_t position);
/* W of a position, and its covariance; false where the covariance is not known (then zeros). */
bool vtr_field_w(double w[3], double covariance[3][3], const vtr_ring_map *map, size_t position);

/* The reference of params->reference, or the one found. */
vtr_status vtr_field_reference_set(vtr_field_reference *reference, const vtr_ring_map *map,
                                   const vtr_field_params *params, vtr_error *err);

/* Robust weighted least squares of the centres. */
vtr_status vtr_field_descan_fit(vtr_field_descan *descan, const vtr_ring_map *map, vtr_descan_model model,
                                vtr_error *err);

/* The value that would stand at `k` if the n values were sorted; reorders them. */
double vtr_select(double *values, size_t n, size_t k);
/* Median of n > 0 values, which are reordered. */
double vtr_median(double *values, size_t n);
/* 1.4826 times the median distance from `centre`; the values are replaced by these distances. */
double vtr_median_spread(double *values, size_t n, double centre);

#endif
