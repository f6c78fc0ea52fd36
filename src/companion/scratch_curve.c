/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "companion/scratch_internal.h"

enum { MIN_SAMPLES = 50, MIN_UNLOADED = 10 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *scratch, const double *values, size_t n)
{
    memcpy(scratch, values, n * sizeof *scratch);
    qsort(scratch, n, sizeof *scratch, ascending);
    return 0.5 * (scratch[(n - 1) / 2] + scratch[n / 2]);
}

/* Standard deviation of a normal distribution with the same median of |value - centre|. */
static double robust_deviation(double *scratch, const double *values, size_t n, double centre)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = fabs(values[i] - centre);
    qsort(scratch, n, sizeof *scratch, ascending);
    return 1.4826 * 0.5 * (scratch[(n - 1) / 2] + scratch[n / 2]);
}

static double mean_of(const double *values, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += values[i];
    return sum / (double)(to - from);
}

/* --- the load ----------------------------------------------------------------------------------------------- */

/* Contact: from the first to the last sample above half of the load, which is the median of those above a twentieth of the
 * largest. */
static vtr_status find_contact(vtr_scratch_friction *f, const vtr_scratch_curve *curve, double *scratch,
                               vtr_error *err)
{
    double largest = 0;
    size_t worst = 0, n = 0;
    for (size_t i = 0; i < curve->n; i++) {
        largest = fmax(largest, fabs(curve->load_mn[i]));
        if (curve->load_mn[i] < curve->load_mn[worst]) worst = i;
    }
    if (curve->n > 0 && curve->load_mn[worst] < -0.05 * largest)
        return vtr_fail(err, VTR_ERR_RANGE,
                        "the normal load is negative: %.4g mN at sample %zu; loads are to be positive",
                        curve->load_mn[worst], worst + 1);
    for (size_t i = 0; i < curve->n; i++)
        if (curve->load_mn[i] > 0.05 * largest) scratch[n++] = curve->load_mn[i];
    if (n < MIN_SAMPLES)
        return vtr_fail(err, VTR_ERR_NO_DATA, "%zu samples under load; %d are needed", n, MIN_SAMPLES);
    qsort(scratch, n, sizeof *scratch, ascending);
    double half = 0.5 * scratch[n / 2];
    size_t first = 0, end = curve->n;
    while (curve->load_mn[first] <= half)
        first++;
    while (curve->load_mn[end - 1] <= half)
        end--;
    if (end - first < MIN_SAMPLES)
        return vtr_fail(err, VTR_ERR_NO_DATA, "%zu samples in contact; %d are needed", end - first,
                        MIN_SAMPLES);
    f->contact[0] = first;
    f->contact[1] = end;
    return VTR_OK;
}

static bool is_unloaded(const vtr_scratch_curve *curve, const vtr_scratch_friction *f, size_t i, double load)
{
    return (i < f->contact[0] || i >= f->contact[1]) && curve->load_mn[i] < 0.05 * load;
}

/* The zero of the lateral force: a straight line through the unloaded samples where both ends have some, else their mean.
 * Returns its standard deviation over the contact. */
static double subtract_zero(vtr_scratch_friction *f, const vtr_scratch_curve *curve, double *force)
{
    double load = mean_of(curve->load_mn, f->contact[0], f->contact[1]);
    double x = 0, y = 0, xx = 0, xy = 0, rest = 0;
    double centre = mean_of(curve->distance_um, f->contact[0], f->contact[1]);
    size_t n[2] = {0, 0};
    for (size_t i = 0; i < curve->n; i++) {
        if (!is_unloaded(curve, f, i, load)) continue;
        n[i >= f->contact[1]]++;
        x += curve->distance_um[i] - centre;
        y += curve->lateral_mn[i];
    }
    double all = (double)(n[0] + n[1]);
    if (n[0] + n[1] < MIN_UNLOADED) return 0;
    x /= all;
    y /= all;
    for (size_t i = 0; i < curve->n; i++) {
        double off = curve->distance_um[i] - centre - x;
        if (!is_unloaded(curve, f, i, load)) continue;
        xx += off * off;
        xy += off * (curve->lateral_mn[i] - y);
    }
    bool has_both = n[0] >= MIN_UNLOADED && n[1] >= MIN_UNLOADED && xx > 0;
    f->zero_drift_mn_per_um = has_both ? xy / xx : 0;
    f->zero_mn = y - f->zero_drift_mn_per_um * x; /* at the middle of the contact */
    for (size_t i = 0; i < curve->n; i++) {
        double zero = f->zero_mn + f->zero_drift_mn_per_um * (curve->distance_um[i] - centre);
        double off = curve->lateral_mn[i] - zero;
        force[i] = off;
        if (is_unloaded(curve, f, i, load)) rest += off * off;
    }
    double variance = rest / (all - 1);
    return sqrt(variance / all + (has_both ? variance * x * x / xx : 0));
}

/* --- the regions -------------------------------------------------------------------------------------------- */

static void running_median(double *out, const double *values, size_t n, size_t half, double *scratch)
{
    for (size_t i = 0; i < n; i++) {
        size_t reach = i < half ? i : half;
        if (reach > n - 1 - i) reach = n - 1 - i;
        out[i] = median_of(scratch, values + i - reach, 2 * reach + 1);
    }
}

/* The level is the median of the second half of the contact. Static: from contact to the highest point of the first excursion
 * above the level. Kinetic: from where this excursion has ended, and as long again, to the end. */
