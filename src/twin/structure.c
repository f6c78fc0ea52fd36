/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/twin_internal.h"

/* The model glass: peaks of s = S - 1 over x = k / ring_k. Places, widths (standard deviation) and heights
 * follow measured structure factors of metallic glasses: a first peak of about 3 with a full width of 0.16 of
 * its place, a second peak at 1.67 with a shoulder at 1.95, oscillations that die out. */
static const struct {
    double x, sigma, height;
} peaks[] = {
    {1.00, 0.070, 2.20},  {1.31, 0.110, -0.42}, {1.67, 0.090, 0.46},  {1.95, 0.095, 0.26},
    {2.30, 0.130, -0.20}, {2.63, 0.150, 0.19},  {3.02, 0.160, -0.09}, {3.42, 0.170, 0.08},
};

double vtr_twin_structure_function(double x)
{
    /* long waves see a stiff, dense glass: S(0) near 0.03 */
    double sum = -0.97 * exp(-pow(x / 0.80, 8));
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++) {
        double d = (x - peaks[i].x) / peaks[i].sigma;
        sum += peaks[i].height * exp(-0.5 * d * d);
    }
    return sum;
}

/* Plural scattering spreads over the whole pattern, inelastic scattering sits about the direct beam. */
static double background_sum(double x)
{
    double wide = 1 + (x / 1.4) * (x / 1.4), narrow = 1 + (x / 0.35) * (x / 0.35);
    return 1 / (wide * wide) + 1.5 / narrow;
}

double vtr_twin_background_form(double x)
{
    return background_sum(x) / background_sum(1);
}

static double steep_background_sum(double x)
{
    double wide = 1 + (x / 1.4) * (x / 1.4), narrow = 1 + (x / 0.7) * (x / 0.7);
    return 1 / (wide * wide) + 1.5 / (narrow * narrow);
}

double vtr_twin_steep_background_form(double x)
{
    return steep_background_sum(x) / steep_background_sum(1);
}

double vtr_twin_beam_form(double radius_px, double beam_radius_px)
{
    return 0.5 * erfc((radius_px - beam_radius_px) / 0.7);
}
