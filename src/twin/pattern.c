/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"
#include "vitrail/detector.h"

void vtr_twin_matrices(const vtr_twin *twin, const vtr_twin_position *position, double ring[4])
{
    const double *t = twin->info.scan_to_detector, *w = twin->info.w;
    double exx = position->exx, eyy = position->eyy, exy = position->exy;
    /* a = I + T e T^T */
    double te[4] = {t[0] * exx + t[1] * exy, t[0] * exy + t[1] * eyy, t[2] * exx + t[3] * exy,
                    t[2] * exy + t[3] * eyy};
    double a[4] = {1 + te[0] * t[0] + te[1] * t[1], te[0] * t[2] + te[1] * t[3], te[2] * t[0] + te[3] * t[1],
                   1 + te[2] * t[2] + te[3] * t[3]};
    ring[0] = a[0] * w[0] + a[1] * w[2];
    ring[1] = a[0] * w[2] + a[1] * w[1];
    ring[2] = a[2] * w[0] + a[3] * w[2];
    ring[3] = a[2] * w[2] + a[3] * w[1];
}

void vtr_twin_scales(const vtr_twin *twin, const vtr_twin_position *position, double *n, double *m)
{
    *n = position->is_vacuum
             ? 0
             : position->electrons / (twin->elastic_sum + position->background_factor * twin->background_sum);
    *m = twin->params.middle == VTR_TWIN_DIRECT_BEAM
             ? twin->params.beam_ratio * twin->info.foil.beam * position->electrons
             : 0;
}

void vtr_twin_expected(const vtr_twin *twin, const vtr_twin_position *position, double *expected)
{
    double ring[4], n, m;
    const double *w = twin->info.w;
    vtr_twin_matrices(twin, position, ring);
    vtr_twin_scales(twin, position, &n, &m);
    for (size_t i = 0; i < twin->n_pixels; i++) {
        double vx = (double)(i % twin->info.shape[3]) - position->centre_x;
        double vy = (double)(i / twin->info.shape[3]) - position->centre_y;
        double r = hypot(w[0] * vx + w[2] * vy, w[2] * vx + w[1] * vy);
        double rho = hypot(ring[0] * vx + ring[1] * vy, ring[2] * vx + ring[3] * vy);
        double s, f2, ff, background;
        vtr_twin_profile(twin, rho * twin->info.k_step, &s, NULL, NULL, NULL);
        if (twin->n_phases > 1)
            s += position->solid_fraction *
                 (vtr_twin_phase_structure(twin, 1, 2 * VTR_PI * rho * twin->info.k_step) - s);
        vtr_twin_profile(twin, r * twin->info.k_step, NULL, &f2, &ff, &background);
        double beam = twin->beam_scale * vtr_twin_beam_form(r, twin->params.beam_radius_px);
        expected[i] = n * (f2 + ff * s + position->background_factor * background) + m * beam;
        if (twin->reasons[i] & VTR_MASK_BEAM_STOP) expected[i] = 0;
    }
}

/* What a frame's rows share, in single precision. */
typedef struct frame_plan {
    float ring[4], w[3], centre_x, centre_y;
    float n, background, beam, solid_fraction;
} frame_plan;

static frame_plan plan_frame(const vtr_twin *twin, const vtr_twin_position *position)
{
    double ring[4], n, m;
    vtr_twin_matrices(twin, position, ring);
    vtr_twin_scales(twin, position, &n, &m);
    frame_plan plan = {.centre_x = (float)position->centre_x, .centre_y = (float)position->centre_y};
    /* radii come out in steps of the tables */
    for (int i = 0; i < 4; i++)
        plan.ring[i] = (float)(ring[i] * VTR_TWIN_STEPS_PER_PX);
    for (int i = 0; i < 3; i++)
        plan.w[i] = (float)(twin->info.w[i] * VTR_TWIN_STEPS_PER_PX);
    plan.n = (float)n;
    plan.background = (float)(n * position->background_factor);
    plan.beam = (float)m;
    plan.solid_fraction = (float)position->solid_fraction;
    return plan;
}

