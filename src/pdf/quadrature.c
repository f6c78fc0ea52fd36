/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"

/* Roots of the Legendre polynomial by Newton, from Tricomi's estimate. */
void pdf_gauss_legendre(size_t n, double lo, double hi, double *node, double *weight)
{
    for (size_t i = 0; i < n; i++) {
        double x = cos(VTR_PI * ((double)i + 0.75) / ((double)n + 0.5)), slope = 1;
        for (int round = 0; round < 8; round++) {
            double previous = 1, value = x;
            for (size_t k = 2; k <= n; k++) {
                double m = (double)k, next = ((2 * m - 1) * x * value - (m - 1) * previous) / m;
                previous = value;
                value = next;
            }
            slope = (double)n * (x * value - previous) / (x * x - 1);
            x -= value / slope;
        }
        node[i] = lo + (hi - lo) * (1 - x) / 2;
        weight[i] = (hi - lo) / ((1 - x * x) * slope * slope);
    }
}
