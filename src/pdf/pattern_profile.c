/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/pdf_pattern.h"
#include "vitrail/polar.h"

enum { SECTORS = 16, PAIRS = SECTORS / 2, MAX_LAG = 12 };
/* Rings to either side over which the scatter is averaged: seven degrees of freedom a ring are few. */
static const size_t smoothing = 8;

typedef struct rings {
    size_t n;
    double (*pixels)[PAIRS],
        (*deviation)[PAIRS]; /* [n]: pixels of a pair of sectors, its mean less the ring's */
    double *scatter;         /* [n] variance of the mean times the ring's pixels */
} rings;

static double corner_radius(const vtr_calibration *c)
{
    double farthest = 0;
    for (int corner = 0; corner < 4; corner++) {
        double x = (corner & 1 ? (double)c->det_x - 1 : 0) - c->centre_x_px;
        double y = (corner & 2 ? (double)c->det_y - 1 : 0) - c->centre_y_px;
        farthest = fmax(farthest, hypot(c->wxx * x + c->wxy * y, c->wxy * x + c->wyy * y));
    }
    return farthest;
}

static vtr_status make_plan(vtr_polar_plan **plan, const vtr_calibration *c, vtr_error *err)
{
    size_t n = c->det_y * c->det_x;
    unsigned char *used = vtr_malloc(n, 1);
    if (used == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask");
    for (size_t i = 0; i < n; i++)
        used[i] = c->mask[i] == 0;
    vtr_polar_geometry geometry = vtr_polar_default_geometry(c->det_y, c->det_x);
    geometry.used = used;
    geometry.centre_x_px = c->centre_x_px;
    geometry.centre_y_px = c->centre_y_px;
    geometry.wxx = c->wxx;
    geometry.wyy = c->wyy;
    geometry.wxy = c->wxy;
    geometry.n_sectors = SECTORS;
    geometry.n_r = (size_t)corner_radius(c) + 1;
    vtr_status status = vtr_polar_plan_create(plan, &geometry, err);
    vtr_free(used);
    return status;
}

static vtr_status bin_pattern(double **sums, const vtr_polar_plan *plan, vtr_dataset *dataset, vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    vtr_polar_batch *batch = NULL;
    float *frame = vtr_malloc(info->shape[2] * info->shape[3], sizeof *frame);
    double *all = vtr_calloc((plan->n_bins + 1) * VTR_LANES, sizeof *all);
    vtr_status status = frame == NULL || all == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the pattern")
                            : vtr_dataset_read_f32(dataset, 0, 1, frame, err);
    if (status == VTR_OK) status = vtr_polar_batch_create(&batch, err);
    const void *frames[VTR_LANES] = {frame};
    if (status == VTR_OK) status = vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, err);
    if (status == VTR_OK) vtr_polar_batch_exact(batch, all);
    vtr_polar_batch_free(&batch);
    vtr_free(frame);
    if (status != VTR_OK)
        vtr_free(all);
    else
        *sums = all;
    return status;
}

/* Mean of one ring, and how its pairs of opposite sectors lie about it. */
static void average_ring(vtr_pattern_profile *p, rings *s, size_t r, const vtr_polar_plan *plan,
                         const double *sums, const vtr_calibration *c)
{
    double sum[PAIRS] = {0}, total = 0, n = 0, radius = 0;
    for (size_t sector = 0; sector < SECTORS; sector++) {
        size_t bin = r * SECTORS + sector;
        double pixels = plan->n_pixels[bin];
        if (!(pixels > 0)) continue;
        s->pixels[r][sector % PAIRS] += pixels;
        sum[sector % PAIRS] += sums[bin * VTR_LANES];
        radius += pixels * plan->radius_px[bin];
        n += pixels;
        total += sums[bin * VTR_LANES];
    }
    p->n_pixels[r] = n;
    p->k[r] = (n > 0 ? radius / n : (double)r + 0.5) * c->k_step_inv_angstrom;
    p->intensity[r] = n > 0 ? total / n - c->noise.offset : NAN;
    size_t pairs = 0;
    double squares = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        s->deviation[r][i] =
            s->pixels[r][i] > 0 ? (sum[i] - total / n * s->pixels[r][i]) / s->pixels[r][i] : NAN;
        if (!(s->pixels[r][i] > 0)) continue;
        squares += pow(s->pixels[r][i] / n * s->deviation[r][i], 2);
        pairs++;
    }
    s->scatter[r] = pairs > 1 ? n * squares * (double)pairs / (double)(pairs - 1) : NAN;
}

/* The scatter over the ring's mean varies slowly with the radius, whether it comes from counts or from speckle. */
static void smooth_variance(vtr_pattern_profile *p, const rings *s)
{
    for (size_t r = 0; r < p->n; r++) {
        double sum = 0, weight = 0, own = fabs(p->intensity[r]);
        size_t lo = r > smoothing ? r - smoothing : 0, hi = r + smoothing < p->n ? r + smoothing : p->n - 1;
        for (size_t i = lo; i <= hi; i++) {
            double mean = fabs(p->intensity[i]);
            if (!(mean > 0) || isnan(s->scatter[i])) continue;
            sum += s->scatter[i] / mean * p->n_pixels[i];
            weight += p->n_pixels[i];
        }
        p->variance[r] = weight > 0 && p->n_pixels[r] > 0 ? sum / weight * own / p->n_pixels[r] : NAN;
    }
}

