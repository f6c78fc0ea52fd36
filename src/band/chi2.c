/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/band_internal.h"
#include "vitrail/constants.h"

/* 1 - F(x) = erfc(sqrt(x/2)) + sqrt(2 x/pi) exp(-x/2). */
double vtr_chi2_3_tail(double chi2)
{
    return erfc(sqrt(chi2 / 2)) + sqrt(2 * chi2 / VTR_PI) * exp(-chi2 / 2);
}

double vtr_chi2_3_quantile(double p)
{
    double low = 0, high = 1500; /* beyond is no double */
    for (int i = 0; i < 80; i++) {
        double middle = 0.5 * (low + high);
        if (vtr_chi2_3_tail(middle) > p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}
