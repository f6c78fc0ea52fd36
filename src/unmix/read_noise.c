/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which component is noise: figures, and what they say. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "unmix/read_internal.h"
#include "vitrail/constants.h"

static const double fast_most = 0.3;     /* white noise has 0.5; shells of neighbours have little out there */
static const double low_r_most = 0.5;    /* of the first peak */
static const double extent_least = 1.2;  /* 1 is noise alone */
static const double returns_least = 0.5; /* of the starts */

/* Share of F's squares in the upper half of the range in Q. */
static double fast_share(const vtr_unmix_pdf *p, double *scratch)
{
    enum { STEPS = 400 };
    double *q = scratch, *F = scratch + STEPS, *G = scratch + 2 * STEPS, upper = 0, all = 0;
    double qmin = isfinite(p->qmin) ? p->qmin : 0;
    if (!(p->qmax > qmin)) return NAN;
    for (size_t j = 0; j < STEPS; j++)
        q[j] = qmin + (p->qmax - qmin) * ((double)j + 0.5) / STEPS;
    for (size_t i = 0; i < p->n_r; i++)
        G[i] = isfinite(p->G[i]) ? p->G[i] : 0;
    vtr_pdf_transform_back(p->n_r, p->r, G, STEPS, q, F);
    for (size_t j = 0; j < STEPS; j++) {
        all += F[j] * F[j];
        upper += j >= STEPS / 2 ? F[j] * F[j] : 0;
    }
    return all > 0 ? upper / all : NAN;
}

/* Rms of G less the straight line through zero that suits it best, or the density's, below 0.7 of the first distance. */
static double low_r_share(const vtr_unmix_pdf *p, const vtr_unmix_peak *first)
{
    double rr = 0, rG = 0, GG = 0;
    size_t n = 0;
    for (size_t i = 0; i < p->n_r && p->r[i] < 0.7 * first->position; i++) {
        if (!isfinite(p->G[i])) continue;
        n++;
        rr += p->r[i] * p->r[i];
        rG += p->r[i] * p->G[i];
        GG += p->G[i] * p->G[i];
    }
    if (n < 5) return NAN;
    double slope = p->density > 0 ? -4 * VTR_PI * p->density : fmin(0, rG / rr);
    return sqrt(fmax(0, GG - 2 * slope * rG + slope * slope * rr) / (double)n) / first->height;
}

static void say(vtr_unmix_verdict *v, const char *format, double value)
{
    size_t used = strlen(v->reason);
    if (used > 0) used += (size_t)snprintf(v->reason + used, sizeof v->reason - used, "; ");
    if (used < sizeof v->reason) snprintf(v->reason + used, sizeof v->reason - used, format, value);
}

static void object(vtr_unmix_verdict *v, bool is_against, unsigned bit, const char *format, double value)
{
    if (!is_against) return;
    v->against |= bit;
    say(v, format, value);
}

static void weigh(vtr_unmix_verdict *v)
{
    object(v, v->against & VTR_UNMIX_NOISE_NO_PEAK, VTR_UNMIX_NOISE_NO_PEAK,
           "its G has no first neighbour where atoms have one", 0);
    object(
        v, v->fast > fast_most, VTR_UNMIX_NOISE_FAST,
        "its G oscillates fast: %.0f %% of F's squares lie in the upper half of Q, where white noise has 50",
        100 * v->fast);
    object(v, v->low_r > low_r_most, VTR_UNMIX_NOISE_LOW_R,
           "its G is not a straight line where no atom can be: it is off by %.2f of the first peak",
           v->low_r);
    object(v, v->extent < extent_least, VTR_UNMIX_NOISE_EXTENT,
           "positions spread along it by %.2f of what noise alone does", v->extent);
    object(v, v->returns < returns_least, VTR_UNMIX_NOISE_RETURNS, "%.0f %% of other starts find it",
           100 * v->returns);
    object(v, v->against & VTR_UNMIX_NOISE_MAP, VTR_UNMIX_NOISE_MAP,
           "neighbours in its map are not alike: %.0f %% of its variance is structure", 100 * v->structure);
    const unsigned alone = VTR_UNMIX_NOISE_EXTENT | VTR_UNMIX_NOISE_MAP;
    unsigned others = v->against & ~alone;
    v->is_noise = (v->against & alone) != 0 || (others & (others - 1)) != 0;
    if (v->against == 0) say(v, "nothing speaks for noise", 0);
}

/* Everything but the extent. */
static vtr_status look(vtr_unmix_verdict *v, const vtr_unmix_evidence *e, vtr_error *err)
{
    vtr_unmix_peaks peaks;
    *v = (vtr_unmix_verdict){.low_r = NAN, .extent = NAN, .returns = e->returns, .structure = NAN};
    double *scratch = vtr_malloc(800 + e->pdf.n_r, sizeof *scratch);
    if (scratch == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory to judge a component");
    v->fast = fast_share(&e->pdf, scratch);
    vtr_free(scratch);
    vtr_status status = vtr_unmix_peaks_read(&peaks, &e->pdf, err);
    if (status == VTR_OK) v->low_r = low_r_share(&e->pdf, &peaks.first);
    if (status == VTR_ERR_NOT_FOUND) v->against |= VTR_UNMIX_NOISE_NO_PEAK;
    if (status != VTR_OK && status != VTR_ERR_NOT_FOUND) return status;
    if (e->correlation != NULL) {
        const vtr_correlation *c = e->correlation;
        v->structure = c->signal / (c->signal + c->noise);
        if (!(c->signal > 3 * c->signal_error)) v->against |= VTR_UNMIX_NOISE_MAP;
    }
    return VTR_OK;
}

vtr_status vtr_unmix_judge(vtr_unmix_verdict *out, size_t k, const vtr_unmix_evidence *evidence,
                           vtr_error *err)
{
    vtr_unmix_verdict found[VTR_UNMIX_COMPONENTS_MAX];
    if (k == 0 || k > VTR_UNMIX_COMPONENTS_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu components to be judged: between 1 and %d are possible",
                        k, VTR_UNMIX_COMPONENTS_MAX);
    for (size_t i = 0; i < k; i++) {
        vtr_status status = look(&found[i], &evidence[i], err);
        if (status != VTR_OK) return status;
        found[i].extent = evidence[i].extent;
        weigh(&found[i]);
    }
    memcpy(out, found, k * sizeof *found);
    return VTR_OK;
}
