/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The range and the window of a transform, and what G would be without them. A window multiplies F, so it is taken out in Q,
 * up to where it was still open; below qmin a dense disordered solid scatters next to nothing, S(Q) = 0, F = -Q; beyond the
 * end a Gaussian peak is assumed. */
#include <math.h>
#include <string.h>

#include "pdf/pdf_internal.h"
#include "unmix/read_internal.h"
#include "vitrail/constants.h"

enum { Q_STEPS = 400 };
static const double open_enough = 0.3; /* noise of F grows by one over this at most */
/* What a range shows of an endlessly narrow peak is at most so much of the width seen, or the correction is too large to
 * rest on the Gaussian. */
static const double narrow_most = 0.75;
static const double width_to_fwhm = 2.35482004503094938; /* 2 sqrt(2 ln 2) */

struct read_window {
    size_t n;
    const double *r;
    double qmin, qend; /* 1/Å, the range that is left */
    bool is_bare;      /* there is no window to be taken out */
    double *q;         /* [Q_STEPS] */
    double *forward;   /* [Q_STEPS][n], F of G over the window */
    double *back;      /* [n][Q_STEPS] */
};

static double window_at(const vtr_unmix_pdf *pdf, double Q)
{
    const vtr_pdf_params params = {.window = pdf->window, .window_width = pdf->window_width};
    return pdf_window(&params, pdf->qmax, Q);
}

double vtr_read_row_error(const vtr_unmix_pdf *pdf, size_t n, const double *r, const double *errors,
                          const double *row)
{
    double qmin = isfinite(pdf->qmin) ? pdf->qmin : 0, range = pdf->qmax - qmin, sum = 0, all = 0;
    for (size_t i = 0; i < n && !(range > 0); i++)
        sum += row[i] * row[i] * errors[i] * errors[i];
    if (!(range > 0)) return sqrt(sum);
    for (int j = 0; j < Q_STEPS; j++) {
        double Q = qmin + range * (j + 0.5) / Q_STEPS, open = window_at(pdf, Q), c = 0, s = 0;
        for (size_t i = 0; i < n; i++) {
            if (row[i] == 0) continue;
            c += row[i] * errors[i] * cos(Q * r[i]);
            s += row[i] * errors[i] * sin(Q * r[i]);
        }
        sum += open * open * (c * c + s * s);
        all += open * open;
    }
    return sqrt(sum / all);
}

/* The matrices of the two transforms. Below the first distance G is a straight line to zero. */
static void fill(read_window *w, const vtr_unmix_pdf *pdf)
{
    double step = (w->qend - w->qmin) / Q_STEPS;
    for (size_t j = 0; j < Q_STEPS; j++) {
        w->q[j] = w->qmin + step * ((double)j + 0.5);
        double open = window_at(pdf, w->q[j]);
        for (size_t i = 0; i < w->n; i++) {
            double width = (w->r[i + 1 < w->n ? i + 1 : i] - w->r[i > 0 ? i - 1 : 0]) / 2;
            double sine = sin(w->q[j] * w->r[i]), near = 0;
            if (i == 0 && w->r[0] > 0) {
                double x = w->q[j] * w->r[0];
                near = (sin(x) - x * cos(x)) / (w->q[j] * x);
            }
            w->forward[j * w->n + i] = (width * sine + near) / open;
            w->back[i * Q_STEPS + j] = 2 / VTR_PI * step * sine;
        }
    }
}

