/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "detector/beam_stop_internal.h"
#include "detector/image_internal.h"

/* Scattering and the camera's blur light the shade near the middle, so that it can be brighter there than the
 * pattern is at its rim. So the signal is divided by what its own radius holds elsewhere: the 0.7 quantile
 * over the unshaded azimuths, about the rough centre. A shade is a region below one half of that with a steep
 * edge. */

static const double shade_ratio = 0.5, lit_ratio = 0.75, steep_rise = 0.3, edge_part = 0.5;
static const double largest_part = 0.4, edge_sigmas = 5;
static const double quantile = 0.7;

typedef struct radial_sort {
    size_t n_radii;
    size_t *start; /* [n_radii + 1] into values */
    double *values;
    double *expected;         /* [n_radii] above dark, NAN where too few pixels */
    double *noise;            /* [n_radii] root mean square: where no counts fell, a pixel's own is zero */
    unsigned char *is_hidden; /* [n_radii] */
} radial_sort;

static size_t radius_of(const vtr_stop_finder *s, size_t p, double centre_x, double centre_y)
{
    return (size_t)(hypot((double)(p % s->det_x) - centre_x, (double)(p / s->det_x) - centre_y) + 0.5);
}

static size_t middle_of(const vtr_stop_finder *s)
{
    return (s->det_y < s->det_x ? s->det_y : s->det_x) / 4;
}

/* The signal expected at every radius, by a counting sort of the pixels by radius. */
static void find_expected(radial_sort *sort, const vtr_stop_finder *s, const unsigned char *shade,
                          double centre_x, double centre_y)
{
    memset(sort->start, 0, (sort->n_radii + 1) * sizeof *sort->start);
    memset(sort->noise, 0, sort->n_radii * sizeof *sort->noise);
    for (size_t p = 0; p < s->n; p++) {
        if (shade[p] || !isfinite(s->smooth[p])) continue;
        size_t r = radius_of(s, p, centre_x, centre_y);
        sort->start[r + 1]++;
        sort->noise[r] += s->noise[p] * s->noise[p];
    }
    for (size_t r = 0; r < sort->n_radii; r++)
        sort->start[r + 1] += sort->start[r];
    for (size_t p = 0; p < s->n; p++) {
        if (shade[p] || !isfinite(s->smooth[p])) continue;
        sort->values[sort->start[radius_of(s, p, centre_x, centre_y)]++] = s->smooth[p] - s->dark;
    }
    size_t from = 0; /* start[r] has moved to the end of radius r */
    for (size_t r = 0; r < sort->n_radii; r++) {
        size_t n = sort->start[r] - from;
        sort->noise[r] = n > 0 ? sqrt(sort->noise[r] / (double)n) : 0;
        sort->expected[r] = n >= 3 ? vtr_quantile(sort->values + from, n, quantile) : NAN;
        sort->is_hidden[r] = r < middle_of(s) && (double)n < 0.3 * (6.2832 * (double)r + 1);
        from = sort->start[r];
    }
    /* where the stop leaves little to see near the middle, and inside of there, at least what is seen farther out is
     * expected */
    for (size_t r = middle_of(s); r-- > 0;) {
        sort->is_hidden[r] = sort->is_hidden[r] || sort->is_hidden[r + 1];
        if (sort->is_hidden[r]) sort->expected[r] = fmax(sort->expected[r], sort->expected[r + 1]);
    }
}

/* Signal over expected signal into s->ratio; 1 where too little is expected to tell. */
static void divide(vtr_stop_finder *s, const radial_sort *sort, double centre_x, double centre_y)
{
    double *ratio = s->ratio;
    for (size_t p = 0; p < s->n; p++) {
        size_t r = radius_of(s, p, centre_x, centre_y);
        double expected = sort->expected[r], noise = fmax(s->noise[p], sort->noise[r]);
        bool is_enough = expected > 0.02 * (s->bright - s->dark) && expected > 2 * edge_sigmas * noise;
        ratio[p] = is_enough ? (s->smooth[p] - s->dark) / expected : 1;
    }
    vtr_image_extreme(s->low, ratio, s->det_y, s->det_x, s->edge_half_px, false, s->rows);
    vtr_image_extreme(s->high, ratio, s->det_y, s->det_x, s->edge_half_px, true, s->rows);
}

