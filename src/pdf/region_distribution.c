/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pdf/region_distribution.h"

#include <math.h>

/* Continued fraction of the incomplete beta function, by the modified method of Lentz: NIST Handbook of Mathematical
 * Functions (2010), 8.17.22. */
static double fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double result = d;
    for (int m = 1; m < 5000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double change = 1;
        for (int part = 0; part < 2; part++) {
            double coefficient = part == 0 ? even : odd;
            d = 1 + coefficient * d;
            c = 1 + coefficient / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            result *= change;
        }
        if (fabs(change - 1) < 1e-14) break;
    }
    return result;
}

/* I_x(a, b); `rest` is 1 - x, told apart so that small ones keep their digits. */
static double beta(double x, double rest, double a, double b)
{
    if (!(x > 0)) return 0;
    if (!(rest > 0)) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest));
    return x < (a + 1) / (a + b + 2) ? front * fraction(x, a, b) / a : 1 - front * fraction(rest, b, a) / b;
}

double pdf_f_above(double F, const double dof[2])
{
    if (isnan(F)) return NAN;
    double sum = dof[1] + dof[0] * F;
    return beta(dof[1] / sum, dof[0] * F / sum, dof[1] / 2, dof[0] / 2);
}

double pdf_t_beyond(double t, double dof)
{
    const double of_square[2] = {1, dof};
    return pdf_f_above(t * t, of_square);
}

double pdf_t_beyond_anywhere(double t, double dof, double n_elements)
{
    double crossings = n_elements / sqrt(3) * exp(-(dof - 1) / 2 * log1p(t * t / dof));
    return fmin(1, pdf_t_beyond(t, dof) + crossings);
}

void pdf_holm(double *corrected, const double *p, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        m += !isnan(p[i]);
    for (size_t i = 0; i < n; i++) {
        double largest = p[i];
        for (size_t j = 0; j < n && !isnan(p[i]); j++) {
            if (isnan(p[j]) || p[j] > p[i]) continue;
            size_t below = 0;
            for (size_t k = 0; k < n; k++)
                below += p[k] < p[j];
            largest = fmax(largest, (double)(m - below) * p[j]);
        }
        corrected[i] = isnan(p[i]) ? NAN : fmin(1, largest);
    }
}
