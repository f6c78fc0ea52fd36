/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"

/* Scale, structure and density of a liquid from its core alone.
 *
 *   N = Int I/<f>^2 Q^2 dQ / (Int (<f^2> + incoherent)/<f>^2 Q^2 dQ - 2 pi^2 rho)       [1] eq. 34, after Krogh-Moe, Norman
 *   D(r) = (2/pi) Int Q i sin(Q r) dQ + 4 pi rho r for r < rcut, which should vanish     [1] eq. 43
 *   i <- i - (1/Q) (i/(1 + J) + 1) Int_0^rcut D sin(Q r) dr,   J = incoherent/<f>^2      [1] eq. 46
 *   chi^2 = Int_0^rcut D^2 dr                                                            [1] eq. 50
 *
 * A few rounds mend errors of the normalisation; the density, the scale or both are those of the smallest chi^2.
 * Faber-Ziman in place of the Ashcroft-Langreth of [1]: for one element they are the same.
 * [1] J. H. Eggert, G. Weck, P. Loubeyre, M. Mezouar, Phys. Rev. B 65, 174105 (2002). R. Kaplow, S. L. Strong, B. L.
 * Averbach, Phys. Rev. 138, A1336 (1965) had put the line into D first. */

enum { SCAN = 24, GOLDEN_ROUNDS = 40 };
static const double r_step = 0.02, golden = 0.61803398874989485;

typedef struct eggert {
    size_t n_q, n_r;
    const double *q, *intensity;
    const vtr_pdf_eggert_params *params;
    double *sine;                            /* [n_r][n_q] */
    double *self, *coherent, *over, *weight; /* [n_q]: atomic/<f>^2, I/<f>^2, 1/(1 + J), dQ */
    double *r, *r_weight, *core;             /* [n_r] */
    double *i, *scratch;                     /* [n_q] */
} eggert;

static double step(size_t n, const double *x, size_t j)
{
    return (x[j + 1 < n ? j + 1 : j] - x[j > 0 ? j - 1 : 0]) / 2;
}

/* Krogh-Moe and Norman. */
static double normal_scale(const eggert *e, double density)
{
    double coherent = 0, self = 0;
    for (size_t j = 0; j < e->n_q; j++) {
        double w = e->weight[j] * e->q[j] * e->q[j];
        coherent += w * e->coherent[j];
        self += w * e->self[j];
    }
    return coherent / (self - 2 * VTR_PI * VTR_PI * density);
}

/* Iterates at this density and scale; leaves i and returns chi^2. */
static double iterate(eggert *e, double density, double scale)
{
    size_t n = e->n_q, n_r = e->n_r;
    double chi_squared = 0;
    for (size_t j = 0; j < n; j++)
        e->i[j] = e->coherent[j] / scale - e->self[j];
    for (size_t round = 0; round <= e->params->iterations; round++) {
        for (size_t j = 0; j < n; j++)
            e->scratch[j] = 2 / VTR_PI * e->weight[j] * e->q[j] * e->i[j];
        cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)n_r, (int)n, 1, e->sine, (int)n, e->scratch, 1, 0,
                    e->core, 1);
        chi_squared = 0;
        for (size_t k = 0; k < n_r; k++) {
            e->core[k] += 4 * VTR_PI * density * e->r[k];
            chi_squared += e->r_weight[k] * e->core[k] * e->core[k];
            e->core[k] *= e->r_weight[k];
        }
        if (round == e->params->iterations) break;
        cblas_dgemv(CblasRowMajor, CblasTrans, (int)n_r, (int)n, 1, e->sine, (int)n, e->core, 1, 0,
                    e->scratch, 1);
        for (size_t j = 0; j < n; j++)
            e->i[j] -= (e->i[j] * e->over[j] + 1) * e->scratch[j] / e->q[j];
    }
    return chi_squared;
}

/* chi^2 of a density, its scale by normalisation or, where it is refined, the best one. */
static double of_density(eggert *e, double density, double *scale);

static double of_scale(eggert *e, double scale, double *density)
{
    return iterate(e, *density, scale);
}

/* Smallest value of f over [lo, hi]: a scan, then golden section about its lowest point. */
static double minimise(eggert *e, double (*f)(eggert *, double, double *), double lo, double hi,
                       double *other)
{
    double best = INFINITY, at = lo, width = (hi - lo) / SCAN;
    for (int k = 0; k <= SCAN; k++) {
        double x = lo + width * k, value = f(e, x, other);
        if (value < best) best = value, at = x;
    }
    double a = fmax(lo, at - width), b = fmin(hi, at + width);
    double c = b - golden * (b - a), d = a + golden * (b - a), f_c = f(e, c, other), f_d = f(e, d, other);
    for (int k = 0; k < GOLDEN_ROUNDS && b - a > 1e-9 * fabs(b); k++) {
        if (f_c < f_d) {
            b = d, d = c, f_d = f_c;
            f_c = f(e, c = b - golden * (b - a), other);
        } else {
            a = c, c = d, f_c = f_d;
            f_d = f(e, d = a + golden * (b - a), other);
        }
    }
    return (a + b) / 2;
}

