/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pdf/region_internal.h"
#include "vitrail/constants.h"
#include "vitrail/pdf.h"

const vtr_pdf_compared vtr_pdf_compared_values[VTR_PDF_COMPARED] = {
    {"first_position", "angstrom", "position of the first maximum of G"},
    {"first_height", "1/angstrom^2", "height of G at its first maximum"},
    {"first_fwhm", "angstrom", "full width of the first maximum at half of its height"},
    {"first_neighbours", "", "neighbours in the first shell, in the weights of the radiation"},
    {"second_position", "angstrom", "position of the second maximum of G"},
    {"second_height", "1/angstrom^2", "height of G at its second maximum"},
    {"second_fwhm", "angstrom", "full width of the second maximum at half of its height"},
    {"second_neighbours", "", "neighbours in the second shell, in the weights of the radiation"},
};

/* Int r G dr over [lo, hi] by trapezia, whose ends are cut where they lie. */
static double integral(const vtr_pdf_compare_input *in, const double *G, const double range[2])
{
    double sum = 0;
    for (size_t i = 0; i + 1 < in->n_r; i++) {
        double r0 = in->r[i], r1 = in->r[i + 1], lo = fmax(r0, range[0]), hi = fmin(r1, range[1]);
        if (!(hi > lo)) continue;
        double y0 = r0 * G[i], slope = (r1 * G[i + 1] - y0) / (r1 - r0);
        sum += (hi - lo) * (y0 + slope * ((hi + lo) / 2 - r0));
    }
    return sum;
}

/* The first maximum stands on the line -4 pi rho0 r where the density is known, the second on zero, as in vtr_pdf_cube. */
void region_shell_values(double values[VTR_PDF_COMPARED], const region_job *job, const double *G,
                         double *room)
{
    const vtr_pdf_compare_input *in = job->in;
    vtr_pdf pdf = {.n_r = in->n_r, .r = (double *)in->r, .G = (double *)G};
    bool has_line = in->density > 0;
    pdf.normalisation.density = in->density;
    for (size_t i = 0; i < in->n_r; i++)
        room[i] = in->r[i] * (G[i] + 4 * VTR_PI * in->r[i] * in->density);
    for (size_t s = 0; s < 2; s++) {
        double *v = values + s * VTR_PDF_SHELL_VALUES;
        const double *range = in->shell_range[s];
        vtr_pdf_peak peak = {NAN, NAN, NAN, NAN, NAN, NAN};
        pdf.R = has_line && s == 0 ? room : NULL; /* without R a maximum stands on zero */
        if (isfinite(range[0])) vtr_pdf_peak_fit(&peak, &pdf, range[0], range[1], NULL);
        v[VTR_PDF_SHELL_POSITION] = peak.position;
        v[VTR_PDF_SHELL_HEIGHT] = peak.height;
        v[VTR_PDF_SHELL_FWHM] = peak.fwhm;
        v[VTR_PDF_SHELL_NEIGHBOURS] = NAN;
        if (has_line && isfinite(range[0]))
            v[VTR_PDF_SHELL_NEIGHBOURS] =
                integral(in, G, range) + 4 * VTR_PI * in->density * (pow(range[1], 3) - pow(range[0], 3)) / 3;
    }
}

vtr_status region_shell_shares(double values[VTR_PDF_COMPARED], double *shares, const region_job *job,
                               size_t region, vtr_error *err)
{
    size_t n_r = job->in->n_r, n_blocks = job->n_block_y * job->n_block_x;
    const double *mean = job->mean + region * n_r;
    double *room = vtr_malloc(2 * n_r, sizeof *room), *moved = room + n_r;
    if (room == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the shells of a region");
    region_shell_values(values, job, mean, room);
    for (size_t b = 0; b < n_blocks; b++) {
        const double *sums = job->sums + (b * job->n_regions + region) * n_r;
        double *share = shares + b * VTR_PDF_COMPARED;
        bool is_empty = job->block_count[b * job->n_regions + region] == 0;
        for (size_t i = 0; i < n_r && !is_empty; i++)
            moved[i] = mean[i] + sums[i] / (double)job->count[region];
        if (!is_empty) region_shell_values(share, job, moved, room);
        for (size_t v = 0; v < VTR_PDF_COMPARED; v++)
            share[v] = is_empty ? 0 : share[v] - values[v];
    }
    vtr_free(room);
    return VTR_OK;
}

void region_shell_errors(double errors[VTR_PDF_COMPARED], const region_contrast *contrast,
                         const region_job *job, const double *shares_a, const double *shares_b,
                         const double values[VTR_PDF_COMPARED])
{
    for (size_t v = 0; v < VTR_PDF_COMPARED; v++) {
        const double *range = job->in->shell_range[v / VTR_PDF_SHELL_VALUES];
        double square = 0, factor = region_factor_at(contrast, job, (range[0] + range[1]) / 2);
        for (size_t i = 0; i < contrast->n_blocks; i++) {
            size_t at = contrast->block[i] * VTR_PDF_COMPARED + v;
            double share = shares_a[at] - (shares_b != NULL ? shares_b[at] : 0);
            square += share * share;
        }
        errors[v] = isfinite(values[v]) ? sqrt(factor * square) : NAN;
    }
}
