/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "figure/figure_internal.h"

#define MINUS "\u2212"

/* Puts the true minus sign in place of the hyphen. */
static void with_minus(char *text, size_t size, const char *plain)
{
    bool negative = plain[0] == '-' && strspn(plain + 1, "0.") != strlen(plain + 1);
    if (plain[0] == '-') plain++;
    snprintf(text, size, "%s%s", negative ? MINUS : "", plain);
}

double vtr_round_length(double most)
{
    double power = pow(10, floor(log10(most) + 1e-9)), leading = most / power * (1 + 1e-9);
    return power * (leading >= 5 ? 5 : leading >= 2 ? 2 : 1);
}

/* The smallest of 1, 2, 5 times a power of ten that is not below `least`. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least) + 1e-9)), leading = least / power * (1 - 1e-9);
    return power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
}

/* Three significant digits; "5e-05" as "5·10<sup>-5</sup>". */
static void short_text(char *text, size_t size, double value)
{
    char plain[32], signed_text[40];
    snprintf(plain, sizeof plain, "%.3g", value);
    char *e = strchr(plain, 'e');
    if (e != NULL) *e = '\0';
    with_minus(signed_text, sizeof signed_text, plain);
    if (e == NULL) {
        snprintf(text, size, "%s", signed_text);
        return;
    }
    int power = atoi(e + 1);
    snprintf(text, size, "%s·10<sup>%s%d</sup>", signed_text, power < 0 ? MINUS : "", abs(power));
}

/* As many decimals as the step needs, so that no two ticks read the same; very large and very small ones with one power
 * of ten. */
static void tick_text(char *text, double value, double step, double largest)
{
    char plain[40], number[VTR_TICK_TEXT];
    int decimals = (int)fmax(0, ceil(-log10(step) - 1e-9));
    bool has_power = largest >= 1e7 || decimals > 4;
    int power = has_power ? (int)floor(log10(largest) + 1e-9) : 0;
    if (has_power) decimals = (int)fmax(0, power - floor(log10(step) + 1e-9));
    snprintf(plain, sizeof plain, "%.*f", decimals, value / pow(10, power));
    with_minus(number, sizeof number, plain);
    if (!has_power || power == 0)
        snprintf(text, VTR_TICK_TEXT, "%s", number);
    else if (fabs(value) < 1e-9 * largest)
        snprintf(text, VTR_TICK_TEXT, "0");
    else
        snprintf(text, VTR_TICK_TEXT, "%.16s·10<sup>%s%d</sup>", number, power < 0 ? MINUS : "", abs(power));
}

/* The multiples of a step within the limits, first and last of them; how many there are. */
static double multiples(double range[2], double lo, double hi, double step)
{
    double slack = 1e-9 * (hi - lo);
    range[0] = ceil((lo - slack) / step);
    range[1] = floor((hi + slack) / step);
    return range[1] - range[0] + 1;
}

/* One tick alone makes no scale: where the round step that leaves room leaves one tick or none, some of those of the
 * step before it. */
void vtr_ticks_linear(vtr_ticks *ticks, double lo, double hi, size_t most)
{
    ticks->n = 0;
    if (!(hi > lo) || !isfinite(lo) || !isfinite(hi)) return;
    if (most < 2) most = 2;
    if (most > VTR_MAX_TICKS) most = VTR_MAX_TICKS;
    double step = round_step((hi - lo) / (double)most), finer = step, range[2], stride = 1;
    while (multiples(range, lo, hi, step) > (double)most) {
        finer = step;
        step = round_step(step * 1.5);
    }
    while (range[1] <= range[0]) {
        step = finer;
        double n = multiples(range, lo, hi, step);
        stride = fmax(1, ceil((n - 1) / (double)(most - 1)));
        finer = round_step(step * 0.4);
    }
    for (double i = range[0]; i <= range[1]; i += stride) {
        double value = i * step;
        ticks->value[ticks->n] = value;
        tick_text(ticks->text[ticks->n++], value, step, fmax(fabs(lo), fabs(hi)));
    }
}

/* 1, 2 and 5 times powers of ten within the limits. */
static void ticks_within_a_decade(vtr_ticks *ticks, double lo, double hi)
{
    static const double leading[] = {1, 2, 5};
    int first = (int)floor(log10(lo)), last = (int)floor(log10(hi));
    for (int power = first; power <= last; power++)
        for (int i = 0; i < 3; i++) {
            double value = leading[i] * pow(10, power);
            if (value < lo * (1 - 1e-9) || value > hi * (1 + 1e-9) || ticks->n == VTR_MAX_TICKS) continue;
            ticks->value[ticks->n] = value;
            short_text(ticks->text[ticks->n++], VTR_TICK_TEXT, value);
        }
}

void vtr_ticks_log(vtr_ticks *ticks, double lo, double hi, size_t most)
{
    ticks->n = 0;
    if (!(lo > 0) || !(hi > lo)) return;
    int first = (int)ceil(log10(lo) - 1e-9), last = (int)floor(log10(hi) + 1e-9), stride = 1;
    if (last - first < 1) {
        ticks_within_a_decade(ticks, lo, hi);
        if (ticks->n < 2) vtr_ticks_linear(ticks, lo, hi, most);
        return;
    }
    while ((last - first) / stride + 1 > (int)most)
        stride++;
    for (int power = first; power <= last && ticks->n < VTR_MAX_TICKS; power += stride) {
        char *text = ticks->text[ticks->n];
        ticks->value[ticks->n++] = pow(10, power);
        if (power == 0 || power == 1)
            snprintf(text, VTR_TICK_TEXT, "%s", power == 0 ? "1" : "10");
        else
            snprintf(text, VTR_TICK_TEXT, "10<sup>%s%d</sup>", power < 0 ? MINUS : "", abs(power));
    }
}