static double of_density(eggert *e, double density, double *scale)
{
    *scale = normal_scale(e, density);
    if (e->params->refines_scale) *scale = minimise(e, of_scale, 0.9 * *scale, 1.1 * *scale, &density);
    return iterate(e, density, *scale);
}

static void fill(eggert *e, const double *mean_f, const double *atomic, const double *incoherent)
{
    for (size_t j = 0; j < e->n_q; j++) {
        double f_squared = mean_f[j] * mean_f[j];
        e->weight[j] = step(e->n_q, e->q, j);
        e->self[j] = atomic[j] / f_squared;
        e->coherent[j] = e->intensity[j] / f_squared;
        e->over[j] = 1 / (1 + (incoherent != NULL ? incoherent[j] / f_squared : 0));
    }
    for (size_t k = 0; k < e->n_r; k++) {
        e->r[k] = e->params->rcut * (double)k / (double)(e->n_r - 1);
        for (size_t j = 0; j < e->n_q; j++)
            e->sine[k * e->n_q + j] = sin(e->q[j] * e->r[k]);
    }
    for (size_t k = 0; k < e->n_r; k++)
        e->r_weight[k] = step(e->n_r, e->r, k);
}

static vtr_status check(size_t n_q, const double *q, const vtr_pdf_eggert_params *params, vtr_error *err)
{
    if (!(params->rcut > 0) || !(params->density > 0) || params->rcut > 100)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the refinement needs a density and the foot of the first peak: %g atoms/Å^3, "
                        "%g Å given",
                        params->density, params->rcut);
    if (n_q < 8) return vtr_fail(err, VTR_ERR_NO_DATA, "%zu points, too few", n_q);
    for (size_t j = 0; j < n_q; j++)
        if (!(q[j] > 0) || (j > 0 && q[j] <= q[j - 1]))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "Q must be positive and increase, at point %zu", j);
    return VTR_OK;
}

vtr_status vtr_pdf_eggert(vtr_pdf_eggert_result *out, size_t n_q, const double *q, const double *intensity,
                          const double *mean_f, const double *atomic, const double *incoherent,
                          const vtr_pdf_eggert_params *params, double *S, vtr_error *err)
{
    vtr_status status = check(n_q, q, params, err);
    if (status != VTR_OK) return status;
    eggert e = {.n_q = n_q,
                .n_r = (size_t)ceil(params->rcut / r_step) + 1,
                .q = q,
                .intensity = intensity,
                .params = params};
    double **on_q[] = {&e.self, &e.coherent, &e.over, &e.weight, &e.i, &e.scratch},
           **on_r[] = {&e.r, &e.r_weight, &e.core};
    bool is_short = (e.sine = vtr_malloc(e.n_r * n_q, sizeof *e.sine)) == NULL;
    for (size_t k = 0; k < 6; k++)
        is_short |= (*on_q[k] = vtr_malloc(n_q, sizeof(double))) == NULL;
    for (size_t k = 0; k < 3; k++)
        is_short |= (*on_r[k] = vtr_malloc(e.n_r, sizeof(double))) == NULL;
    if (is_short) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu x %zu points", n_q, e.n_r);
        goto cleanup;
    }
    fill(&e, mean_f, atomic, incoherent);
    double density = params->density, scale = NAN;
    if (params->refines_density) density = minimise(&e, of_density, 0.5 * density, 1.5 * density, &scale);
    double chi_squared = of_density(&e, density, &scale);
    if (!(scale > 0) || !isfinite(chi_squared)) {
        status = vtr_fail(err, VTR_ERR_NUMERIC, "the refinement found no scale: %g", scale);
        goto cleanup;
    }
    *out = (vtr_pdf_eggert_result){.scale = scale, .density = density, .chi_squared = chi_squared};
    for (size_t j = 0; j < n_q; j++)
        S[j] = 1 + e.i[j];
cleanup:
    vtr_free(e.sine);
    for (size_t k = 0; k < 6; k++)
        vtr_free(*on_q[k]);
    for (size_t k = 0; k < 3; k++)
        vtr_free(*on_r[k]);
    return status;
}
