/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "ring/fit_internal.h"
#include "vitrail/constants.h"

/* In the frame of the ellipse found so far, y = W (x - c), the ring is nearly the circle |y| = radius. Its profile
 * over all azimuths gives the peak's shape g; in each sector the pixels are fitted by
 *
 *   I = alpha g(|y|) + beta dg/dradius + base + slope |y|
 *
 * which is linear, and the ring there lies beta / alpha outside the peak. The points found so give a new ellipse; at
 * the end, when it stays, the sectors' shifts are small and the linear step is exact. */

static const vtr_parameter parameters[] = {
    {"fit-sectors", NULL, VTR_PARAMETER_SIZE, offsetof(vtr_ring_sectors_params, n_sectors), 32, 8, 256,
     .metavar = "N", .help = "sectors fit: number of azimuthal sectors, a multiple of 8"},
    {"least-visible", NULL, VTR_PARAMETER_DOUBLE, offsetof(vtr_ring_sectors_params, least_visible), 0.5, 0.05,
     1, .metavar = "PART", .help = "sectors fit: part of a sector that must be used"},
};
const vtr_parameter_table vtr_ring_sectors_parameters = {"Sectors fit", parameters,
                                                         sizeof parameters / sizeof *parameters};

enum { SECTORS_MAX = 256, PROFILE_MAX = 2048, ROUNDS = 25, SHARPENING_ROUNDS = 5 };
static const double least_sectors = 0.4, significant = 5, poor_chi2 = 10;
/* Sectors' heights scatter about the ring's by no more than this; a faint sector's own is not trusted more. */
static const double height_scatter = 0.3;

typedef struct sector {
    double normal[4][4], right[4];
    double n, east, south; /* pixels; their mean direction */
    double radius_px, sigma_px;
    bool is_good;
} sector;

typedef struct fitter {
    const vtr_ring_frame *frame;
    size_t n_sectors;
    double least_visible;
    double gain, read_squared, offset;
    vtr_box box;
    vtr_ring_ellipse ellipse;
    vtr_ring_peak peak;
    sector sectors[SECTORS_MAX];
} fitter;

/* Radius |W (x - c)| and unit direction of pixel (x, y); false outside the annulus. */
static bool locate(const fitter *f, size_t x, size_t y, double *radius, double *east, double *south)
{
    const vtr_ring_ellipse *e = &f->ellipse;
    double u = (double)x - e->centre_x_px, v = (double)y - e->centre_y_px;
    *east = e->wxx * u + e->wxy * v;
    *south = e->wxy * u + e->wyy * v;
    double r2 = *east * *east + *south * *south, lo = f->frame->annulus_px[0], hi = f->frame->annulus_px[1];
    if (r2 < lo * lo || r2 > hi * hi || r2 == 0) return false;
    *radius = sqrt(r2);
    *east /= *radius;
    *south /= *radius;
    return true;
}

/* Variance of a pixel that expects this much; never less than that of a hundredth of the ring. */
static double variance_of(const fitter *f, double expected, double floor)
{
    return f->read_squared + f->gain * fmax(expected, floor);
}

/* The profile over all azimuths in steps of a fifth of a pixel, fitted by one peak. */
static bool fit_profile(fitter *f)
{
    double n[PROFILE_MAX] = {0}, radius[PROFILE_MAX] = {0}, value[PROFILE_MAX] = {0}, weight[PROFILE_MAX];
    double lo = f->frame->annulus_px[0], span = f->frame->annulus_px[1] - lo;
    size_t n_bins = (size_t)fmin(fmax(ceil(5 * span), 12), PROFILE_MAX), kept = 0;
    for (size_t y = f->box.y0; y < f->box.y1; y++) {
        for (size_t x = f->box.x0; x < f->box.x1; x++) {
            size_t p = y * f->frame->det_x + x;
            double r, east, south;
            if (!vtr_ring_is_used(f->frame, p) || !locate(f, x, y, &r, &east, &south)) continue;
            size_t bin = (size_t)((r - lo) / span * (double)n_bins);
            if (bin >= n_bins) bin = n_bins - 1;
            n[bin]++;
            radius[bin] += r;
            value[bin] += (double)f->frame->frame[p] - f->offset;
        }
    }
    double largest = 0;
    for (size_t i = 0; i < n_bins; i++) {
        if (n[i] == 0) continue;
        radius[kept] = radius[i] / n[i];
        value[kept] = value[i] / n[i];
        n[kept] = n[i];
        largest = fmax(largest, value[kept++]);
    }
    if (!(largest > 0)) return false;
    /* twice: with the variance of a flat profile, then of the one fitted */
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < kept; i++) {
            double derivative, expected = largest;
            if (round > 0)
                expected = f->peak.height * vtr_ring_peak_shape(&derivative, &f->peak, radius[i]) +
                           f->peak.base + f->peak.slope * (radius[i] - f->peak.middle_px);
            weight[i] = n[i] / variance_of(f, expected, 0.01 * largest);
        }
        if (!vtr_ring_peak_fit(&f->peak, radius, value, weight, kept)) return false;
    }
    return true;
}