void vtr_number_text(char *text, size_t size, double value)
{
    short_text(text, size, value);
}

void vtr_length_text(char *text, size_t size, double length_nm)
{
    if (length_nm >= 999.5)
        snprintf(text, size, "%.3g\u202fµm", length_nm / 1000);
    else
        snprintf(text, size, "%.3g\u202fnm", length_nm);
}

void vtr_wave_number_text(char *text, size_t size, double k_inv_nm)
{
    snprintf(text, size, "%.3g\u202fnm<sup>" MINUS "1</sup>", k_inv_nm);
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

size_t vtr_ticks_minor(double values[VTR_MAX_MINOR], double lo, double hi)
{
    size_t n = 0;
    if (!(lo > 0) || !(hi > lo)) return 0;
    int first = (int)floor(log10(lo)), last = (int)floor(log10(hi));
    if (last - first > 4) return 0;
    for (int power = first; power <= last; power++)
        for (int digit = 2; digit <= 9; digit++) {
            double value = digit * pow(10, power);
            if (value > lo && value < hi && n < VTR_MAX_MINOR) values[n++] = value;
        }
    return n;
}

double vtr_scale_position(const double limits[2], vtr_figure_scaling scaling, double shown)
{
    if (scaling == VTR_SCALE_LINEAR) return (shown - limits[0]) / (limits[1] - limits[0]);
    if (!(shown > 0)) return isnan(shown) ? shown : -1;
    return log(shown / limits[0]) / log(limits[1] / limits[0]);
}

static double percentile(const float *sorted, size_t n, double fraction)
{
    double place = fraction * (double)(n - 1);
    size_t i = (size_t)place;
    double w = place - (double)i;
    return sorted[i] + (i + 1 < n ? w * ((double)sorted[i + 1] - sorted[i]) : 0);
}

/* Outwards to two digits of the span, so that the ends of the bar are numbers that can be read. */
static void round_outwards(double limits[2])
{
    double span = limits[1] - limits[0], unit = pow(10, floor(log10(span) + 1e-9) - 1);
    limits[0] = floor(limits[0] / unit + 1e-6) * unit;
    limits[1] = ceil(limits[1] / unit - 1e-6) * unit;
}

static void automatic_limits(double limits[2], const float *sorted, size_t n,
                             const vtr_figure_colours *colours)
{
    if (n == 0) {
        limits[0] = colours->scaling == VTR_SCALE_LOG ? 1 : colours->is_signed ? -1 : 0;
        limits[1] = colours->scaling == VTR_SCALE_LOG ? 10 : 1;
        return;
    }
    if (colours->scaling == VTR_SCALE_LOG) {
        limits[0] = percentile(sorted, n, 0.01);
        limits[1] = fmax(percentile(sorted, n, 0.999), 1.5 * limits[0]);
        return;
    }
    limits[0] = percentile(sorted, n, 0.01);
    limits[1] = percentile(sorted, n, 0.99);
    double whole = (double)sorted[n - 1] - sorted[0];
    if (whole <= 1.25 * (limits[1] - limits[0])) { /* nothing lies far out: cut nothing off */
        limits[0] = sorted[0];
        limits[1] = sorted[n - 1];
    }
    if (colours->is_signed) {
        limits[1] = fmax(fabs(limits[0]), fabs(limits[1]));
        limits[0] = -limits[1];
    } else if (colours->from_zero && limits[0] > 0) {
        limits[0] = 0;
    }
    double size = fmax(fabs(limits[0]), fabs(limits[1]));
    if (!(limits[1] - limits[0] > 1e-6 * size)) {
        double half = size > 0 ? 0.05 * size : 1;
        limits[0] = colours->from_zero && limits[0] >= 0 ? 0 : limits[0] - half;
        limits[1] += half;
    }
    round_outwards(limits);
}

vtr_status vtr_find_limits(double limits[2], bool out_of_range[2], const float *values,
                           const unsigned char *used, size_t n, const vtr_figure_colours *colours,
                           vtr_error *err)
{
    double factor = colours->factor != 0 ? colours->factor : 1;
    float *sorted = vtr_malloc(n, sizeof *sorted);
    if (sorted == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the limits of %zu values", n);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        float shown = (float)(factor * values[i]);
        if (!isfinite(shown) || (used != NULL && used[i] == 0)) continue;
        if (colours->scaling == VTR_SCALE_LOG && !(shown > 0)) continue;
        sorted[kept++] = shown;
    }
    qsort(sorted, kept, sizeof *sorted, ascending);
    double found[2];
    automatic_limits(found, sorted, kept, colours);
    for (int i = 0; i < 2; i++)
        found[i] = isfinite(colours->limits[i]) ? colours->limits[i] : found[i];
    vtr_status status = VTR_OK;
    if (!(found[0] < found[1]) || (colours->scaling == VTR_SCALE_LOG && !(found[0] > 0))) {
        status =
            vtr_fail(err, VTR_ERR_ARGUMENT, "limits %g to %g make no %s scale; give the lower one first%s",
                     found[0], found[1], colours->scaling == VTR_SCALE_LOG ? "logarithmic" : "linear",
                     colours->scaling == VTR_SCALE_LOG ? ", above zero" : "");
    } else {
        out_of_range[0] = kept > 0 && sorted[0] < found[0];
        out_of_range[1] = kept > 0 && sorted[kept - 1] > found[1];
        limits[0] = found[0];
        limits[1] = found[1];
    }
    vtr_free(sorted);
    return status;
}