static bool is_lit(const vtr_stop_finder *s, const unsigned char *shade, size_t p)
{
    return !shade[p] && s->ratio[p] >= shade_ratio;
}

/* Whether what the region adds to the shade ends in a steep edge. */
static bool has_steep_edge(const vtr_stop_finder *s, const unsigned char *shade)
{
    size_t n_border = 0, n_steep = 0;
    for (size_t i = 0; i < s->n_region; i++) {
        size_t p = s->region[i], y = p / s->det_x, x = p % s->det_x;
        if (shade[p]) continue;
        bool is_border =
            (x > 0 && is_lit(s, shade, p - 1)) || (x + 1 < s->det_x && is_lit(s, shade, p + 1)) ||
            (y > 0 && is_lit(s, shade, p - s->det_x)) || (y + 1 < s->det_y && is_lit(s, shade, p + s->det_x));
        n_border += is_border;
        n_steep += is_border && s->high[p] > lit_ratio && s->high[p] - s->low[p] > steep_rise;
    }
    return (double)n_steep >= edge_part * (double)n_border;
}

static bool mark_regions(vtr_stop_finder *s, unsigned char *shade)
{
    bool is_new = false;
    for (size_t p = 0; p < s->n; p++)
        s->below[p] = s->ratio[p] < shade_ratio || shade[p];
    for (size_t p = 0; p < s->n; p++) {
        if (s->below[p] != 1) continue;
        vtr_stop_collect(s, p);
        size_t n_new = 0;
        for (size_t i = 0; i < s->n_region; i++)
            n_new += !shade[s->region[i]];
        double part = (double)s->n_region / (double)s->n, new_part = (double)n_new / (double)s->n;
        if (n_new == 0 || part < vtr_stop_smallest_part || new_part > largest_part) continue;
        if (!vtr_stop_is_placed(s) || !has_steep_edge(s, shade)) continue;
        for (size_t i = 0; i < s->n_region; i++)
            shade[s->region[i]] = 1;
        is_new = true;
    }
    return is_new;
}

vtr_status vtr_stop_search_ratio(vtr_stop_finder *s, const vtr_mask_image *image, unsigned char *shade,
                                 vtr_error *err)
{
    radial_sort sort = {.n_radii = 2 * (s->det_y + s->det_x) + 2};
    vtr_status status = VTR_OK;
    unsigned char *used = vtr_malloc(s->n, 1);
    sort.start = vtr_malloc(sort.n_radii + 1, sizeof *sort.start);
    sort.values = vtr_malloc(s->n + 2 * sort.n_radii, sizeof *sort.values);
    sort.is_hidden = vtr_calloc(sort.n_radii, 1);
    if (!used || !sort.start || !sort.values || !sort.is_hidden) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the beam stop of %zu pixels", s->n);
        goto cleanup;
    }
    sort.expected = sort.values + s->n;
    sort.noise = sort.expected + sort.n_radii;
    for (int round = 0; round < 3; round++) {
        double centre_x, centre_y;
        for (size_t p = 0; p < s->n; p++)
            used[p] = !shade[p];
        /* without a centre of symmetry there is no such shade to find */
        if (vtr_centre_find(&centre_x, &centre_y, image->mean, used, s->det_y, s->det_x, NULL)) break;
        find_expected(&sort, s, shade, centre_x, centre_y);
        divide(s, &sort, centre_x, centre_y);
        if (!mark_regions(s, shade)) break;
    }

cleanup:
    vtr_free(used);
    vtr_free(sort.start);
    vtr_free(sort.values);
    vtr_free(sort.is_hidden);
    return status;
}