static void add_pixel(fitter *f, double value, double radius, double east, double south)
{
    double derivative, shape = vtr_ring_peak_shape(&derivative, &f->peak, radius);
    double t = radius - f->peak.middle_px;
    double expected = f->peak.height * shape + f->peak.base + f->peak.slope * t;
    double weight = 1 / variance_of(f, expected, 0.01 * (f->peak.height + fmax(f->peak.base, 0)));
    double basis[4] = {shape, derivative, 1, t};
    double turn = atan2(south, east) / (2 * VTR_PI);
    sector *s = &f->sectors[(size_t)((turn + 1) * (double)f->n_sectors + 0.5) % f->n_sectors];
    s->n++;
    s->east += weight * derivative * derivative * east;
    s->south += weight * derivative * derivative * south;
    for (int j = 0; j < 4; j++) {
        s->right[j] += weight * basis[j] * value;
        for (int k = 0; k < 4; k++)
            s->normal[j][k] += weight * basis[j] * basis[k];
    }
}

/* Where the ring lies in one sector. The height is that of the sector, drawn to the ring's by its own error. */
static void solve_sector(sector *s, const vtr_ring_peak *peak, double expected_pixels, double least_visible)
{
    double inverse[4][4], solution[4] = {0};
    s->is_good = false;
    if (s->n < least_visible * expected_pixels || s->n < 8) return;
    if (!vtr_ellipse_invert(&inverse[0][0], &s->normal[0][0], 4)) return;
    for (int j = 0; j < 4; j++)
        for (int k = 0; k < 4; k++)
            solution[j] += inverse[j][k] * s->right[k];
    double own = 1 / inverse[0][0], drawn = 1 / pow(height_scatter * peak->height, 2);
    double height = (own * solution[0] + drawn * peak->height) / (own + drawn);
    double shift = solution[1] / height;
    s->radius_px = peak->radius_px + shift;
    s->sigma_px = sqrt(inverse[1][1]) / height;
    s->is_good = height > 0.1 * peak->height && fabs(shift) < 3 * peak->width_px;
}

static void fit_sectors(fitter *f)
{
    memset(f->sectors, 0, f->n_sectors * sizeof *f->sectors);
    for (size_t y = f->box.y0; y < f->box.y1; y++) {
        for (size_t x = f->box.x0; x < f->box.x1; x++) {
            size_t p = y * f->frame->det_x + x;
            double radius, east, south;
            if (!vtr_ring_is_used(f->frame, p) || !locate(f, x, y, &radius, &east, &south)) continue;
            add_pixel(f, (double)f->frame->frame[p] - f->offset, radius, east, south);
        }
    }
    double lo = f->frame->annulus_px[0], hi = f->frame->annulus_px[1];
    double det = f->ellipse.wxx * f->ellipse.wyy - f->ellipse.wxy * f->ellipse.wxy;
    double expected = VTR_PI * (hi * hi - lo * lo) / det / (double)f->n_sectors;
    for (size_t i = 0; i < f->n_sectors; i++)
        solve_sector(&f->sectors[i], &f->peak, expected, f->least_visible);
}

/* Point of the ring in px of the pattern: c + W^-1 (radius * direction). */
static void point_of(const vtr_ring_ellipse *e, const sector *s, double *x, double *y)
{
    double norm = hypot(s->east, s->south), det = e->wxx * e->wyy - e->wxy * e->wxy;
    double east = s->radius_px * s->east / norm, south = s->radius_px * s->south / norm;
    *x = e->centre_x_px + (e->wyy * east - e->wxy * south) / det;
    *y = e->centre_y_px + (e->wxx * south - e->wxy * east) / det;
}

