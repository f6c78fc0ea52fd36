/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peaks of the components. A sharp end of the range makes ripples in G, and among them a shoulder, which is known by its
 * second derivative, is lost. So where the PDFs have no window, second peak and shoulder are read off with Lorch's,
 * sin(pi Q/qmax)/(pi Q/qmax): as G holds nothing beyond qmax, that is its mean over pi/qmax to either side (E. Lorch, J. Phys.
 * C 2, 229, 1969). The first peak is read off without, so that it is not widened. */
#include <cblas.h>

#include "unmix/phases_internal.h"
#include "vitrail/constants.h"

static vtr_unmix_pdf pdf_of(const phases_job *job, size_t j)
{
    const vtr_phases *r = job->result;
    const vtr_pdf_params *params = vtr_pdf_positions_params(job->positions);
    const vtr_pdf_normalisation *n = vtr_pdf_plan_normalisation(vtr_pdf_positions_plan(job->positions));
    const double *errors = r->component_errors + j * r->n_r;
    return (vtr_unmix_pdf){.n_r = r->n_r,
                           .r = r->r,
                           .G = r->components + j * r->n_r,
                           .errors = isfinite(errors[r->n_r - 1]) ? errors : NULL,
                           .qmin = params->extrapolate ? 0 : n->qmin,
                           .qmax = n->qmax,
                           .window = params->window,
                           .window_width = params->window_width,
                           .density = n->density};
}

/* --- Lorch's window -------------------------------------------------------------------------------------------- */

/* The integral from r[0] to x of straight lines between the points, `before` [n] those up to the points; *at is where the
 * search begins. */
static double integral(const double *r, const double *y, size_t stride, const double *before, size_t n,
                       double x, size_t *at)
{
    while (*at + 2 < n && r[*at + 1] < x)
        ++*at;
    double left = y[*at * stride], slope = (y[(*at + 1) * stride] - left) / (r[*at + 1] - r[*at]),
           step = x - r[*at];
    return before[*at] + step * (left + slope * step / 2);
}

/* to[i stride]: means of y over `half` to either side, as far as there are points; what is NAN stays so. */
static void average(double *to, const double *y, size_t stride, size_t n_r, const double *r, double half,
                    double *before)
{
    size_t first = 0, n, low = 0, high = 0;
    while (first < n_r && !isfinite(y[first * stride]))
        first++;
    for (n = 0; first + n < n_r && isfinite(y[(first + n) * stride]);)
        n++;
    for (size_t i = 0; i < n_r; i++)
        to[i * stride] = y[i * stride];
    if (n < 2) return;
    r += first;
    y += first * stride;
    before[0] = 0;
    for (size_t i = 1; i < n; i++)
        before[i] = before[i - 1] + (r[i] - r[i - 1]) * (y[i * stride] + y[(i - 1) * stride]) / 2;
    for (size_t i = 0; i < n; i++) {
        double a = fmax(r[i] - half, r[0]), b = fmin(r[i] + half, r[n - 1]);
        to[(first + i) * stride] =
            (integral(r, y, stride, before, n, b, &high) - integral(r, y, stride, before, n, a, &low)) /
            (b - a);
    }
}

/* Components, their errors and limits through the window; [k][n_r] each. */
typedef struct windowed {
    double *components, *errors, *low, *high;
    double *noise;  /* [n_r][n_q] */
    double *before; /* [n_r] */
} windowed;

static void windowed_free(windowed *w)
{
    vtr_free(w->components);
    vtr_free(w->errors);
    vtr_free(w->low);
    vtr_free(w->high);
    vtr_free(w->noise);
    vtr_free(w->before);
}

