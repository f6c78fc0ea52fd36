/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/speckle_internal.h"
#include "vitrail/constants.h"

/* P(a, x) by its series (DLMF 8.11.4) below a + 1, by the continued fraction of Q (DLMF 8.9.2, in Lentz's
 * form) above. */
double vtr_gamma_p(double a, double x)
{
    if (!(x > 0)) return 0;
    double factor = exp(a * log(x) - x - lgamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int n = 1; n < 100000 && term > 1e-17 * sum; n++) {
            term *= x / (a + n);
            sum += term;
        }
        return factor * sum;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int n = 1; n < 100000; n++) {
        double an = -n * (n - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        double step = c * d;
        h *= step;
        if (fabs(step - 1) < 1e-15) break;
    }
    return 1 - factor * h;
}

/* The x with P(a, x) = p, looked for above `low`. */
static double gamma_quantile(double a, double p, double low)
{
    double high = fmax(2 * low, a + 1);
    while (vtr_gamma_p(a, high) < p && high < 1e6 * (a + 1))
        high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
        double middle = 0.5 * (low + high);
        if (vtr_gamma_p(a, middle) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static double grid(int i)
{
    return -VTR_MARGINAL_LIMIT + 2 * VTR_MARGINAL_LIMIT * i / (VTR_MARGINAL_N - 1);
}

/* c_n^2 of t = sum_n c_n h_n(g), h_n the normalised Hermite polynomials; t lies on the grid. Terms beyond the
 * last are put into it, so that R(1) = 1. */
static void hermite_weights(vtr_marginal *marginal, double variance)
{
    double c[VTR_MARGINAL_TERMS + 1] = {0};
    for (int i = 0; i < VTR_MARGINAL_N; i++) {
        double g = grid(i), step = 2 * VTR_MARGINAL_LIMIT / (VTR_MARGINAL_N - 1);
        double w = step * exp(-0.5 * g * g) / sqrt(2 * VTR_PI) * (double)marginal->value[i];
        double before = 0, h = 1;
        for (int n = 0; n <= VTR_MARGINAL_TERMS; n++) {
            c[n] += w * h;
            double next = (g * h - sqrt(n) * before) / sqrt(n + 1.0);
            before = h;
            h = next;
        }
    }
    double sum = 0;
    for (int n = 0; n < VTR_MARGINAL_TERMS; n++) {
        marginal->weight[n] = c[n + 1] * c[n + 1] / variance;
        sum += marginal->weight[n];
    }
    marginal->weight[VTR_MARGINAL_TERMS - 1] += fmax(0, 1 - sum);
}

void vtr_marginal_make(vtr_marginal *marginal, double contrast)
{
    double shape = 1 / contrast, low = 0;
    for (int i = 0; i < VTR_MARGINAL_N; i++) {
        /* above the middle Phi(g) is too near 1 for its digits, but its quantile still is monotone and smooth
         * to 1e-4 out to g = 6, beyond which no field gets */
        double p = 0.5 * erfc(-grid(i) / sqrt(2.0));
        low = gamma_quantile(shape, fmin(p, 1 - 1e-16), low);
        marginal->value[i] = (float)(low / shape);
    }
    hermite_weights(marginal, contrast);
}

double vtr_marginal_correlation(const vtr_marginal *marginal, double rho)
{
    double sum = 0;
    for (int n = VTR_MARGINAL_TERMS - 1; n >= 0; n--)
        sum = (sum + marginal->weight[n]) * rho;
    return sum;
}

double vtr_marginal_inverse(const vtr_marginal *marginal, double correlation)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (vtr_marginal_correlation(marginal, middle) < correlation)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}