/* Gauss-Newton on |W (x_s - c)| = radius over the good sectors; covariance and chi2 with it. */
static bool fit_points(vtr_ring_ellipse *ellipse, const fitter *f)
{
    enum { N = VTR_ELLIPSE_N };
    vtr_ring_ellipse next = *ellipse;
    for (int round = 0; round < 5; round++) {
        double normal[N][N] = {{0}}, right[N] = {0}, step[N] = {0}, chi2 = 0;
        size_t n = 0;
        for (size_t i = 0; i < f->n_sectors; i++) {
            const sector *s = &f->sectors[i];
            if (!s->is_good) continue;
            double x, y, gradient[N];
            point_of(&f->ellipse, s, &x, &y);
            double rest = f->frame->radius_px - vtr_ellipse_gradient(gradient, &next, x, y);
            double weight = 1 / (s->sigma_px * s->sigma_px);
            chi2 += weight * rest * rest;
            n++;
            for (int j = 0; j < N; j++) {
                right[j] += weight * gradient[j] * rest;
                for (int k = 0; k < N; k++)
                    normal[j][k] += weight * gradient[j] * gradient[k];
            }
        }
        if (n <= N || !vtr_ellipse_invert(&next.covariance[0][0], &normal[0][0], N)) return false;
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++)
                step[j] += next.covariance[j][k] * right[k];
        next.centre_x_px += step[VTR_ELLIPSE_CX];
        next.centre_y_px += step[VTR_ELLIPSE_CY];
        next.wxx += step[VTR_ELLIPSE_WXX];
        next.wyy += step[VTR_ELLIPSE_WYY];
        next.wxy += step[VTR_ELLIPSE_WXY];
        next.chi2 = chi2 / (double)(n - N);
        if (!(next.wxx > 0 && next.wxx * next.wyy > next.wxy * next.wxy)) return false;
    }
    *ellipse = next;
    return true;
}

static void sort_values(double *values, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double value = values[i];
        size_t k = i;
        for (; k > 0 && values[k - 1] > value; k--)
            values[k] = values[k - 1];
        values[k] = value;
    }
}

/* Leaves out sectors five times farther from the ellipse than the others are (a reflection, the rim of a stop);
 * returns how many are left. */
static size_t drop_outliers(fitter *f, const vtr_ring_ellipse *ellipse)
{
    double pulls[SECTORS_MAX], sorted[SECTORS_MAX];
    size_t n = 0, left = 0;
    for (size_t i = 0; i < f->n_sectors; i++) {
        if (!f->sectors[i].is_good) continue;
        double x, y;
        point_of(&f->ellipse, &f->sectors[i], &x, &y);
        pulls[i] = fabs(vtr_ellipse_radius(ellipse, x, y) - f->frame->radius_px) / f->sectors[i].sigma_px;
        sorted[n++] = pulls[i];
    }
    if (n == 0) return 0;
    sort_values(sorted, n);
    double limit = 5 * fmax(1, 1.4826 * sorted[n / 2]);
    for (size_t i = 0; i < f->n_sectors; i++) {
        f->sectors[i].is_good = f->sectors[i].is_good && pulls[i] <= limit;
        left += f->sectors[i].is_good;
    }
    return left;
}

/* Largest movement of the ring between two ellipses, px. */
static double movement(const vtr_ring_ellipse *a, const vtr_ring_ellipse *b, double radius_px)
{
    double turn = fabs(a->wxx - b->wxx) + fabs(a->wyy - b->wyy) + fabs(a->wxy - b->wxy);
    return radius_px * turn + hypot(a->centre_x_px - b->centre_x_px, a->centre_y_px - b->centre_y_px);
}

/* One round: profile (while it still sharpens), sectors, ellipse. Returns 0 or the flag that ends the fit. */
static uint32_t one_round(fitter *f, vtr_ring_ellipse *next, int round)
{
    if (round < SHARPENING_ROUNDS && !fit_profile(f)) return VTR_FLAG_NO_RING;
    fit_sectors(f);
    *next = f->ellipse;
    size_t least = (size_t)ceil(least_sectors * (double)f->n_sectors);
    if (drop_outliers(f, next) < least) return VTR_FLAG_FEW_PIXELS; /* of those far off at once */
    if (!fit_points(next, f)) return VTR_FLAG_FEW_PIXELS;
    if (drop_outliers(f, next) < least) return VTR_FLAG_FEW_PIXELS;
    if (!fit_points(next, f)) return VTR_FLAG_FEW_PIXELS;
    return vtr_ellipse_check_range(next, f->frame);
}

