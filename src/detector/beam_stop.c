/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "detector/beam_stop_internal.h"
#include "detector/image_internal.h"

/* A shade (beam stop, rim of the camera) is first told from the weak outskirts of a pattern by its edge. For
 * a ladder of levels above the dark level, the connected regions below the level are looked at one by one: a
 * shade is flat inside, and everywhere along its border the signal rises within a few pixels by more than any
 * pattern does. What is darkest of all is found so; a stop that is brighter in places than the outskirts are
 * is found by vtr_stop_search_ratio. */

/* Signal above dark must change at least this much across the edge, outside over inside. */
static const double edge_ratio = 4;
/* ... along this part of the region's border. */
static const double edge_part = 0.6;
/* Inside of an edge it is flat: the signal falls on by less than this part of the rise. What falls off smoothly falls
 * on by a third to a half. */
static const double edge_flat = 0.12;
/* The rise must also be this many standard deviations, and this part of the bright quarter's signal. */
static const double edge_sigmas = 8, edge_of_bright = 0.03;
/* Smallest and largest region, parts of the frame. */
const double vtr_stop_smallest_part = 0.002;
static const double largest_part = 0.85;

/* Smooths over 3 px, or 5 px where that leaves more than a tenth of noise in half of the pixels. Not over more: the
 * flank of a ring would look as steep as an edge. */
static void smooth_image(vtr_stop_finder *s, const vtr_mask_image *image)
{
    for (size_t half = 1;; half++) {
        vtr_image_median3(s->low, image->mean, s->det_y, s->det_x);
        vtr_image_box(s->smooth, s->low, s->det_y, s->det_x, half, s->rows);
        if (image->n_frames > 1) {
            vtr_image_box(s->noise, image->variance, s->det_y, s->det_x, half, s->rows);
        } else { /* the scatter within the window stands for the noise */
            for (size_t i = 0; i < s->n; i++)
                s->high[i] = (image->mean[i] - s->smooth[i]) * (image->mean[i] - s->smooth[i]);
            vtr_image_box(s->low, s->high, s->det_y, s->det_x, half, s->rows);
            vtr_image_extreme(s->noise, s->low, s->det_y, s->det_x, half + 2, false,
                              s->rows); /* not at edges */
        }
        double window = (double)((2 * half + 1) * (2 * half + 1)), poor = 0;
        s->dark = vtr_image_quantile(s->smooth, s->n, 0.01, s->low);
        for (size_t i = 0; i < s->n; i++) {
            s->noise[i] = sqrt(s->noise[i] / (window * (double)image->n_frames));
            poor += s->smooth[i] - s->dark < 10 * s->noise[i];
        }
        s->edge_half_px = half + 1;
        if (poor < 0.5 * (double)s->n || half == 2) break;
    }
    size_t by_size = (s->det_y < s->det_x ? s->det_y : s->det_x) / 200;
    if (by_size > s->edge_half_px) s->edge_half_px = by_size;
    s->bright = vtr_image_quantile(s->smooth, s->n, 0.75, s->low);
    vtr_image_extreme(s->far_low, s->smooth, s->det_y, s->det_x, 2 * s->edge_half_px, false, s->rows);
    vtr_image_extreme(s->low, s->smooth, s->det_y, s->det_x, s->edge_half_px, false, s->rows);
    vtr_image_extreme(s->high, s->smooth, s->det_y, s->det_x, s->edge_half_px, true, s->rows);
}

static bool is_below(const vtr_stop_finder *s, size_t p, double level)
{
    return !(s->smooth[p] >= level); /* pixels without value belong to any region */
}

void vtr_stop_collect(vtr_stop_finder *s, size_t seed)
{
    s->n_region = 0;
    s->region[s->n_region++] = seed;
    s->below[seed] = 2;
    for (size_t i = 0; i < s->n_region; i++) {
        size_t p = s->region[i], y = p / s->det_x, x = p % s->det_x;
        const size_t next[4] = {x > 0 ? p - 1 : p, x + 1 < s->det_x ? p + 1 : p, y > 0 ? p - s->det_x : p,
                                y + 1 < s->det_y ? p + s->det_x : p};
        for (int k = 0; k < 4; k++) {
            if (s->below[next[k]] != 1) continue;
            s->below[next[k]] = 2;
            s->region[s->n_region++] = next[k];
        }
    }
}

