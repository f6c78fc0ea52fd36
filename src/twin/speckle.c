/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/gaussian_field_internal.h"
#include "twin/speckle_internal.h"

/* A few large periodic fields g are made once; a frame is a window into one of them at a random place.
 * Opposite pixels share speckle because a frame's field is G(x) = a g(x) + b g(2c - x) with a^2 + b^2 = 1 and
 * 2ab the wanted correlation. 2c - x falls between the pixels of g, so every field is kept at several
 * sub-pixel shifts. */
struct vtr_speckle {
    vtr_speckle_params params;
    vtr_marginal marginal;
    double length_px;                /* rho(d) = exp(-(d / length)^2) */
    double opposite;                 /* correlation of G at x and 2c - x */
    float direct, mirror;            /* a, b */
    size_t size, n_fields, n_shifts; /* fields are size x size, kept at n_shifts x n_shifts shifts */
    float *fields;                   /* [n_fields][n_shifts][n_shifts][size][size] */
};

enum { SMALLEST_SIZE = 512, MOST_FIELDS = 4 };
static const size_t most_bytes = (size_t)256 << 20;

static void choose_bank(vtr_speckle *speckle)
{
    const vtr_speckle_params *p = &speckle->params;
    double needed = (double)(p->det_y > p->det_x ? p->det_y : p->det_x) + 8 * p->grain_px;
    speckle->size = SMALLEST_SIZE;
    while ((double)speckle->size < needed)
        speckle->size *= 2;
    size_t bytes = speckle->size * speckle->size * sizeof(float);
    speckle->n_shifts = p->friedel > 0 ? 4 : 1;
    while (speckle->n_shifts > 1 && bytes * speckle->n_shifts * speckle->n_shifts > most_bytes)
        speckle->n_shifts /= 2;
    size_t fitting = most_bytes / (bytes * speckle->n_shifts * speckle->n_shifts);
    speckle->n_fields = fitting < 1 ? 1 : fitting > MOST_FIELDS ? MOST_FIELDS : fitting;
}

static vtr_status fill_bank(vtr_speckle *speckle, vtr_error *err)
{
    vtr_field_maker maker;
    vtr_status status = vtr_field_maker_create(&maker, speckle->size, speckle->size, speckle->length_px, err);
    if (status != VTR_OK) return status;
    float *field = speckle->fields;
    for (size_t i = 0; i < speckle->n_fields; i++) {
        vtr_random random;
        vtr_random_start(&random, speckle->params.seed, i);
        vtr_field_maker_draw(&maker, &random);
        for (size_t s = 0; s < speckle->n_shifts * speckle->n_shifts; s++) {
            double shift_y = (double)(s / speckle->n_shifts), shift_x = (double)(s % speckle->n_shifts);
            vtr_field_maker_get(&maker, shift_y / (double)speckle->n_shifts,
                                shift_x / (double)speckle->n_shifts, field);
            field += speckle->size * speckle->size;
        }
    }
    vtr_field_maker_release(&maker);
    return VTR_OK;
}

