/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "magnetic/magnetic_internal.h"

/* One dimension of a map over the same field in other steps.
 *
 * A new position at c (in old steps) is the local linear fit, at c, of the old ones under a triangle of half width
 * max(1, old/new): linear interpolation where the old steps are wider, a smooth mean where they are finer, which keeps
 * the old noise out. Near the ends the two nearest old positions are continued on their line. So a map that is linear
 * comes out exactly, everywhere. W. S. Cleveland, J. Am. Stat. Assoc. 74, 829 (1979). */
static void set_weights(vtr_stencil *s, size_t i, size_t n_old, double half_width)
{
    double centre = ((double)i + 0.5) * (double)n_old / (double)s->n_new - 0.5;
    double low = floor(centre - half_width) + 1, high = ceil(centre + half_width) - 1;
    low = fmin(fmax(low, 0), (double)(n_old - 1));
    high = fmax(fmin(high, (double)(n_old - 1)), 0);
    if (high <= low && n_old > 1 && centre != low) { /* beyond the first or the last */
        low = low > 0 ? low - 1 : 0;
        high = low + 1;
        half_width += 2;
    }
    double s0 = 0, s1 = 0, s2 = 0, *weight = s->weight + i * s->n_most;
    s->first[i] = (size_t)low;
    s->n[i] = (size_t)(high - low) + 1;
    for (size_t k = 0; k < s->n[i]; k++) {
        double d = low + (double)k - centre, w = fmax(1 - fabs(d) / half_width, 1e-9);
        weight[k] = w;
        s0 += w;
        s1 += w * d;
        s2 += w * d * d;
    }
    double determinant = s0 * s2 - s1 * s1;
    bool has_slope = determinant > 1e-12 * s0 * s2;
    for (size_t k = 0; k < s->n[i]; k++) {
        double d = low + (double)k - centre;
        weight[k] *= has_slope ? (s2 - s1 * d) / determinant : 1 / s0;
    }
}

void vtr_stencil_release(vtr_stencil *stencil)
{
    vtr_free(stencil->first);
    vtr_free(stencil->n);
    vtr_free(stencil->weight);
    memset(stencil, 0, sizeof *stencil);
}

vtr_status vtr_stencil_create(vtr_stencil *out, size_t n_old, size_t n_new, vtr_error *err)
{
    double ratio = (double)n_old / (double)n_new, half_width = fmax(1, ratio);
    vtr_stencil s = {.n_new = n_new, .n_most = (size_t)(2 * half_width) + 2};
    s.first = vtr_malloc(n_new, sizeof *s.first);
    s.n = vtr_malloc(n_new, sizeof *s.n);
    s.weight = vtr_calloc(n_new * s.n_most, sizeof *s.weight);
    if (s.first == NULL || s.n == NULL || s.weight == NULL) {
        vtr_stencil_release(&s);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the steps of another scan");
    }
    for (size_t i = 0; i < n_new; i++)
        set_weights(&s, i, n_old, half_width);
    *out = s;
    return VTR_OK;
}

double vtr_stencil_apply(const vtr_stencil *along_y, const vtr_stencil *along_x, const double *map,
                         size_t n_x_old, size_t y, size_t x, bool is_variance)
{
    const double *wy = along_y->weight + y * along_y->n_most, *wx = along_x->weight + x * along_x->n_most;
    double sum = 0;
    for (size_t j = 0; j < along_y->n[y]; j++) {
        const double *row = map + (along_y->first[y] + j) * n_x_old + along_x->first[x];
        for (size_t i = 0; i < along_x->n[x]; i++) {
            double w = wy[j] * wx[i];
            if (fabs(w) < 1e-12) continue; /* a lost beam matters only where it counts */
            sum += (is_variance ? w * w : w) * row[i];
        }
    }
    return sum;
}