vtr_status vtr_read_window_open(read_window **out, const vtr_unmix_pdf *pdf, size_t n, const double *r,
                                vtr_error *err)
{
    read_window *w = vtr_calloc(1, sizeof *w);
    if (w == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory to take a window out");
    *w = (read_window){.n = n,
                       .r = r,
                       .qmin = fmax(0, pdf->qmin),
                       .qend = pdf->qmax,
                       .is_bare = pdf->window == VTR_PDF_WINDOW_NONE};
    while (w->qend > w->qmin && window_at(pdf, w->qend) < open_enough)
        w->qend -= 0.002 * pdf->qmax;
    if (!w->is_bare) {
        w->q = vtr_malloc(Q_STEPS, sizeof *w->q);
        w->forward = vtr_malloc(Q_STEPS * n, sizeof *w->forward);
        w->back = vtr_malloc(Q_STEPS * n, sizeof *w->back);
        if (w->q == NULL || w->forward == NULL || w->back == NULL) {
            vtr_read_window_close(w);
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory to take a window out");
        }
        fill(w, pdf);
    }
    *out = w;
    return VTR_OK;
}

void vtr_read_window_close(read_window *window)
{
    if (window == NULL) return;
    vtr_free(window->q);
    vtr_free(window->forward);
    vtr_free(window->back);
    vtr_free(window);
}

/* -(2/pi) (sin x - x cos x)/r^2, x = qmin r: the transform of F = -Q up to qmin. */
static double below_range(double qmin, double r)
{
    double x = qmin * r;
    if (!(x > 0)) return 0;
    return -2 / VTR_PI * (x > 0.02 ? sin(x) - x * cos(x) : x * x * x / 3) / (r * r);
}

void vtr_read_window_remove(const read_window *w, const double *G, double *whole)
{
    double F[Q_STEPS] = {0};
    for (size_t j = 0; j < Q_STEPS && !w->is_bare; j++)
        for (size_t i = 0; i < w->n; i++)
            F[j] += w->forward[j * w->n + i] * G[i];
    for (size_t i = 0; i < w->n; i++) {
        whole[i] = below_range(w->qmin, w->r[i]) + (w->is_bare ? G[i] : 0);
        for (size_t j = 0; j < Q_STEPS && !w->is_bare; j++)
            whole[i] += w->back[i * Q_STEPS + j] * F[j];
    }
}

void vtr_read_window_row(const read_window *w, double *row)
{
    double F[Q_STEPS] = {0};
    if (w->is_bare) return;
    for (size_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < Q_STEPS && row[i] != 0; j++)
            F[j] += w->back[i * Q_STEPS + j] * row[i];
    memset(row, 0, w->n * sizeof *row);
    for (size_t j = 0; j < Q_STEPS; j++)
        for (size_t i = 0; i < w->n; i++)
            row[i] += w->forward[j * w->n + i] * F[j];
}

/* Int_0^qend exp(-s^2 Q^2/2) cos(Q x) dQ, by Simpson's rule. */
static double seen_gaussian(const read_window *w, double spread, double x)
{
    double sum = 0, step = w->qend / Q_STEPS;
    for (int i = 0; i <= Q_STEPS; i++) {
        double Q = i * step, weight = i == 0 || i == Q_STEPS ? 1 : i % 2 == 1 ? 4 : 2;
        sum += weight * exp(-spread * spread * Q * Q / 2) * cos(Q * x);
    }
    return sum * step / 3;
}

static double seen_fwhm(const read_window *w, double spread)
{
    double half = seen_gaussian(w, spread, 0) / 2, lo = 0, hi = 0.05;
    while (seen_gaussian(w, spread, hi) > half)
        hi += 0.05;
    for (int i = 0; i < 40; i++) {
        double middle = (lo + hi) / 2;
        *(seen_gaussian(w, spread, middle) > half ? &lo : &hi) = middle;
    }
    return lo + hi;
}

double vtr_read_window_spread(const read_window *w, double fwhm, double *slope)
{
    double lo = 0, hi = fwhm / width_to_fwhm;
    if (!(w->qend > 0) || !(narrow_most * fwhm > seen_fwhm(w, 0))) return NAN;
    for (int i = 0; i < 40; i++) {
        double middle = (lo + hi) / 2;
        *(seen_fwhm(w, middle) < fwhm ? &lo : &hi) = middle;
    }
    *slope = 0.02 * hi / (seen_fwhm(w, 1.01 * hi) - seen_fwhm(w, 0.99 * hi));
    return hi;
}

double vtr_read_window_raise(const read_window *w, double spread)
{
    return sqrt(VTR_PI / 2) / spread / seen_gaussian(w, spread, 0);
}