static void find_regions(vtr_scratch_friction *f, const double *force, double *smooth, double *scratch)
{
    size_t first = f->contact[0], n = f->contact[1] - first, half = n / 2;
    double level = median_of(scratch, force + first + half, n - half);
    double deviation = robust_deviation(scratch, force + first + half, n - half, level);
    running_median(smooth, force + first, n, n / 400 > 2 ? n / 400 : 2, scratch);
    size_t rise = 0, peak, end;
    while (rise < half && smooth[rise] < level)
        rise++;
    peak = end = rise;
    for (; end < half && smooth[end] >= level; end++)
        if (smooth[end] > smooth[peak]) peak = end;
    size_t begin = end + (end - rise) < half ? end + (end - rise) : half;
    f->peak = first + peak;
    f->peak_lateral_mn = smooth[peak];
    f->peak_excess = deviation > 0 ? (smooth[peak] - level) / deviation : 0;
    f->kinetic[0] = first + begin;
    f->kinetic[1] = f->contact[1];
}

/* --- what they give ----------------------------------------------------------------------------------------- */

static vtr_status check_load(const vtr_scratch_friction *f, const vtr_scratch_curve *curve, vtr_error *err)
{
    size_t quarter = (f->kinetic[1] - f->kinetic[0]) / 4;
    double from = mean_of(curve->load_mn, f->kinetic[0], f->kinetic[0] + quarter);
    double to = mean_of(curve->load_mn, f->kinetic[1] - quarter, f->kinetic[1]);
    if (fabs(to - from) < 0.1 * (to + from)) return VTR_OK;
    return vtr_fail(err, VTR_ERR_RANGE,
                    "the normal load goes from %.4g to %.4g mN; tracks at constant load are needed", from,
                    to);
}

static void set_coefficients(vtr_scratch_friction *f, const vtr_scratch_curve *curve, const double *force,
                             double zero_error)
{
    size_t n = f->kinetic[1] - f->kinetic[0];
    double variance = 0, step = (curve->distance_um[f->kinetic[1] - 1] - curve->distance_um[f->kinetic[0]]) /
                                (double)(n - 1);
    double period = step > 0 ? f->stick_slip_um / step : NAN;
    f->load_mn = mean_of(curve->load_mn, f->kinetic[0], f->kinetic[1]);
    f->load_error_mn = vtr_scratch_mean_error(curve->load_mn + f->kinetic[0], n, NAN);
    f->lateral_mn = mean_of(force, f->kinetic[0], f->kinetic[1]);
    double own = vtr_scratch_mean_error(force + f->kinetic[0], n, period);
    f->lateral_error_mn = hypot(own, zero_error);
    for (size_t i = f->kinetic[0]; i < f->kinetic[1]; i++)
        variance += (force[i] - f->lateral_mn) * (force[i] - f->lateral_mn) / (double)(n - 1);
    f->n_effective = own > 0 ? variance / (own * own) : (double)n;
    f->kinetic_coefficient = f->lateral_mn / f->load_mn;
    double load_part = f->load_error_mn / f->load_mn;
    f->kinetic_error = hypot(f->lateral_error_mn / f->load_mn, f->kinetic_coefficient * load_part);
    f->static_coefficient = f->peak_lateral_mn / f->load_mn;
}

/* The peak is a median of a few samples; what neighbouring samples differ by is their noise. */
static void set_static_error(vtr_scratch_friction *f, const double *force, double zero_error)
{
    size_t n = f->contact[1] - f->contact[0], half = n / 400 > 2 ? n / 400 : 2;
    double square = 0;
    for (size_t i = f->kinetic[0] + 1; i < f->kinetic[1]; i++)
        square += 0.5 * (force[i] - force[i - 1]) * (force[i] - force[i - 1]);
    double variance = square / (double)(f->kinetic[1] - f->kinetic[0] - 1);
    /* the variance of a median is pi/2 of that of the mean */
    double own = sqrt(1.5707963 * variance / (double)(2 * half + 1));
    f->static_error =
        hypot(hypot(own, zero_error) / f->load_mn, f->static_coefficient * f->load_error_mn / f->load_mn);
}

vtr_status vtr_scratch_analyse_curve(vtr_scratch_friction *out, const vtr_scratch_curve *curve,
                                     vtr_error *err)
{
    vtr_scratch_friction f = {0};
    double *memory = vtr_malloc(3 * curve->n, sizeof *memory);
    if (memory == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a scratch curve");
    double *force = memory, *smooth = memory + curve->n, *scratch = memory + 2 * curve->n;
    vtr_status status = find_contact(&f, curve, scratch, err);
    if (status == VTR_OK) {
        memcpy(force, curve->lateral_mn, curve->n * sizeof *force);
        double zero_error = subtract_zero(&f, curve, force);
        find_regions(&f, force, smooth, scratch);
        status = check_load(&f, curve, err);
        if (status == VTR_OK)
            status = vtr_scratch_find_stick_slip(&f, curve->distance_um + f.kinetic[0], force + f.kinetic[0],
                                                 f.kinetic[1] - f.kinetic[0], err);
        if (status == VTR_OK) {
            set_coefficients(&f, curve, force, zero_error);
            set_static_error(&f, force, zero_error);
            *out = f;
        }
    }
    vtr_free(memory);
    return status;
}
