/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/phase_internal.h"
#include "vitrail/constants.h"

/* The two structures of the specimen two-phase, as G(r) = sum of Gaussian terms less 4 pi rho r where no atom can be,
 *
 *   G(r) = sum_i A_i exp(-(r - r_i)^2 / (2 sigma_i^2)) - 4 pi rho r erfc((r - c) / (sqrt(2) w)) / 2,
 *
 * whose sine transform is closed too. Terms: first shell, gap, second shell and its shoulder, then waves of the first
 * ring's period that die out over `decay`. The numbers were fitted so that G has its first peak, second peak and
 * shoulder at the places, and the first peak the full width, of chapter 5 of S. Kang's dissertation (TU Darmstadt, 2023;
 * DESIGN 9), and that S has its first peak near 3.1 1/Å and is positive everywhere. */
typedef struct term {
    double height, place, sigma;
} term;
enum { N_NEAR = 4, N_WAVES = 11 };
typedef struct glass {
    double density;                /* atoms per Å^3 */
    double contact, contact_width; /* c, w */
    term near[N_NEAR];
    double wave_height, wave_place, wave_decay, wave_period;
} glass;

static const glass glasses[VTR_TWIN_PHASES_MAX] = {
    /* liquid-like: 2.53 Å, full width 0.65 Å, 4.24 Å, shoulder 4.95 Å */
    {0.0865,
     1.9377,
     0.1096,
     {{2.2234, 2.5413, 0.3024},
      {-1.7125, 3.4266, 0.3166},
      {0.6461, 4.1376, 0.2831},
      {0.5265, 4.9199, 0.3062}},
     0.3842,
     5.5754,
     1.2034,
     2 * VTR_PI / 3.08},
    /* solid-like: 2.46 Å, 0.48 Å, 4.10 Å, 4.66 Å */
    {0.0880,
     1.9256,
     0.1680,
     {{3.0637, 2.4667, 0.2190},
      {-1.5734, 3.3060, 0.3318},
      {0.5933, 3.9794, 0.2151},
      {0.4343, 4.5559, 0.3538}},
     0.2828,
     5.6272,
     2.6458,
     2 * VTR_PI / 3.13},
};

/* The term number i of all. */
static term term_of(const glass *g, int i)
{
    if (i < N_NEAR) return g->near[i];
    double along = 0.5 * g->wave_period * (double)(i - N_NEAR);
    double height = g->wave_height * exp(-along / g->wave_decay);
    return (term){(i - N_NEAR) % 2 == 0 ? -height : height, g->wave_place + along, 0.25 * g->wave_period};
}

double vtr_twin_glass_density(size_t phase)
{
    return glasses[phase].density;
}

double vtr_twin_glass_G(size_t phase, double r)
{
    const glass *g = &glasses[phase];
    double G = -4 * VTR_PI * g->density * r * 0.5 * erfc((r - g->contact) / (sqrt(2) * g->contact_width));
    for (int i = 0; i < N_NEAR + N_WAVES; i++) {
        term t = term_of(g, i);
        double x = (r - t.place) / t.sigma;
        G += t.height * exp(-0.5 * x * x);
    }
    return G;
}

double vtr_twin_glass_s(size_t phase, double Q)
{
    const glass *g = &glasses[phase];
    double c = g->contact, w = g->contact_width, x = Q * c;
    /* (sin x - x cos x)/Q^2 loses its digits near 0 */
    double core = x < 0.01 ? Q * c * c * c / 3 : (sin(x) - x * cos(x)) / (Q * Q);
    double F = -4 * VTR_PI * g->density * exp(-0.5 * Q * Q * w * w) * (core + w * w * sin(x));
    for (int i = 0; i < N_NEAR + N_WAVES; i++) {
        term t = term_of(g, i);
        F += t.height * t.sigma * sqrt(2 * VTR_PI) * exp(-0.5 * Q * Q * t.sigma * t.sigma) * sin(Q * t.place);
    }
    return F / Q;
}
