/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <stdio.h>
#include <string.h>

#include "pdf/cube_internal.h"
#include "vitrail/constants.h"

/* --- numbers that are linear in F --------------------------------------------------------------------------- */

vtr_status pdf_linear_init(pdf_linear *linear, const vtr_pdf_plan *plan, const double *mean_intensity,
                           const double *weights, double offset, vtr_error *err)
{
    int n = (int)plan->n_q;
    double *f = vtr_malloc(plan->n_q, sizeof *f);
    linear->row = vtr_malloc(3 * plan->n_q, sizeof *linear->row);
    if (f == NULL || linear->row == NULL) {
        vtr_free(f);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %d points", n);
    }
    pdf_sensitivity(plan, 1, weights, linear->row);
    pdf_correlate(plan, linear->row, linear->row + n);
    pdf_correlate(plan, plan->scale.row, linear->row + 2 * n);
    linear->kin = linear->row + n;
    linear->scale_kin = linear->row + 2 * n;
    double scale = pdf_structure(plan, mean_intensity, f);
    linear->constant =
        scale * cblas_ddot(n, weights, 1, f, 1) - cblas_ddot(n, linear->row, 1, mean_intensity, 1);
    linear->offset = offset;
    vtr_free(f);
    return VTR_OK;
}

/* dX = (row - (X - offset) n) dI / N, n the row of the scale. */
void pdf_linear_value(double *value, double *error, const pdf_linear *linear, const vtr_pdf_plan *plan,
                      const float *intensity, const float *variance, double scale)
{
    double sum = linear->constant, spread = 0;
    for (size_t j = 0; j < plan->n_q; j++)
        sum += linear->row[j] * (double)intensity[j];
    double x = sum / scale;
    for (size_t j = 0; j < plan->n_q; j++) {
        double d = linear->row[j] - x * plan->scale.row[j];
        double kin = linear->kin[j] - x * linear->scale_kin[j];
        spread += d * kin * (double)variance[j];
    }
    *value = x + linear->offset;
    *error = sqrt(fmax(spread, 0)) / scale;
}

/* --- images ------------------------------------------------------------------------------------------------- */

/* Weights of the integral over [lo, hi] of a function given at x [n] with straight lines between. */
static void trapezoids(double *weights, size_t n, const double *x, double lo, double hi)
{
    memset(weights, 0, n * sizeof *weights);
    for (size_t i = 0; i + 1 < n; i++) {
        double a = fmax(lo, x[i]), b = fmin(hi, x[i + 1]), step = x[i + 1] - x[i];
        if (b <= a) continue;
        double middle = ((a + b) / 2 - x[i]) / step;
        weights[i] += (b - a) * (1 - middle);
        weights[i + 1] += (b - a) * middle;
    }
}

typedef struct image_range {
    char kind; /* 'r', 'R' or 'Q' */
    double limits[2];
} image_range;

static vtr_status parse(pdf_image *image, image_range *out, const char *text, vtr_error *err)
{
    static const vtr_parameter limits = {"image", NULL, VTR_PARAMETER_RANGE, offsetof(image_range, limits)};
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.";
    size_t n = strspn(text, allowed);
    bool is_named = n > 0 && n < sizeof image->name && text[n] == '=';
    if (!is_named || strchr("rRQ", text[n + 1]) == NULL || text[n + 1] == '\0' || text[n + 2] != ':')
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "image '%s' is not NAME=r:LO:HI (of G), NAME=R:LO:HI (atoms) or NAME=Q:LO:HI (of S)",
                        text);
    memcpy(image->name, text, n);
    image->name[n] = '\0';
    out->kind = text[n + 1];
    vtr_status status = vtr_parameters_set(&limits, out, text + n + 3, err);
    return status == VTR_OK ? VTR_OK : vtr_fail_context(err, status, "image '%s'", image->name);
}