bool vtr_stop_is_placed(const vtr_stop_finder *s)
{
    for (size_t i = 0; i < s->n_region; i++) {
        size_t y = s->region[i] / s->det_x, x = s->region[i] % s->det_x;
        if (y == 0 || x == 0 || y + 1 == s->det_y || x + 1 == s->det_x) return true;
        double dy = ((double)y - 0.5 * (double)s->det_y) / (double)s->det_y;
        double dx = ((double)x - 0.5 * (double)s->det_x) / (double)s->det_x;
        if (dy * dy + dx * dx < 0.15 * 0.15) return true;
    }
    return false;
}

/* Level just above what nineteen of twenty pixels of the region hold. */
static double inner_level(vtr_stop_finder *s)
{
    double noise = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->n_region; i++) {
        if (!isfinite(s->smooth[s->region[i]])) continue;
        s->rows[n++] = s->smooth[s->region[i]];
        noise += s->noise[s->region[i]];
    }
    if (n == 0) return s->dark;
    return vtr_quantile(s->rows, n, 0.95) + 3 * noise / (double)n;
}

/* Part of the border of the pixels of the region below `level` where the signal rises steeply. */
static double steep_part(const vtr_stop_finder *s, double level)
{
    size_t n_border = 0, n_steep = 0;
    for (size_t i = 0; i < s->n_region; i++) {
        size_t p = s->region[i], y = p / s->det_x, x = p % s->det_x;
        if (!is_below(s, p, level)) continue;
        bool is_border = (x > 0 && !is_below(s, p - 1, level)) ||
                         (x + 1 < s->det_x && !is_below(s, p + 1, level)) ||
                         (y > 0 && !is_below(s, p - s->det_x, level)) ||
                         (y + 1 < s->det_y && !is_below(s, p + s->det_x, level));
        if (!is_border) continue;
        n_border++;
        double rise = s->high[p] - s->low[p];
        n_steep += s->high[p] - s->dark > sqrt(edge_ratio) * (level - s->dark) &&
                   s->high[p] - s->dark > edge_ratio * (s->low[p] - s->dark) &&
                   rise > edge_sigmas * s->noise[p] && s->low[p] - s->far_low[p] < edge_flat * rise &&
                   rise > edge_of_bright * (s->bright - s->dark);
    }
    return n_border > 0 ? (double)n_steep / (double)n_border : 0;
}

/* Judges the region at hand (found below `level`) and marks it if it is a shade. */
static void judge(vtr_stop_finder *s, double level, unsigned char *shade)
{
    double part = (double)s->n_region / (double)s->n;
    if (part < vtr_stop_smallest_part || part > largest_part || !vtr_stop_is_placed(s)) return;
    double inner = inner_level(s);
    if (inner >= level || steep_part(s, inner) < edge_part) return;
    /* what is left of such a region at a lower level is no shade either, though counts here and there break it up */
    if (s->n_about_disc > 0 && 2 * s->n_region >= s->n_about_disc) return;
    if (vtr_stop_surrounds_disc(s)) {
        s->n_about_disc = s->n_region;
        return;
    }
    for (size_t i = 0; i < s->n_region; i++)
        if (is_below(s, s->region[i], inner)) shade[s->region[i]] = 1;
}

static void search_levels(vtr_stop_finder *s, unsigned char *shade)
{
    double top = vtr_image_quantile(s->smooth, s->n, 0.99, s->rows), span = top - s->dark;
    for (int step = 1; step <= 20 && span > 0; step++) {
        double level = s->dark + ldexp(span, -step);
        for (size_t p = 0; p < s->n; p++)
            s->below[p] = is_below(s, p, level);
        for (size_t p = 0; p < s->n; p++) {
            if (s->below[p] != 1) continue;
            vtr_stop_collect(s, p);
            judge(s, level, shade);
        }
    }
}