/* Halfway to the next ellipse: ends a swing between two, when pixels near a border change sides each round. */
static vtr_ring_ellipse halfway(const vtr_ring_ellipse *from, const vtr_ring_ellipse *next)
{
    vtr_ring_ellipse e = *next;
    e.centre_x_px = 0.5 * (from->centre_x_px + next->centre_x_px);
    e.centre_y_px = 0.5 * (from->centre_y_px + next->centre_y_px);
    e.wxx = 0.5 * (from->wxx + next->wxx);
    e.wyy = 0.5 * (from->wyy + next->wyy);
    e.wxy = 0.5 * (from->wxy + next->wxy);
    return e;
}

static uint32_t iterate(fitter *f)
{
    double moved = INFINITY, sigma = 0;
    for (int round = 0; round < ROUNDS && moved > 1e-7; round++) {
        vtr_ring_ellipse next;
        uint32_t flags = one_round(f, &next, round);
        if (flags) return flags;
        moved = movement(&next, &f->ellipse, f->frame->radius_px);
        sigma = sqrt(next.covariance[VTR_ELLIPSE_CX][VTR_ELLIPSE_CX]);
        f->ellipse = round < SHARPENING_ROUNDS ? next : halfway(&f->ellipse, &next);
    }
    if (!(f->peak.height > significant * f->peak.height_error)) return VTR_FLAG_NO_RING;
    return moved < fmax(1e-3, 0.3 * sigma) ? 0 : VTR_FLAG_NOT_CONVERGED;
}

void vtr_ring_fit_sectors_from(vtr_ring_ellipse *out, const vtr_ring_frame *frame,
                               const vtr_ring_sectors_params *params, const vtr_ring_ellipse *start)
{
    const vtr_noise *noise = &frame->noise;
    double span = frame->annulus_px[1] - frame->annulus_px[0];
    fitter f = {.frame = frame,
                .n_sectors = params->n_sectors,
                .least_visible = params->least_visible,
                .gain = noise->gain > 0 ? noise->gain : 1,
                .read_squared = noise->read_noise * noise->read_noise,
                .offset = noise->offset,
                .ellipse = *start};
    f.box = vtr_ring_annulus_box(frame, fmax(0.5 * span, 0.1 * frame->annulus_px[1]));
    uint32_t flags = iterate(&f);
    if (flags) {
        vtr_ring_ellipse_none(out, flags);
        return;
    }
    *out = f.ellipse;
    out->amplitude = f.peak.height;
    out->flags = out->chi2 > poor_chi2 ? VTR_FLAG_POOR_FIT : 0;
    double inflation = fmax(1, out->chi2);
    for (int j = 0; j < VTR_ELLIPSE_N; j++)
        for (int k = 0; k < VTR_ELLIPSE_N; k++)
            out->covariance[j][k] *= inflation;
}

vtr_status vtr_ring_fit_sectors(vtr_ring_ellipse *out, const vtr_ring_frame *frame,
                                const vtr_ring_sectors_params *params, vtr_ring_scratch *scratch,
                                vtr_error *err)
{
    vtr_ring_sectors_params p;
    vtr_parameters_default(&vtr_ring_sectors_parameters, &p);
    if (params) p = *params;
    vtr_status status = vtr_ring_check_frame(frame, scratch, err);
    if (status) return status;
    if (p.n_sectors < 8 || p.n_sectors % 8 != 0 || p.n_sectors > SECTORS_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu sectors: give a multiple of 8 up to %d", p.n_sectors,
                        SECTORS_MAX);
    uint32_t flags = vtr_ring_check_data(frame);
    if (flags) {
        vtr_ring_ellipse_none(out, flags);
        return VTR_OK;
    }
    vtr_ring_ellipse start = {
        .centre_x_px = frame->centre_x_px, .centre_y_px = frame->centre_y_px, .wxx = 1, .wyy = 1};
    vtr_ring_fit_sectors_from(out, frame, &p, &start);
    return VTR_OK;
}
