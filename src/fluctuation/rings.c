/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rings of pixels, and sums over patterns. */
#include <math.h>
#include <string.h>

#include "fluctuation/fluctuation_internal.h"

static double radius_at(const vtr_fluctuation_geometry *g, size_t y, size_t x)
{
    double vx = (double)x - g->centre_x_px, vy = (double)y - g->centre_y_px;
    return hypot(g->wxx * vx + g->wxy * vy, g->wxy * vx + g->wyy * vy);
}

/* Whether a pixel is seen by every pattern, whatever its shift. */
static bool is_seen(const vtr_fluctuation_geometry *g, size_t y, size_t x)
{
    long n_y = (long)g->det_y, n_x = (long)g->det_x;
    for (long j = (long)y - g->shift_y; j <= (long)y + g->shift_y; j++)
        for (long i = (long)x - g->shift_x; i <= (long)x + g->shift_x; i++)
            if (j < 0 || i < 0 || j >= n_y || i >= n_x || (g->used != NULL && !g->used[j * n_x + i]))
                return false;
    return true;
}

static double expected_at(const vtr_fluctuation_geometry *g, double radius)
{
    double at = radius / g->expected_step_px;
    size_t i = (size_t)at;
    if (g->expected == NULL || i + 1 >= g->n_expected) return 1;
    const double *e = g->expected + i;
    double t = at - (double)i, line = e[0] + t * (e[1] - e[0]);
    if (i == 0 || i + 2 >= g->n_expected) return line;
    /* the cubic through four points (Lagrange) */
    return line +
           t * (t - 1) / 6 * ((2 - t) * (e[-1] - 2 * e[0] + e[1]) + (1 + t) * (e[0] - 2 * e[1] + e[2]));
}

/* The shape within one ring about its mean; flat where the expected counts are not positive all over it. */
static void normalise_shape(vtr_fluctuation_plan *plan, fluctuation_ring *ring)
{
    double sum = 0, least = INFINITY;
    float *shape = plan->shape + ring->first;
    for (size_t i = 0; i < ring->n; i++) {
        sum += (double)shape[i];
        least = fmin(least, (double)shape[i]);
    }
    bool is_flat = !(least > 0.02 * sum / (double)ring->n) || !isfinite(sum);
    for (size_t i = 0; i < ring->n; i++) {
        shape[i] = is_flat ? 1 : (float)((double)shape[i] * (double)ring->n / sum);
        double q = (double)shape[i];
        plan->inverse[ring->first + i] = 1 / q;
        ring->shape += q;
        ring->inverse[0] += 1 / (q * q);
        ring->inverse[1] += 1 / (q * q * q);
        ring->inverse[2] += 1 / (q * q * q * q);
    }
}

/* Counts the pixels of each ring, and lists them where `list`. */
static void go_through(vtr_fluctuation_plan *plan, const vtr_fluctuation_geometry *g, bool list)
{
    for (size_t r = 0; r < g->n_rings; r++)
        plan->rings[r].n = 0;
    for (size_t y = 0; y < g->det_y; y++)
        for (size_t x = 0; x < g->det_x; x++) {
            double radius = radius_at(g, y, x);
            int seen = -1;
            for (size_t r = 0; r < g->n_rings; r++) {
                if (radius < g->rings_px[r][0] || radius >= g->rings_px[r][1]) continue;
                if (seen < 0) seen = is_seen(g, y, x);
                if (!seen) break;
                fluctuation_ring *ring = &plan->rings[r];
                if (list) {
                    plan->pixels[ring->first + ring->n] = y * g->det_x + x;
                    plan->shape[ring->first + ring->n] = (float)expected_at(g, radius);
                }
                ring->n++;
            }
        }
}