/* Shades what a shade wholly encloses, up to this part of the frame: the middle of a stop, lit from around.
 */
static const double largest_hole_part = 0.01;

static void fill_holes(vtr_stop_finder *s, unsigned char *shade)
{
    for (size_t p = 0; p < s->n; p++)
        s->below[p] = !shade[p];
    for (size_t p = 0; p < s->n; p++) {
        if (s->below[p] != 1) continue;
        vtr_stop_collect(s, p);
        bool is_enclosed = (double)s->n_region < largest_hole_part * (double)s->n;
        for (size_t i = 0; i < s->n_region && is_enclosed; i++) {
            size_t y = s->region[i] / s->det_x, x = s->region[i] % s->det_x;
            is_enclosed = y > 0 && x > 0 && y + 1 < s->det_y && x + 1 < s->det_x;
        }
        for (size_t i = 0; i < s->n_region && is_enclosed; i++)
            shade[s->region[i]] = 1;
    }
}

/* Marks all within `radius` px of a shaded pixel. */
static void grow(unsigned char *reasons, const unsigned char *shade, size_t det_y, size_t det_x,
                 double radius)
{
    ptrdiff_t reach = (ptrdiff_t)radius;
#pragma omp parallel for schedule(dynamic, 16)
    for (size_t y = 0; y < det_y; y++) {
        for (size_t x = 0; x < det_x; x++) {
            bool is_shaded = false;
            for (ptrdiff_t v = -reach; v <= reach && !is_shaded; v++) {
                ptrdiff_t row = (ptrdiff_t)y + v;
                if (row < 0 || row >= (ptrdiff_t)det_y) continue;
                for (ptrdiff_t u = -reach; u <= reach && !is_shaded; u++) {
                    ptrdiff_t column = (ptrdiff_t)x + u;
                    if (column < 0 || column >= (ptrdiff_t)det_x) continue;
                    is_shaded =
                        (double)(u * u + v * v) <= radius * radius && shade[row * (ptrdiff_t)det_x + column];
                }
            }
            if (is_shaded) reasons[y * det_x + x] |= VTR_MASK_BEAM_STOP;
        }
    }
}

vtr_status vtr_mask_beam_stop(unsigned char *reasons, const vtr_mask_image *image, double grow_px,
                              vtr_error *err)
{
    vtr_stop_finder s = {.det_y = image->det_y, .det_x = image->det_x, .n = image->det_y * image->det_x};
    vtr_status status = VTR_OK;
    double *images = vtr_malloc(9 * s.n, sizeof *images);
    unsigned char *shade = vtr_calloc(s.n, 1);
    s.below = vtr_malloc(s.n, 1);
    s.region = vtr_malloc(s.n, sizeof *s.region);
    s.lit = vtr_malloc(s.n, 1);
    s.queue = vtr_malloc(s.n, sizeof *s.queue);
    if (!images || !shade || !s.below || !s.region || !s.lit || !s.queue) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the beam stop of %zu pixels", s.n);
        goto cleanup;
    }
    s.smooth = images;
    s.noise = images + s.n;
    s.low = images + 2 * s.n;
    s.high = images + 3 * s.n;
    s.rows = images + 4 * s.n;
    s.ratio = images + 6 * s.n;
    s.far_low = images + 8 * s.n;
    smooth_image(&s, image);
    search_levels(&s, shade);
    status = vtr_stop_search_ratio(&s, image, shade, err);
    if (status) goto cleanup;
    fill_holes(&s, shade);
    grow(reasons, shade, s.det_y, s.det_x, grow_px);

cleanup:
    vtr_free(images);
    vtr_free(shade);
    vtr_free(s.below);
    vtr_free(s.region);
    vtr_free(s.lit);
    vtr_free(s.queue);
    return status;
}
