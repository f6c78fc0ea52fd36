/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The components of two specimens, matched, and what has changed. */
#include <math.h>
#include <string.h>

#include "unmix/read_internal.h"

static const struct {
    const char *name, *unit;
} quantities[VTR_UNMIX_QUANTITIES] = {{"first_peak", "angstrom"},  {"first_fwhm", "angstrom"},
                                      {"second_peak", "angstrom"}, {"shoulder", "angstrom"},
                                      {"fraction", "1"},           {"correlation_length", "nm"}};

const char *vtr_unmix_quantity_name(vtr_unmix_quantity quantity)
{
    return quantities[quantity].name;
}

const char *vtr_unmix_quantity_unit(vtr_unmix_quantity quantity)
{
    return quantities[quantity].unit;
}

/* A number with its error and the range that mixtures give it. */
typedef struct figure {
    double value, error, range[2];
} figure;

static figure position_of(const vtr_unmix_peak *p, bool has_it)
{
    if (!has_it) return (figure){NAN, NAN, {NAN, NAN}};
    return (figure){p->position, p->position_error, {p->position_range[0], p->position_range[1]}};
}

static figure read_figure(const vtr_unmix_specimen *s, size_t i, int quantity, bool is_intrinsic)
{
    const vtr_unmix_peaks *p = s->peaks + i;
    const vtr_unmix_peak *first = is_intrinsic ? &p->intrinsic : &p->first;
    switch (quantity) {
    case VTR_UNMIX_FIRST_PEAK:
        return position_of(first, true);
    case VTR_UNMIX_FIRST_FWHM:
        return (figure){first->fwhm, first->fwhm_error, {first->fwhm_range[0], first->fwhm_range[1]}};
    case VTR_UNMIX_SECOND_PEAK:
        return position_of(&p->second, p->has_second);
    case VTR_UNMIX_SHOULDER:
        return position_of(&p->shoulder, p->has_shoulder);
    case VTR_UNMIX_FRACTION: {
        if (s->fractions == NULL) break;
        const vtr_unmix_fraction *f = s->fractions + i;
        double error = isfinite(f->sample_error) ? f->sample_error : f->error;
        return (figure){f->value, error, {f->range[0], f->range[1]}};
    }
    default: {
        if (s->correlations == NULL) break;
        const vtr_correlation *c = s->correlations + i;
        return (figure){c->length_nm, c->length_error_nm, {c->length_nm, c->length_nm}};
    }
    }
    return (figure){NAN, NAN, {NAN, NAN}};
}

static vtr_unmix_difference differ(figure a, figure b)
{
    vtr_unmix_difference d = {a.value,    b.value, b.value - a.value, hypot(a.error, b.error), NAN,
                              {NAN, NAN}, false};
    double more = isfinite(d.error) ? 2 * d.error : 0;
    d.significance = fabs(d.difference) / d.error;
    d.range[0] = b.range[0] - a.range[1] - more;
    d.range[1] = b.range[1] - a.range[0] + more;
    d.is_certain = d.range[0] > 0 || d.range[1] < 0;
    return d;
}

static vtr_status check(const vtr_unmix_specimen *a, const vtr_unmix_specimen *b, vtr_error *err)
{
    if (a->k != b->k || a->k == 0 || a->k > VTR_UNMIX_COMPONENTS_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "specimens of %zu and %zu components cannot be compared: ask for the same number",
                        a->k, b->k);
    size_t n = a->pdfs[0].n_r;
    const double *r = a->pdfs[0].r;
    for (size_t i = 0; i < 2 * a->k; i++) {
        const vtr_unmix_pdf *p = i < a->k ? a->pdfs + i : b->pdfs + (i - a->k);
        bool is_same = p->n_r == n;
        for (size_t j = 0; is_same && j < n; j++)
            is_same = fabs(p->r[j] - r[j]) < 1e-6 + 1e-3 * fabs(r[n - 1] - r[0]) / (double)n;
        if (!is_same)
            return vtr_fail(err, VTR_ERR_SHAPE,
                            "the components of the two specimens have other distances: make both with one "
                            "rmin, rmax and rstep");
    }
    return VTR_OK;
}

vtr_status vtr_unmix_compare(vtr_unmix_comparison *out, const vtr_unmix_specimen *a,
                             const vtr_unmix_specimen *b, vtr_error *err)
{
    vtr_status status = check(a, b, err);
    if (status != VTR_OK) return status;
    size_t k = a->k, n = a->pdfs[0].n_r;
    double *G = vtr_malloc(2 * k * n, sizeof *G);
    if (G == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory to compare components");
    for (size_t i = 0; i < k; i++) {
        memcpy(G + i * n, a->pdfs[i].G, n * sizeof *G);
        memcpy(G + (k + i) * n, b->pdfs[i].G, n * sizeof *G);
    }
    vtr_unmix_comparison found = {.k = k};
    status = vtr_unmix_match(found.match, found.correlation, k, n, G, G + k * n, err);
    vtr_free(G);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < k; i++)
        for (int q = 0; q < VTR_UNMIX_QUANTITIES; q++) {
            size_t j = found.match[i];
            bool is_intrinsic = a->peaks[i].has_intrinsic && b->peaks[j].has_intrinsic;
            found.difference[i][q] =
                differ(read_figure(a, i, q, is_intrinsic), read_figure(b, j, q, is_intrinsic));
        }
    *out = found;
    return VTR_OK;
}