static vtr_status check(const image_range *range, const char *name, const vtr_pdf_plan *plan, vtr_error *err)
{
    bool is_q = range->kind == 'Q';
    const double *x = is_q ? plan->q : plan->r;
    double lo = x[0], hi = x[(is_q ? plan->n_q : plan->n_r) - 1];
    if (!(range->limits[0] >= lo && range->limits[1] <= hi && range->limits[0] < range->limits[1]))
        return vtr_fail(err, VTR_ERR_RANGE, "image '%s': %g to %g %s is not within %g to %g", name,
                        range->limits[0], range->limits[1], is_q ? "1/Å" : "Å", lo, hi);
    if (!is_q && plan->params.kernel != VTR_PDF_KERNEL_SINE)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "image '%s': ranges of r need the sine kernel", name);
    if (range->kind == 'R' && !(plan->normalisation.density > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "image '%s' counts atoms and needs a density: give --density",
                        name);
    return VTR_OK;
}

/* Weights on F [n_q] of the integral, and what does not depend on F. */
static double weights_on_structure(double *weights, double *room, const image_range *range,
                                   const vtr_pdf_plan *plan)
{
    double lo = range->limits[0], hi = range->limits[1];
    if (range->kind == 'Q') { /* S = 1 + F/Q */
        trapezoids(weights, plan->n_q, plan->q, lo, hi);
        for (size_t j = 0; j < plan->n_q; j++)
            weights[j] /= plan->q[j];
        return hi - lo;
    }
    trapezoids(room, plan->n_r, plan->r, lo, hi);
    for (size_t i = 0; range->kind == 'R' && i < plan->n_r; i++) /* R = r G + 4 pi r^2 rho0 */
        room[i] *= plan->r[i];
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)plan->n_r, (int)plan->n_q, 1, plan->transform, (int)plan->n_q,
                room, 1, 0, weights, 1);
    if (range->kind == 'r') return 0;
    return 4 * VTR_PI / 3 * plan->normalisation.density * (hi * hi * hi - lo * lo * lo);
}

static void describe(pdf_image *image, const image_range *range)
{
    static const struct {
        char kind;
        const char *function, *variable, *unit;
    } kinds[] = {{'r', "G", "r", "1/angstrom"}, {'R', "R", "r", "atoms"}, {'Q', "S", "Q", "1/angstrom"}};
    for (size_t i = 0; i < 3; i++) {
        if (kinds[i].kind != range->kind) continue;
        snprintf(image->long_name, sizeof image->long_name, "integral of %s over %s from %g to %g %s",
                 kinds[i].function, kinds[i].variable, range->limits[0], range->limits[1],
                 range->kind == 'Q' ? "1/Å" : "Å");
        snprintf(image->unit, sizeof image->unit, "%s", kinds[i].unit);
    }
}

vtr_status pdf_image_init(pdf_image *image, const char *text, const vtr_pdf_plan *plan,
                          const double *mean_intensity, size_t n_positions, vtr_error *err)
{
    image_range range;
    vtr_status status = parse(image, &range, text, err);
    if (status == VTR_OK) status = check(&range, image->name, plan, err);
    if (status != VTR_OK) return status;
    describe(image, &range);
    double *weights = vtr_calloc(plan->n_q, sizeof *weights), *room = vtr_calloc(plan->n_r, sizeof *room);
    image->values = vtr_malloc(n_positions, sizeof *image->values);
    image->errors = vtr_malloc(n_positions, sizeof *image->errors);
    if (weights == NULL || room == NULL || image->values == NULL || image->errors == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for image '%s'", image->name);
    } else {
        double offset = weights_on_structure(weights, room, &range, plan);
        status = pdf_linear_init(&image->integral, plan, mean_intensity, weights, offset, err);
    }
    vtr_free(weights);
    vtr_free(room);
    return status;
}

void pdf_image_release(pdf_image *image)
{
    vtr_free(image->integral.row);
    vtr_free(image->values);
    vtr_free(image->errors);
    *image = (pdf_image){0};
}
