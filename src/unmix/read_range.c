/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the limits of a simplex's components mean for their peaks. The limits are those of each channel on its own; the curves
 * within them that count are mixtures: a component with some of another one taken away or added. */
#include <math.h>

#include "unmix/read_internal.h"

double vtr_read_move(const vtr_simplex_result *simplex, size_t which, size_t other, int side, bool allowed)
{
    size_t n = simplex->n_channels;
    const double *low = allowed ? simplex->allowed_component_low : simplex->component_low;
    const double *high = allowed ? simplex->allowed_component_high : simplex->component_high;
    const double *c = simplex->components + which * n, *away = simplex->components + other * n;
    double most = INFINITY, largest = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(c[i])) largest = fmax(largest, fabs(c[i] - away[i]));
    for (size_t i = 0; i < n; i++) {
        double d = side * (c[i] - away[i]);
        /* where the two agree nothing moves, and rounding would decide */
        if (!isfinite(c[i]) || !(fabs(d) > 1e-3 * largest)) continue;
        double room = d > 0 ? high[which * n + i] - c[i] : c[i] - low[which * n + i];
        most = fmin(most, fmax(0, room) / fabs(d));
    }
    return most;
}

static void widen(vtr_unmix_peak *peak, const vtr_unmix_peak *moved)
{
    if (isfinite(moved->position)) {
        peak->position_range[0] = fmin(peak->position_range[0], moved->position);
        peak->position_range[1] = fmax(peak->position_range[1], moved->position);
    }
    if (isfinite(moved->fwhm)) {
        peak->fwhm_range[0] = fmin(peak->fwhm_range[0], moved->fwhm);
        peak->fwhm_range[1] = fmax(peak->fwhm_range[1], moved->fwhm);
    }
}

vtr_status vtr_unmix_peaks_range(vtr_unmix_peaks *peaks, const vtr_unmix_pdf *pdf,
                                 const vtr_simplex_result *simplex, size_t which, bool allowed,
                                 vtr_error *err)
{
    enum { STEPS = 4 };
    size_t n = simplex->n_channels;
    if (pdf->n_r != n || which >= simplex->n_components)
        return vtr_fail(err, VTR_ERR_SHAPE, "component %zu of %zu with %zu channels: the distances are %zu",
                        which, simplex->n_components, n, pdf->n_r);
    double *G = vtr_malloc(n, sizeof *G);
    if (G == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the range of the peaks");
    vtr_unmix_pdf moved = *pdf;
    vtr_status status = VTR_OK;
    moved.G = G;
    moved.errors = NULL;
    for (size_t other = 0; other < simplex->n_components && status == VTR_OK; other++)
        for (int step = -STEPS; step <= STEPS && other != which && status == VTR_OK; step++) {
            double far =
                vtr_read_move(simplex, which, other, step < 0 ? -1 : 1, allowed && simplex->is_bounded);
            vtr_unmix_peaks there;
            if (step == 0 || !isfinite(far)) continue;
            for (size_t i = 0; i < n; i++) {
                double c = simplex->components[which * n + i];
                G[i] = c + far * step / STEPS * (c - simplex->components[other * n + i]);
            }
            status = vtr_unmix_peaks_read(&there, &moved, err);
            if (status == VTR_OK) {
                widen(&peaks->first, &there.first);
                widen(&peaks->second, &there.second);
                widen(&peaks->shoulder, &there.shoulder);
                widen(&peaks->intrinsic, &there.intrinsic);
            }
            /* a mixture without a peak there has no place to add to the range */
            if (status == VTR_ERR_NOT_FOUND) status = VTR_OK;
        }
    vtr_free(G);
    return status;
}