/* How alike the deviations of two rings `lag` apart are, in units of their standard deviations. */
static double correlation(const rings *s, size_t lag)
{
    double product = 0, squares = 0;
    for (size_t r = 0; r + lag < s->n; r++)
        for (size_t i = 0; i < PAIRS; i++) {
            double a = s->deviation[r][i], b = s->deviation[r + lag][i];
            if (isnan(a) || isnan(b) || !(s->scatter[r] > 0) || !(s->scatter[r + lag] > 0)) continue;
            product +=
                a * b * sqrt(s->pixels[r][i] * s->pixels[r + lag][i] / (s->scatter[r] * s->scatter[r + lag]));
            squares += 0.5 * (a * a * s->pixels[r][i] / s->scatter[r] +
                              b * b * s->pixels[r + lag][i] / s->scatter[r + lag]);
        }
    return squares > 0 ? product / squares : 0;
}

/* The sum over all lags, cut where nothing is left of it. */
static double shared_rings(const rings *s)
{
    double sum = 1;
    for (size_t lag = 1; lag <= MAX_LAG; lag++) {
        double value = correlation(s, lag);
        if (value < 0.05) break;
        sum += 2 * value;
    }
    return sum;
}

static vtr_status allocate(vtr_pattern_profile *p, rings *s, size_t n, vtr_error *err)
{
    p->n = s->n = n;
    double **arrays[] = {&p->k, &p->intensity, &p->variance, &p->n_pixels, &s->scatter};
    bool is_short = false;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        is_short |= (*arrays[i] = vtr_calloc(n, sizeof(double))) == NULL;
    s->pixels = vtr_calloc(n, sizeof *s->pixels);
    s->deviation = vtr_calloc(n, sizeof *s->deviation);
    is_short |= s->pixels == NULL || s->deviation == NULL;
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the profile of a pattern") : VTR_OK;
}

static vtr_status check(const vtr_dataset_info *info, const char *path, const vtr_calibration *c,
                        vtr_error *err)
{
    if (info->shape[0] * info->shape[1] != 1)
        return vtr_fail(
            err, VTR_ERR_SHAPE,
            "'%s' holds %zu x %zu patterns, and one is needed here; vitrail map makes a map file of them",
            path, info->shape[0], info->shape[1]);
    if (info->shape[2] != c->det_y || info->shape[3] != c->det_x)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s' is %zu x %zu px, the calibration is for %zu x %zu", path,
                        info->shape[2], info->shape[3], c->det_y, c->det_x);
    if (!(c->k_step_inv_angstrom > 0))
        return vtr_fail(
            err, VTR_ERR_NO_DATA,
            "'%s' has no k scale; give --k-step, --ring-k or the stored calibration of a standard, "
            "--k-scale",
            path);
    return VTR_OK;
}

vtr_status vtr_pattern_profile_compute(vtr_pattern_profile *out, vtr_dataset *dataset,
                                       const vtr_calibration *calibration, vtr_error *err)
{
    vtr_polar_plan *plan = NULL;
    double *sums = NULL;
    vtr_pattern_profile p = {0};
    rings s = {0};
    vtr_status status = check(vtr_dataset_get_info(dataset), vtr_dataset_path(dataset), calibration, err);
    if (status == VTR_OK) status = make_plan(&plan, calibration, err);
    if (status == VTR_OK) status = bin_pattern(&sums, plan, dataset, err);
    if (status == VTR_OK) status = allocate(&p, &s, plan->n_r, err);
    if (status == VTR_OK) {
        for (size_t r = 0; r < p.n; r++)
            average_ring(&p, &s, r, plan, sums, calibration);
        smooth_variance(&p, &s);
        p.correlation_rings = shared_rings(&s);
        for (size_t r = 0; r < p.n; r++)
            p.variance[r] *= p.correlation_rings;
        *out = p;
        p = (vtr_pattern_profile){0};
    }
    vtr_pattern_profile_release(&p);
    vtr_free(s.pixels);
    vtr_free(s.deviation);
    vtr_free(s.scatter);
    vtr_free(sums);
    vtr_polar_plan_free(&plan);
    return status;
}

/* Rings [*first, *last): the longest run of which a quarter or more is seen. */
static void well_seen(const vtr_pattern_profile *p, double k_step_inv_angstrom, size_t *first, size_t *last)
{
    const double least_seen = 0.25;
    *first = *last = 0;
    for (size_t begin = 0, r = 0; r < p->n; r++) {
        if (p->n_pixels[r] < least_seen * 2 * VTR_PI * p->k[r] / k_step_inv_angstrom) begin = r + 1;
        if (r + 1 - begin > *last - *first) *first = begin, *last = r + 1;
    }
}

vtr_status vtr_pattern_profile_to_text(vtr_profile_text *out, const vtr_pattern_profile *p,
                                       double k_step_inv_angstrom, vtr_error *err)
{
    vtr_profile_text t = {.n = p->n, .axis = VTR_PROFILE_AXIS_Q, .wavelength_angstrom = NAN};
    size_t first, last;
    t.x = vtr_calloc(p->n, sizeof *t.x);
    t.y = vtr_calloc(p->n, sizeof *t.y);
    t.error = vtr_calloc(p->n, sizeof *t.error);
    if (t.x == NULL || t.y == NULL || t.error == NULL) {
        vtr_profile_text_release(&t);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the profile of a pattern");
    }
    well_seen(p, k_step_inv_angstrom, &first, &last);
    for (size_t r = 0; r < p->n; r++) {
        t.x[r] = 2 * VTR_PI * p->k[r];
        t.y[r] = r >= first && r < last ? p->intensity[r] : NAN;
        t.error[r] = sqrt(p->variance[r]);
    }
    *out = t;
    return VTR_OK;
}

void vtr_pattern_profile_release(vtr_pattern_profile *p)
{
    vtr_free(p->k);
    vtr_free(p->intensity);
    vtr_free(p->variance);
    vtr_free(p->n_pixels);
    *p = (vtr_pattern_profile){0};
}