/* |u| and |(I + e) u| of a row's pixels, in steps of the tables, kept inside them. */
static void row_radii(const frame_plan *plan, size_t y, size_t n_x, float last, float *restrict r,
                      float *restrict rho)
{
    float vy = (float)y - plan->centre_y;
    for (size_t x = 0; x < n_x; x++) {
        float vx = (float)(int)x - plan->centre_x;
        float ux = plan->w[0] * vx + plan->w[2] * vy, uy = plan->w[2] * vx + plan->w[1] * vy;
        float ax = plan->ring[0] * vx + plan->ring[1] * vy, ay = plan->ring[2] * vx + plan->ring[3] * vy;
        float u = sqrtf(ux * ux + uy * uy), a = sqrtf(ax * ax + ay * ay);
        r[x] = u < last ? u : last;
        rho[x] = a < last ? a : last;
    }
}

/* s between the steps j and j + 1 of the tables. */
static float structure_at(const vtr_twin *twin, const frame_plan *plan, int j, float part)
{
    float s = twin->structure[j] + part * (twin->structure[j + 1] - twin->structure[j]);
    if (twin->structure_change == NULL) return s;
    const float *change = twin->structure_change + j;
    return s + plan->solid_fraction * (change[0] + part * (change[1] - change[0]));
}

/* Expected electrons of one row; `factors` are the speckle's. */
static void expected_row(const vtr_twin *twin, const frame_plan *plan, const float *r, const float *rho,
                         const float *factors, float *expected)
{
    for (size_t x = 0; x < twin->info.shape[3]; x++) {
        int i = (int)r[x], j = (int)rho[x];
        float p = r[x] - (float)i, q = rho[x] - (float)j;
        const vtr_twin_radial *a = &twin->radial[i], *b = a + 1;
        float s = structure_at(twin, plan, j, q);
        float f2 = a->mean_f2 + p * (b->mean_f2 - a->mean_f2);
        float ff = a->mean_f_squared + p * (b->mean_f_squared - a->mean_f_squared);
        float background = a->background + p * (b->background - a->background);
        float beam = a->beam + p * (b->beam - a->beam);
        expected[x] =
            plan->n * (f2 + ff * s) * factors[x] + plan->background * background + plan->beam * beam;
    }
}

static void hide_stopped(const vtr_twin *twin, size_t y, float *expected)
{
    const unsigned char *reasons = twin->reasons + y * twin->info.shape[3];
    for (size_t x = 0; x < twin->info.shape[3]; x++)
        if (reasons[x] & VTR_MASK_BEAM_STOP) expected[x] = 0;
}

size_t vtr_twin_scratch_size(const vtr_twin *twin)
{
    return 4 * twin->info.shape[3] * sizeof(float);
}

void vtr_twin_frame(const vtr_twin *twin, const vtr_twin_position *position, uint64_t stream, void *scratch,
                    void *frame)
{
    size_t n_x = twin->info.shape[3], pixel = vtr_type_size(twin->info.type);
    float *r = scratch, *rho = r + n_x, *factors = rho + n_x, *expected = factors + n_x;
    float last = (float)(twin->n_radial - 2);
    frame_plan plan = plan_frame(twin, position);
    vtr_random random;
    vtr_twin_random(&random, &twin->params, VTR_TWIN_FOR_FRAMES, stream + twin->first_stream);
    vtr_speckle_window window = {0};
    if (twin->speckle != NULL)
        vtr_speckle_draw(twin->speckle, &random, position->centre_y, position->centre_x, &window);
    for (size_t x = 0; x < n_x; x++)
        factors[x] = 1;
    for (size_t y = 0; y < twin->info.shape[2]; y++) {
        row_radii(&plan, y, n_x, last, r, rho);
        if (twin->speckle != NULL) vtr_speckle_row(twin->speckle, &window, y, factors);
        expected_row(twin, &plan, r, rho, factors, expected);
        if (twin->params.middle == VTR_TWIN_BEAM_STOP) hide_stopped(twin, y, expected);
        /* r is used up and holds the recorded values */
        vtr_twin_record_row(twin, &random, y, expected, r, (char *)frame + y * n_x * pixel);
    }
}

double vtr_twin_speckle_autocorrelation(const vtr_twin *twin, double distance_px)
{
    if (twin->speckle == NULL) return distance_px == 0 ? 1 : 0;
    return vtr_speckle_autocorrelation(twin->speckle, distance_px);
}