vtr_status vtr_speckle_create(vtr_speckle **out, const vtr_speckle_params *params, vtr_error *err)
{
    vtr_speckle *speckle = vtr_calloc(1, sizeof *speckle);
    if (speckle == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle");
    speckle->params = *params;
    vtr_marginal_make(&speckle->marginal, params->contrast);
    double rho_half = vtr_marginal_inverse(&speckle->marginal, 0.5);
    speckle->length_px = 0.5 * params->grain_px / sqrt(-log(rho_half));
    speckle->opposite = vtr_marginal_inverse(&speckle->marginal, params->friedel);
    double angle = 0.5 * asin(speckle->opposite);
    speckle->direct = (float)cos(angle);
    speckle->mirror = (float)sin(angle);
    choose_bank(speckle);
    vtr_status status = VTR_OK;
    size_t n = speckle->size * speckle->size * speckle->n_fields * speckle->n_shifts * speckle->n_shifts;
    speckle->fields = vtr_malloc(n, sizeof(float));
    if (speckle->fields == NULL)
        status =
            vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle's fields (%zu MiB)", (n * 4) >> 20);
    else
        status = fill_bank(speckle, err);
    if (status != VTR_OK) {
        vtr_speckle_free(speckle);
        return status;
    }
    *out = speckle;
    return VTR_OK;
}

void vtr_speckle_free(vtr_speckle *speckle)
{
    if (speckle == NULL) return;
    vtr_free(speckle->fields);
    vtr_free(speckle);
}

/* Twice a centre in whole pixels and shifts: 2c = whole + shift / n_shifts. */
static long split_centre(double centre, size_t n_shifts, size_t *shift)
{
    double steps = floor(2 * centre * (double)n_shifts + 0.5), whole = floor(steps / (double)n_shifts);
    *shift = (size_t)(steps - whole * (double)n_shifts);
    return (long)whole;
}

void vtr_speckle_draw(const vtr_speckle *speckle, vtr_random *random, double centre_y, double centre_x,
                      vtr_speckle_window *window)
{
    size_t plane = speckle->size * speckle->size, n_shifts = speckle->n_shifts, shift_y, shift_x;
    size_t field = vtr_random_u32(random) % speckle->n_fields;
    long offset_y = (long)(vtr_random_u32(random) % speckle->size);
    long offset_x = (long)(vtr_random_u32(random) % speckle->size);
    const float *direct = speckle->fields + field * n_shifts * n_shifts * plane;
    long twice_y = split_centre(centre_y, n_shifts, &shift_y),
         twice_x = split_centre(centre_x, n_shifts, &shift_x);
    *window = (vtr_speckle_window){.direct = direct,
                                   .mirror = direct + (shift_y * n_shifts + shift_x) * plane,
                                   .offset_y = offset_y,
                                   .offset_x = offset_x,
                                   .mirror_y = offset_y + twice_y,
                                   .mirror_x = offset_x + twice_x,
                                   .centre_y = centre_y,
                                   .centre_x = centre_x};
}

/* Near the centre x and 2c - x are the same speckle, and the sum's variance is 1 + 2ab rho(2 |x - c|). */
static void restore_variance(const vtr_speckle *speckle, const vtr_speckle_window *window, size_t y,
                             float *field)
{
    double reach = 3 * speckle->length_px, dy = (double)y - window->centre_y;
    if (fabs(dy) > reach) return;
    long first = lround(fmax(0, window->centre_x - reach)), last = lround(window->centre_x + reach);
    for (long x = first; x <= last && x < (long)speckle->params.det_x; x++) {
        double dx = (double)x - window->centre_x, d = 2 * hypot(dx, dy) / speckle->length_px;
        field[x] /= (float)sqrt(1 + speckle->opposite * exp(-d * d));
    }
}

static void gaussian_row(const vtr_speckle *speckle, const vtr_speckle_window *window, size_t y, float *field)
{
    size_t mask = speckle->size - 1, n = speckle->params.det_x;
    const float *row = window->direct + (((size_t)window->offset_y + y) & mask) * speckle->size;
    size_t x0 = (size_t)window->offset_x;
    if (speckle->params.friedel <= 0) {
        for (size_t x = 0; x < n; x++)
            field[x] = row[(x0 + x) & mask];
        return;
    }
    const float *opposite = window->mirror + ((size_t)(window->mirror_y - (long)y) & mask) * speckle->size;
    size_t x1 = (size_t)window->mirror_x;
    float a = speckle->direct, b = speckle->mirror;
    for (size_t x = 0; x < n; x++)
        field[x] = a * row[(x0 + x) & mask] + b * opposite[(x1 - x) & mask];
    restore_variance(speckle, window, y, field);
}

void vtr_speckle_row(const vtr_speckle *speckle, const vtr_speckle_window *window, size_t y, float *factors)
{
    gaussian_row(speckle, window, y, factors);
    const float *value = speckle->marginal.value;
    const float per_step = (float)((VTR_MARGINAL_N - 1) / (2 * VTR_MARGINAL_LIMIT));
    const float limit = (float)VTR_MARGINAL_LIMIT - 1e-3f;
    for (size_t x = 0; x < speckle->params.det_x; x++) {
        float g = factors[x] < -limit ? -limit : factors[x] > limit ? limit : factors[x];
        float at = (g + (float)VTR_MARGINAL_LIMIT) * per_step;
        int i = (int)at;
        float rest = at - (float)i;
        factors[x] = value[i] + rest * (value[i + 1] - value[i]);
    }
}

double vtr_speckle_autocorrelation(const vtr_speckle *speckle, double distance_px)
{
    double d = distance_px / speckle->length_px;
    return vtr_marginal_correlation(&speckle->marginal, exp(-d * d));
}
