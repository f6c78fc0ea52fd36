/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The specimen `two-phase`: a liquid-like and a solid-like structure, whose shares are a random field. After chapter 5 of
 * S. Kang's dissertation (TU Darmstadt, 2023): mean share and correlation length of the states as-spun and annealed. */
#include <math.h>

#include "twin/gaussian_field_internal.h"
#include "twin/twin_internal.h"
#include "vitrail/constants.h"

static const struct {
    double mean, length_nm;
} states[2] = {{0.468, 5.4}, {0.672, 5.7}};

vtr_status vtr_twin_build_mixture(vtr_twin *twin, vtr_error *err)
{
    if (!isnan(twin->params.ring_k))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--ring-k of the preset two-phase is that of its structures");
    twin->n_phases = VTR_TWIN_PHASES_MAX;
    for (size_t k = 0; k < twin->n_phases; k++) {
        vtr_twin_phase *phase = &twin->phase[k];
        phase->number_density = vtr_twin_glass_density(k);
        phase->s = vtr_malloc(VTR_TWIN_PHASE_STEPS, sizeof *phase->s);
        if (phase->s == NULL)
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the structure function");
        for (size_t i = 0; i < VTR_TWIN_PHASE_STEPS; i++)
            phase->s[i] = vtr_twin_glass_s(k, VTR_TWIN_PHASE_Q_STEP * (i == 0 ? 1e-3 : (double)i));
    }
    return VTR_OK;
}

static double normal_share(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

/* x whose normal share is `share`. */
static double normal_quantile(double share)
{
    double low = -10, high = 10;
    for (int i = 0; i < 100; i++) {
        double middle = 0.5 * (low + high);
        *(normal_share(middle) < share ? &low : &high) = middle;
    }
    return 0.5 * (low + high);
}

/* Covariance of Phi(a + g1) and Phi(a + g2), g1, g2 standard normal of correlation rho, up to a factor: with h =
 * a/sqrt(2) it is that of two bits z < h of correlation rho/2, whose derivative is the bivariate density (Plackett,
 * Biometrika 41, 351, 1954). */
static double bit_covariance(double h, double rho)
{
    enum { STEPS = 400 };
    double step = 0.5 * rho / STEPS, sum = 0;
    for (int i = 0; i < STEPS; i++) {
        double u = ((double)i + 0.5) * step;
        sum += step * exp(-h * h / (1 + u)) / sqrt(1 - u * u);
    }
    return sum;
}

/* The length of the Gaussian field whose Phi(a + g) has fallen to 1/e at `length`. */
static double field_length(double mean, double length)
{
    double h = normal_quantile(mean), all = bit_covariance(h, 1), low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        *(bit_covariance(h, middle) < all * exp(-1) ? &low : &high) = middle;
    }
    return length / sqrt(-log(low));
}

/* The shift a for which the mean of Phi(a + field) over this very scan is `mean`. */
static double shift_for(const float *field, size_t n, double mean)
{
    double low = -10, high = 10;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high), sum = 0;
        for (size_t p = 0; p < n; p++)
            sum += normal_share(middle + (double)field[p]);
        *(sum < mean * (double)n ? &low : &high) = middle;
    }
    return 0.5 * (low + high);
}

vtr_status vtr_twin_build_fraction(vtr_twin *twin, vtr_error *err)
{
    size_t n = twin->n_positions;
    int state = twin->params.annealed ? 1 : 0;
    double length = field_length(states[state].mean, states[state].length_nm) / twin->info.scan_step_nm;
    vtr_random random;
    twin->solid_fraction = vtr_malloc(n, sizeof *twin->solid_fraction);
    if (twin->solid_fraction == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", n);
    vtr_twin_random(&random, &twin->params, VTR_TWIN_FOR_FRACTION, 0);
    vtr_status status = vtr_gaussian_field(twin->solid_fraction, twin->info.shape[0], twin->info.shape[1],
                                           length, &random, err);
    if (status != VTR_OK) return status;
    double shift = shift_for(twin->solid_fraction, n, states[state].mean);
    for (size_t p = 0; p < n; p++)
        twin->solid_fraction[p] = (float)normal_share(shift + (double)twin->solid_fraction[p]);
    return VTR_OK;
}

size_t vtr_twin_phases(const vtr_twin *twin)
{
    return twin->n_phases;
}

double vtr_twin_phase_structure(const vtr_twin *twin, size_t phase, double Q_inv_angstrom)
{
    double at = Q_inv_angstrom / VTR_TWIN_PHASE_Q_STEP;
    if (!(at < VTR_TWIN_PHASE_STEPS - 1)) return 0;
    size_t i = (size_t)at;
    const double *s = twin->phase[phase].s + i;
    return s[0] + (at - (double)i) * (s[1] - s[0]);
}

double vtr_twin_phase_G(const vtr_twin *twin, size_t phase, double r_angstrom)
{
    return twin->n_phases == VTR_TWIN_PHASES_MAX ? vtr_twin_glass_G(phase, r_angstrom) : NAN;
}

void vtr_twin_first_peak(const vtr_twin *twin, double solid_fraction, double *place, double *height)
{
    double best = -INFINITY, at = NAN, step = 0.002;
    for (double r = 2.2; r < 2.9 && twin->n_phases == VTR_TWIN_PHASES_MAX; r += step) {
        double G = (1 - solid_fraction) * vtr_twin_glass_G(0, r) + solid_fraction * vtr_twin_glass_G(1, r);
        if (G <= best) continue;
        best = G;
        at = r;
    }
    *place = at;
    *height = twin->n_phases == VTR_TWIN_PHASES_MAX ? best : NAN;
}
