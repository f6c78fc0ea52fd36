/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Components as pair distribution functions: on the scale of G, with errors, range and maxima. */
#include <cblas.h>

#include "unmix/phases_internal.h"
#include "unmix/unmix_internal.h"
#include "vitrail/constants.h"

vtr_status vtr_phases_spread(double *spread, const phases_job *job, vtr_error *err)
{
    const vtr_phases *r = job->result;
    size_t k = r->n_components;
    double gram[VTR_UNMIX_COMPONENTS_MAX * VTR_UNMIX_COMPONENTS_MAX] = {0};
    double inverse[VTR_UNMIX_COMPONENTS_MAX * VTR_UNMIX_COMPONENTS_MAX] = {0};
    for (size_t p = 0; p < job->n; p++)
        for (size_t i = 0; i < k && isfinite(r->maps[p]); i++)
            for (size_t j = 0; j < k; j++)
                gram[i * k + j] += job->position_weight[p] * (double)r->maps[i * job->n + p] *
                                   (double)r->maps[j * job->n + p];
    for (size_t i = 0; i < k; i++)
        inverse[i * k + i] = 1;
    vtr_status status = vtr_unmix_solve(inverse, k, k, gram, inverse, err);
    for (size_t i = 0; status == VTR_OK && i < k; i++)
        spread[i] = sqrt(inverse[i * k + i]);
    return status;
}

/* --- maxima ------------------------------------------------------------------------------------------------- */

/* The first maximum stands on the line where the density is known, the second on zero, as in the maps of vitrail pdf. */
typedef struct peak_room {
    vtr_pdf pdf;
    double *R, *sensitivity;
} peak_room;

static vtr_status open_room(peak_room *room, const phases_job *job, vtr_error *err)
{
    const vtr_pdf_plan *plan = vtr_pdf_positions_plan(job->positions);
    *room = (peak_room){.pdf = {.n_q = job->n_q,
                                .n_r = job->n_r,
                                .r = job->result->r,
                                .normalisation = *vtr_pdf_plan_normalisation(plan)},
                        .R = vtr_malloc(job->n_r, sizeof(double)),
                        .sensitivity = vtr_malloc(job->n_r * job->n_q, sizeof(double))};
    if (room->R != NULL && room->sensitivity != NULL) return VTR_OK;
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the maxima of components");
}

static void close_room(peak_room *room)
{
    vtr_free(room->R);
    vtr_free(room->sensitivity);
}

static vtr_pdf_peak fit(peak_room *room, const phases_job *job, double *G, size_t shell, bool has_errors)
{
    vtr_pdf *pdf = &room->pdf;
    vtr_pdf_peak peak = {NAN, NAN, NAN, NAN, NAN, NAN};
    const double *range = vtr_pdf_positions_shell(job->positions, shell);
    double density = pdf->normalisation.density;
    if (!isfinite(range[0])) return peak;
    for (size_t i = 0; i < job->n_r; i++)
        room->R[i] = pdf->r[i] * (G[i] + 4 * VTR_PI * pdf->r[i] * density);
    pdf->G = G;
    pdf->R = shell == 0 && density > 0 ? room->R : NULL;
    pdf->sensitivity = has_errors ? room->sensitivity : NULL;
    vtr_pdf_peak_fit(&peak, pdf, range[0], range[1], NULL);
    return peak;
}

static void widen(vtr_phases_peak *peak, const vtr_pdf_peak *other)
{
    peak->position_low = fmin(peak->position_low, other->position);
    peak->position_high = fmax(peak->position_high, other->position);
    peak->fwhm_low = fmin(peak->fwhm_low, other->fwhm);
    peak->fwhm_high = fmax(peak->fwhm_high, other->fwhm);
}

/* Maxima of component j, and of the two ends of its range. */
static void find_maxima(peak_room *room, phases_job *job, size_t j, double spread, double *ends)
{
    vtr_phases *r = job->result;
    for (size_t i = 0; i < job->n_r * job->n_q; i++)
        room->sensitivity[i] = spread * job->noise[i];
    for (size_t s = 0; s < 2; s++) {
        vtr_phases_peak *peak = &r->peaks[2 * j + s];
        peak->fit = fit(room, job, r->components + j * job->n_r, s, isfinite(spread));
        peak->position_low = peak->position_high = peak->fit.position;
        peak->fwhm_low = peak->fwhm_high = peak->fit.fwhm;
        for (size_t e = 0; ends != NULL && e < 2; e++) {
            vtr_pdf_peak other = fit(room, job, ends + e * job->n_r, s, false);
            widen(peak, &other);
        }
    }
}

/* --- range ------------------------------------------------------------------------------------------------- */

static void apply_range(phases_job *job, size_t j, const double t[2], const double *mean_g, double *ends)
{
    vtr_phases *r = job->result;
    for (size_t i = 0; i < job->n_r; i++) {
        double value = r->components[j * job->n_r + i], step = value - mean_g[i];
        for (size_t e = 0; e < 2; e++)
            ends[e * job->n_r + i] = value + t[e] * step;
        r->component_low[j * job->n_r + i] = fmin(value, fmin(ends[i], ends[job->n_r + i]));
        r->component_high[j * job->n_r + i] = fmax(value, fmax(ends[i], ends[job->n_r + i]));
    }
}

vtr_status vtr_phases_to_g(phases_job *job, const double *spread, const double (*t)[2], vtr_error *err)
{
    vtr_phases *r = job->result;
    size_t k = r->n_components, n_r = job->n_r;
    double *mean_g = vtr_malloc(n_r, sizeof *mean_g), *ends = vtr_malloc(2 * n_r, sizeof *ends);
    peak_room room = {0};
    vtr_status status = open_room(&room, job, err);
    if (status == VTR_OK && (mean_g == NULL || ends == NULL))
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the range of components");
    if (status == VTR_OK)
        status = vtr_pdf_positions_to_g(job->positions, r->quantity, k, r->spectra, r->components, err);
    if (status == VTR_OK)
        status = vtr_pdf_positions_to_g(job->positions, r->quantity, 1, job->mean, mean_g, err);
    for (size_t j = 0; status == VTR_OK && j < k; j++) {
        for (size_t i = 0; i < n_r; i++) {
            const double *row = job->noise + i * job->n_q;
            r->component_errors[j * n_r + i] = spread[j] * cblas_dnrm2((int)job->n_q, row, 1);
        }
        if (t != NULL) apply_range(job, j, t[j], mean_g, ends);
        find_maxima(&room, job, j, spread[j], t != NULL ? ends : NULL);
    }
    close_room(&room);
    vtr_free(mean_g);
    vtr_free(ends);
    return status;
}
