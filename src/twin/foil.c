/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/gaussian_field_internal.h"
#include "twin/twin_internal.h"
#include "vitrail/constants.h"

/* The specimen thickness: one field of view in foils of several thicknesses, after chapter 4 of S. Kang's dissertation (TU
 * Darmstadt, 2023). Two things change with the thickness t.
 *
 * Relaxation: a surface is free, so what the bulk holds as strain e is e (1 - cosh(z/d)/cosh(t/(2 d))) at a distance z from
 * the middle, d the depth to which a surface relaxes; the beam sees the mean, e (1 - (2 d/t) tanh(t/(2 d))).
 *
 * Scattering: with x = t over the mean free path, exp(-x) of the electrons are not scattered, x exp(-x) once and the rest,
 * (exp(x) - 1 - x)/x for each of those, more often: they lie under the ring as background. Of the speckle's contrast, 1/t is
 * left: more atoms that do not know of each other lie above one another. */
static const double relaxed_depth_nm = 40, free_path_nm = 120, contrast_thickness_nm = 100;
enum { LARGEST_SHIFT_STEPS = 4 };
static const double largest_turn_degrees = 1.5;

vtr_twin_foil vtr_twin_bulk(void)
{
    return (vtr_twin_foil){.relaxation = 1, .scattered = 1, .beam = 1, .contrast = 1};
}

static double given_or_drawn(double given, double largest, vtr_random *random)
{
    double drawn = largest * (2 * vtr_random_uniform(random) - 1);
    return isnan(given) ? drawn : given;
}

vtr_twin_foil vtr_twin_thin_foil(const vtr_twin_params *p)
{
    double t = p->thickness_nm, x = t / free_path_nm, part = 2 * relaxed_depth_nm / t;
    vtr_twin_foil foil = {.thickness_nm = t,
                          .relaxation = 1 - part * tanh(1 / part),
                          .plural = (expm1(x) - x) / x,
                          .scattered = -expm1(-x),
                          .beam = 1 / expm1(x),
                          .contrast = contrast_thickness_nm / t};
    vtr_random random;
    double shift_nm = LARGEST_SHIFT_STEPS * p->scan_step_nm;
    vtr_twin_random(&random, p, VTR_TWIN_FOR_PLACEMENT, (uint64_t)llround(1000 * t));
    foil.shift_x_nm = given_or_drawn(p->shift_x_nm, shift_nm, &random);
    foil.shift_y_nm = given_or_drawn(p->shift_y_nm, shift_nm, &random);
    foil.turn_degrees = given_or_drawn(p->turn_degrees, largest_turn_degrees, &random);
    return foil;
}

void vtr_twin_place(const vtr_twin *twin, size_t position, double *y_nm, double *x_nm)
{
    const vtr_twin_info *info = &twin->info;
    double step = info->scan_step_nm, turn = info->foil.turn_degrees * VTR_RADIANS_PER_DEGREE;
    double middle_y = 0.5 * step * (double)(info->shape[0] - 1),
           middle_x = 0.5 * step * (double)(info->shape[1] - 1);
    *y_nm = step * (double)(position / info->shape[1]);
    *x_nm = step * (double)(position % info->shape[1]);
    if (info->foil.thickness_nm == 0) return;
    double y = *y_nm - middle_y, x = *x_nm - middle_x, c = cos(turn), s = sin(turn);
    *y_nm = middle_y + info->foil.shift_y_nm + s * x + c * y;
    *x_nm = middle_x + info->foil.shift_x_nm + c * x - s * y;
}

void vtr_twin_turn_strain(const vtr_twin *twin, double strain[3])
{
    double twice = 2 * twin->info.foil.turn_degrees * VTR_RADIANS_PER_DEGREE, c = cos(twice), s = sin(twice);
    double mean = 0.5 * (strain[0] + strain[1]), half = 0.5 * (strain[0] - strain[1]), shear = strain[2];
    strain[0] = mean + c * half + s * shear;
    strain[1] = mean - c * half - s * shear;
    strain[2] = c * shear - s * half;
}

/* --- the matrix, which all thicknesses share -------------------------------------------------------------------- */

/* Catmull-Rom's weights of the four points around a place between the second and the third. */
static void cubic_weights(double weight[4], double part)
{
    double p = part, p2 = p * p, p3 = p2 * p;
    weight[0] = 0.5 * (-p3 + 2 * p2 - p);
    weight[1] = 0.5 * (3 * p3 - 5 * p2 + 2);
    weight[2] = 0.5 * (-3 * p3 + 4 * p2 + p);
    weight[3] = 0.5 * (p3 - p2);
}

static size_t wrap(long i, size_t n)
{
    long m = i % (long)n;
    return (size_t)(m < 0 ? m + (long)n : m);
}

/* A periodic field [n_y][n_x] at a place in its steps. */
static double field_at(const float *field, size_t n_y, size_t n_x, double y, double x)
{
    double wy[4], wx[4], sum = 0;
    long iy = (long)floor(y), ix = (long)floor(x);
    cubic_weights(wy, y - floor(y));
    cubic_weights(wx, x - floor(x));
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < 4; i++)
            sum += wy[j] * wx[i] * (double)field[wrap(iy + j - 1, n_y) * n_x + wrap(ix + i - 1, n_x)];
    return sum;
}

/* The fields' period is a multiple of this: scans that differ a little in size and step see the same field. */
static const double period_nm = 512, margin_nm = 60;

/* Steps of the shared fields: fine beside their length, and none of any scan. */
static double fine_step(const vtr_twin *twin)
{
    return twin->params.matrix_length_nm / 6;
}

vtr_status vtr_twin_add_shared_matrix(vtr_twin *twin, vtr_error *err)
{
    const vtr_twin_info *info = &twin->info;
    const vtr_twin_params *p = &twin->params;
    double step = fine_step(twin);
    size_t n[2];
    for (int i = 0; i < 2; i++) {
        double extent = info->scan_step_nm * (double)info->shape[i] + margin_nm;
        n[i] = (size_t)ceil(ceil(extent / period_nm) * period_nm / step);
    }
    float *fields = vtr_malloc(3 * n[0] * n[1], sizeof *fields);
    if (fields == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the matrix of a foil");
    vtr_status status = VTR_OK;
    for (size_t j = 0; j < 3 && status == VTR_OK; j++) {
        vtr_random random;
        vtr_twin_random(&random, p, VTR_TWIN_FOR_MATRIX, j);
        status = vtr_gaussian_field(fields + j * n[0] * n[1], n[0], n[1], p->matrix_length_nm / step, &random,
                                    err);
    }
    for (size_t i = 0; i < twin->n_positions && status == VTR_OK; i++) {
        double y, x, strain[3];
        vtr_twin_place(twin, i, &y, &x);
        for (size_t j = 0; j < 3; j++)
            strain[j] = info->foil.relaxation * p->matrix_strain *
                        field_at(fields + j * n[0] * n[1], n[0], n[1], y / step, x / step);
        vtr_twin_turn_strain(twin, strain);
        for (size_t j = 0; j < 3; j++)
            twin->strain[j][i] += (float)strain[j];
    }
    vtr_free(fields);
    return status;
}