static vtr_status window_all(windowed *w, const phases_job *job, double half, vtr_error *err)
{
    const vtr_phases *p = job->result;
    size_t n_r = job->n_r, n_q = job->n_q, size = p->n_components * n_r;
    bool has_memory = (w->components = vtr_malloc(size, sizeof(double))) != NULL;
    has_memory &= (w->errors = vtr_malloc(size, sizeof(double))) != NULL;
    has_memory &= (w->low = vtr_malloc(size, sizeof(double))) != NULL;
    has_memory &= (w->high = vtr_malloc(size, sizeof(double))) != NULL;
    has_memory &= (w->noise = vtr_malloc(n_r * n_q, sizeof(double))) != NULL;
    has_memory &= (w->before = vtr_malloc(n_r, sizeof(double))) != NULL;
    if (!has_memory) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the window of the components");
    for (size_t q = 0; q < n_q; q++)
        average(w->noise + q, job->noise + q, n_q, n_r, p->r, half, w->before);
    for (size_t j = 0; j < p->n_components; j++) {
        size_t row = j * n_r;
        average(w->components + row, p->components + row, 1, n_r, p->r, half, w->before);
        average(w->low + row, p->component_low + row, 1, n_r, p->r, half, w->before);
        average(w->high + row, p->component_high + row, 1, n_r, p->r, half, w->before);
        for (size_t i = 0; i < n_r; i++) {
            double own = cblas_dnrm2((int)n_q, job->noise + i * n_q, 1);
            double now = cblas_dnrm2((int)n_q, w->noise + i * n_q, 1);
            w->errors[row + i] = p->component_errors[row + i] * (own > 0 ? now / own : 1);
        }
    }
    return VTR_OK;
}

/* --- peaks ----------------------------------------------------------------------------------------------------- */

/* NOT_FOUND leaves the peaks without a first one. References need not cover all distances. */
static vtr_status read(vtr_unmix_peaks *peaks, const phases_job *job, const vtr_unmix_pdf *pdf,
                       const vtr_simplex_result *over_r, size_t j, vtr_error *err)
{
    bool is_reference = job->result->params.method == VTR_PHASES_MLLS;
    vtr_status status = vtr_unmix_peaks_read(peaks, pdf, err);
    if (status == VTR_ERR_NOT_FOUND || (status == VTR_ERR_ARGUMENT && is_reference)) {
        *peaks = (vtr_unmix_peaks){.first = {.position = NAN}};
        return VTR_OK;
    }
    if (status == VTR_OK && isfinite(over_r->component_low[j * pdf->n_r]))
        status = vtr_unmix_peaks_range(peaks, pdf, over_r, j, false, err);
    return status;
}

static vtr_simplex_result over_r_of(const vtr_phases *r)
{
    return (vtr_simplex_result){.n_components = r->n_components,
                                .n_channels = r->n_r,
                                .components = r->components,
                                .component_low = r->component_low,
                                .component_high = r->component_high};
}

/* Second peaks and shoulders in place of those that were read off without a window. */
static vtr_status read_windowed(phases_job *job, double half, vtr_error *err)
{
    vtr_phases *r = job->result;
    windowed w = {0};
    vtr_simplex_result over_r = over_r_of(r);
    vtr_status status = window_all(&w, job, half, err);
    over_r.components = w.components;
    over_r.component_low = w.low;
    over_r.component_high = w.high;
    for (size_t j = 0; status == VTR_OK && j < r->n_components; j++) {
        vtr_unmix_pdf pdf = r->pdfs[j];
        vtr_unmix_peaks peaks;
        pdf.G = w.components + j * r->n_r;
        if (pdf.errors != NULL) pdf.errors = w.errors + j * r->n_r;
        pdf.window = VTR_PDF_WINDOW_LORCH;
        status = read(&peaks, job, &pdf, &over_r, j, err);
        if (status != VTR_OK || !isfinite(peaks.first.position)) continue;
        r->peaks[j].second = peaks.second;
        r->peaks[j].has_second = peaks.has_second;
        r->peaks[j].shoulder = peaks.shoulder;
        r->peaks[j].has_shoulder = peaks.has_shoulder;
    }
    windowed_free(&w);
    return status;
}

vtr_status vtr_phases_peaks(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    const vtr_simplex_result over_r = over_r_of(r);
    vtr_status status = VTR_OK;
    for (size_t j = 0; status == VTR_OK && j < r->n_components; j++) {
        r->pdfs[j] = pdf_of(job, j);
        status = read(&r->peaks[j], job, &r->pdfs[j], &over_r, j, err);
    }
    r->is_windowed = status == VTR_OK && r->pdfs[0].window == VTR_PDF_WINDOW_NONE && r->pdfs[0].qmax > 0;
    return r->is_windowed ? read_windowed(job, VTR_PI / r->pdfs[0].qmax, err) : status;
}
