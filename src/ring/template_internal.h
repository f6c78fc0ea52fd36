/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_TEMPLATE_INTERNAL_H
#define VITRAIL_RING_TEMPLATE_INTERNAL_H

/* Making and reading the ring's profile (vtr_ring_template). */

#include <stdbool.h>
#include <stddef.h>

#include "ring/likelihood_internal.h"
#include "vitrail/error.h"
#include "vitrail/ring_template.h"

/* The template of a radial profile: n points (radius, counts per pixel, weight); annulus as given. E is fitted on
 * the annulus and `margin_px` to both sides where there are points. */
vtr_status vtr_ring_template_from_profile(vtr_ring_template *out, size_t n, const double *radius_px,
                                          const double *counts, const double *weight,
                                          const double annulus_px[2], double margin_px, vtr_error *err);

/* E and dE/dr at a radius; constant beyond the knots. */
double vtr_ring_template_value(const vtr_ring_template *t, double radius_px, double *slope);
/* g at a radius. */
double vtr_ring_template_background(const vtr_ring_template *t, double radius_px);

/* Counts per pixel of the mean pattern: ring and background. */
double vtr_ring_template_counts(const vtr_ring_template *t, double radius_px);

/* The fine table that the kernel reads. Writes at most `capacity` pairs; returns how many. */
enum { VTR_TEMPLATE_TABLE_CAPACITY = 8192 };
int vtr_ring_template_table(const vtr_ring_template *t, float *values, int capacity, float *rho_first_px,
                            float *step_px);

/* Least squares for the spline's coefficients, one observation after the other: value = scale * E(radius) with
 * weight. */
typedef struct vtr_template_equations {
    size_t n;
    double matrix[VTR_TEMPLATE_MAX_KNOTS][4]; /* band: [i][k] couples i and i + k */
    double right[VTR_TEMPLATE_MAX_KNOTS];
} vtr_template_equations;

void vtr_template_equations_start(vtr_template_equations *e, const vtr_ring_template *t);
void vtr_template_equations_add(vtr_template_equations *e, const vtr_ring_template *t, double radius_px,
                                double scale, double value, double weight);
/* Adds b's equations to a's. */
void vtr_template_equations_merge(vtr_template_equations *a, const vtr_template_equations *b);
/* Solves, with a little smoothness where data are missing, into t->coefficients; updates radius and width. Where
 * `anchored`, coefficients without data stay as they are in `t`. */
vtr_status vtr_template_equations_solve(vtr_template_equations *e, vtr_ring_template *t, bool anchored,
                                        vtr_error *err);

#endif
