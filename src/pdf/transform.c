/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"

double pdf_window(const vtr_pdf_params *params, double qmax, double q)
{
    double width = params->window_width, x;
    switch (params->window) {
    case VTR_PDF_WINDOW_LORCH:
        x = VTR_PI * q / qmax;
        return x > 1e-9 ? sin(x) / x : 1;
    case VTR_PDF_WINDOW_GAUSSIAN:
        x = q / (isnan(width) ? qmax / 2 : width);
        return exp(-x * x / 2);
    case VTR_PDF_WINDOW_EXPONENTIAL:
        return exp(-(isnan(width) ? log(10) / (qmax * qmax) : width) * q * q);
    case VTR_PDF_WINDOW_COSINE:
        x = isnan(width) ? 0.8 * qmax : width;
        return q <= x ? 1 : q < qmax ? (1 + cos(VTR_PI * (q - x) / (qmax - x))) / 2 : 0;
    default:
        return 1;
    }
}

double pdf_line(double q, double rcut)
{
    double x = q * rcut;
    /* sin x - x cos x loses its digits where x is small */
    double moment = x > 0.02 ? sin(x) - x * cos(x) : x * x * x / 3 * (1 - x * x / 10);
    return -4 * VTR_PI * moment / (q * q);
}

/* (2/pi) Int_0^q0 (Q/q0) sin(Q r) dQ, for F in a straight line from zero to F(q0) */
static double below(double q0, double r)
{
    return 2 / VTR_PI * -pdf_line(r, q0) / (4 * VTR_PI) / q0;
}

/* Trapezoidal rule: F and its factor are band-limited functions that the samples hold whole, for which it is better
 * than rules of a higher order, and each point of a profile meets its weight once. */
void pdf_transform_row(const vtr_pdf_plan *plan, double r, double *row)
{
    const vtr_pdf_params *p = &plan->params;
    const double *q = plan->q, qmax = plan->normalisation.qmax;
    size_t n = plan->n_transform;
    bool is_plain = p->kernel == VTR_PDF_KERNEL_PLAIN;
    for (size_t j = 0; j < plan->n_q; j++) {
        double step = j >= n ? 0 : ((j + 1 < n ? q[j + 1] : q[j]) - (j > 0 ? q[j - 1] : q[j])) / 2;
        double factor = is_plain ? 1 / (2 * VTR_PI * q[j]) : 2 / VTR_PI;
        row[j] = j >= n ? 0 : factor * pdf_window(p, qmax, q[j]) * sin(q[j] * r) * step;
    }
    if (p->extrapolate && !is_plain && r != 0)
        row[0] += pdf_window(p, qmax, q[0] / 2) * (r > 0 ? below(q[0], r) : -below(q[0], -r));
}

static void sine_transform(double factor, size_t n, const double *x, const double *y, size_t n_out,
                           const double *out_at, double *out)
{
    for (size_t i = 0; i < n_out; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += y[j] * sin(x[j] * out_at[i]) * (x[j + 1 < n ? j + 1 : j] - x[j > 0 ? j - 1 : 0]) / 2;
        out[i] = factor * sum;
    }
}

void vtr_pdf_transform(size_t n_q, const double *q, const double *F, size_t n_r, const double *r, double *G)
{
    sine_transform(2 / VTR_PI, n_q, q, F, n_r, r, G);
}

void vtr_pdf_transform_back(size_t n_r, const double *r, const double *G, size_t n_q, const double *q,
                            double *F)
{
    sine_transform(1, n_r, r, G, n_q, q, F);
}