static vtr_status list_pixels(vtr_fluctuation_plan *plan, const vtr_fluctuation_geometry *g, vtr_error *err)
{
    go_through(plan, g, false);
    for (size_t r = 0; r < g->n_rings; r++) {
        fluctuation_ring *ring = &plan->rings[r];
        if (ring->n < 2)
            return vtr_fail(err, VTR_ERR_NO_DATA,
                            "the ring from %.1f to %.1f px has %zu pixels that can be used; it needs two",
                            g->rings_px[r][0], g->rings_px[r][1], ring->n);
        ring->first = plan->n_pixels;
        plan->n_pixels += ring->n;
        if (ring->n > plan->most_pixels) plan->most_pixels = ring->n;
    }
    plan->pixels = vtr_malloc(plan->n_pixels, sizeof *plan->pixels);
    plan->shape = vtr_malloc(plan->n_pixels, sizeof *plan->shape);
    plan->inverse = vtr_malloc(plan->n_pixels, sizeof *plan->inverse);
    if (plan->pixels == NULL || plan->shape == NULL || plan->inverse == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for rings of %zu pixels", plan->n_pixels);
    go_through(plan, g, true);
    for (size_t r = 0; r < g->n_rings; r++)
        normalise_shape(plan, &plan->rings[r]);
    return VTR_OK;
}

vtr_status vtr_fluctuation_plan_create(vtr_fluctuation_plan **out, const vtr_fluctuation_geometry *g,
                                       vtr_error *err)
{
    if (g->n_rings == 0) return vtr_fail(err, VTR_ERR_ARGUMENT, "no ring to measure");
    vtr_fluctuation_plan *plan = vtr_calloc(1, sizeof *plan);
    if (plan != NULL) {
        *plan = (vtr_fluctuation_plan){.det_y = g->det_y,
                                       .det_x = g->det_x,
                                       .n_rings = g->n_rings,
                                       .noise = g->noise,
                                       .bragg = g->bragg};
        plan->rings = vtr_calloc(g->n_rings, sizeof *plan->rings);
    }
    vtr_status status = plan == NULL || plan->rings == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu rings", g->n_rings)
                            : list_pixels(plan, g, err);
    if (status == VTR_OK)
        *out = plan;
    else
        vtr_fluctuation_plan_free(&plan);
    return status;
}

void vtr_fluctuation_plan_free(vtr_fluctuation_plan **plan)
{
    if (*plan == NULL) return;
    vtr_free((*plan)->rings);
    vtr_free((*plan)->pixels);
    vtr_free((*plan)->shape);
    vtr_free((*plan)->inverse);
    vtr_free(*plan);
    *plan = NULL;
}

size_t vtr_fluctuation_pixels(const vtr_fluctuation_plan *plan, size_t ring)
{
    return plan->rings[ring].n;
}

size_t vtr_fluctuation_sums_bytes(const vtr_fluctuation_plan *plan)
{
    return sizeof(vtr_fluctuation_sums) + plan->n_rings * sizeof(fluctuation_sum) +
           (2 * plan->n_pixels + plan->most_pixels) * sizeof(double);
}

vtr_status vtr_fluctuation_sums_create(vtr_fluctuation_sums **out, const vtr_fluctuation_plan *plan,
                                       vtr_error *err)
{
    vtr_fluctuation_sums *sums = vtr_calloc(1, sizeof *sums);
    if (sums != NULL) {
        sums->plan = plan;
        sums->rings = vtr_calloc(plan->n_rings, sizeof *sums->rings);
        sums->first = vtr_calloc(plan->n_pixels, sizeof *sums->first);
        sums->second = vtr_calloc(plan->n_pixels, sizeof *sums->second);
        sums->counts = vtr_malloc(plan->most_pixels, sizeof *sums->counts);
        sums->mean = vtr_malloc(plan->n_rings, sizeof *sums->mean);
        sums->ring = vtr_malloc(plan->n_rings, sizeof *sums->ring);
        if (sums->rings != NULL && sums->first != NULL && sums->second != NULL && sums->counts != NULL &&
            sums->mean != NULL && sums->ring != NULL) {
            *out = sums;
            return VTR_OK;
        }
    }
    vtr_fluctuation_sums_free(&sums);
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for sums over %zu pixels", plan->n_pixels);
}

void vtr_fluctuation_sums_free(vtr_fluctuation_sums **sums)
{
    if (*sums == NULL) return;
    vtr_free((*sums)->rings);
    vtr_free((*sums)->first);
    vtr_free((*sums)->second);
    vtr_free((*sums)->counts);
    vtr_free((*sums)->mean);
    vtr_free((*sums)->ring);
    vtr_free(*sums);
    *sums = NULL;
}

/* A pixel is a spot where it lies above `bragg` times what the ring's mean lets it expect, and five standard deviations more. */
static bool has_spot(const vtr_fluctuation_plan *plan, const fluctuation_ring *ring, const double *counts,
                     double sum)
{
    double mean = fmax(sum / ring->shape, 0), read = plan->noise.read_noise;
    for (size_t i = 0; i < ring->n; i++) {
        double most = plan->bragg * mean * (double)plan->shape[ring->first + i];
        if (counts[i] > most + 5 * sqrt(plan->noise.gain * most + read * read)) return true;
    }
    return false;
}

/* Counts above the offset of the ring's pixels; their sum, NAN where one has none. */
static double take_counts(const vtr_fluctuation_plan *plan, const fluctuation_ring *ring, double *counts,
                          const float *pattern)
{
    const size_t *pixels = plan->pixels + ring->first;
    double sum = 0, offset = plan->noise.offset;
    for (size_t i = 0; i < ring->n; i++) {
        counts[i] = (double)pattern[pixels[i]] - offset;
        sum += counts[i];
    }
    return isfinite(sum) && isfinite(plan->bragg) && has_spot(plan, ring, counts, sum) ? NAN : sum;
}

/* The pattern's own variance around the ring. Given the ring's electrons N, those of its pixels are multinomial, so that the mean of
 * sum_i n_i (n_i - 1)/q_i^2 is N (N - 1) sum_i p_i^2/q_i^2 whatever N: the ratio is without bias from two electrons on. */
static double own_variance(const vtr_fluctuation_plan *plan, const fluctuation_ring *ring, double sum,
                           double pixel, fluctuation_sum *into)
{
    double n = (double)ring->n, gain = plan->noise.gain,
           read = plan->noise.read_noise * plan->noise.read_noise;
    if (!(sum > 1.5 * gain) || !(sum >= 5 * sqrt(n * read))) return NAN;
    double factor = ring->shape * ring->shape / (n * (sum * sum - gain * sum - n * read));
    double value = pixel * factor - 1, scale = gain / ring->shape;
    into->ring += value;
    into->n_ring++;
    into->ring_counting += 2 * factor * factor *
                           (scale * scale * sum * (sum - gain) * ring->inverse[0] +
                            2 * scale * sum * read * ring->inverse[1] + read * read * ring->inverse[2]);
    return value;
}

void vtr_fluctuation_add(vtr_fluctuation_sums *sums, const float *pattern, long shift_y, long shift_x,
                         float *mean, float *ring_variance)
{
    const vtr_fluctuation_plan *plan = sums->plan;
    double gain = plan->noise.gain, read = plan->noise.read_noise * plan->noise.read_noise;
    pattern += shift_y * (long)plan->det_x + shift_x;
    for (size_t r = 0; r < plan->n_rings; r++) {
        const fluctuation_ring *ring = &plan->rings[r];
        fluctuation_sum *into = &sums->rings[r];
        double sum = take_counts(plan, ring, sums->counts, pattern), pixel = 0, weighted = 0, own = NAN;
        if (isfinite(sum)) {
            const double *counts = sums->counts, *inverse = plan->inverse + ring->first;
            double *first = sums->first + ring->first, *second = sums->second + ring->first;
            for (size_t i = 0; i < ring->n; i++) {
                double c = counts[i];
                first[i] += c;
                second[i] += c * c;
                pixel += (c * (c - gain) - read) * inverse[i] * inverse[i];
                weighted += c * inverse[i];
            }
            into->n++;
            into->first += sum;
            into->second += sum * (sum - gain) - (double)ring->n * read;
            into->weighted += weighted;
            into->pixel += pixel;
            own = own_variance(plan, ring, sum, pixel, into);
        } else {
            into->n_left++;
            sum = NAN;
        }
        if (mean != NULL) mean[r] = (float)(sum / (double)ring->n);
        if (ring_variance != NULL) ring_variance[r] = (float)own;
    }
}
