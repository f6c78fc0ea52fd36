/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "detector/image_internal.h"
#include "detector/noise_internal.h"

static const int lag_steps[VTR_NOISE_LAGS][4][2] = {
    {{0, 1}, {1, 0}},  {{1, 1}, {1, -1}}, {{0, 2}, {2, 0}}, {{1, 2}, {2, 1}, {2, -1}, {1, -2}},
    {{2, 2}, {2, -2}},
};
static const int lag_directions[VTR_NOISE_LAGS] = {2, 2, 2, 4, 2};

typedef struct measurement {
    const vtr_sample *sample;
    double *mean, *smooth;  /* of each pixel over the frames, and over its 3 x 3 px too */
    double *scratch;        /* 2 n */
    double *slope, *shift;  /* [n frames] frame = shift + slope mean: its thickness, its drift */
    double lowest, highest; /* of `smooth`, but for its outliers: the range of the bins */
    vtr_noise_sums *sums;   /* [VTR_NOISE_GROUPS] */
} measurement;

static vtr_status find_range(measurement *m, const unsigned char *mask, vtr_error *err)
{
    size_t det_y = m->sample->det_y, det_x = m->sample->det_x, n = det_y * det_x, n_used = 0;
    for (size_t p = 0; p < n; p++) {
        if (mask && !mask[p]) m->mean[p] = NAN;
        n_used += isfinite(m->mean[p]);
    }
    if (n_used < 500)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "only %zu pixels are used: too few to measure the camera's noise", n_used);
    vtr_image_box(m->smooth, m->mean, det_y, det_x, 1, m->scratch);
    m->lowest = vtr_image_quantile(m->smooth, n, 0.001, m->scratch);
    m->highest = vtr_image_quantile(m->smooth, n, 0.998, m->scratch);
    return VTR_OK;
}

/* Bins are even steps in the square root of the signal above the darkest: counting noise is even then. -1:
 * none. */
static int bin_of(const measurement *m, double mean)
{
    if (!(mean <= m->highest)) return -1;
    double part = m->highest > m->lowest ? (mean - m->lowest) / (m->highest - m->lowest) : 0;
    int bin = (int)(sqrt(fmax(part, 0)) * VTR_NOISE_BINS);
    return bin < VTR_NOISE_BINS ? bin : VTR_NOISE_BINS - 1;
}

/* Factor on the first of two residuals (its inverse on the second) that makes their expected signals equal,
 * so that speckle and thickness leave the difference where the pattern is steep too. Of counts with variance
 * gain m it leaves exactly the mean of the two variances. 1 where the signals are too weak, or too different,
 * to tell. */
static double balance(double first, double second)
{
    if (!(first > 0 && second > 0)) return 1;
    double ratio = second / first;
    return ratio > 0.5 && ratio < 2 ? sqrt(ratio) : 1;
}

/* Adds the pairs of all frames of one group in one direction. A pair counts in the bin of its mean, so that
 * the same bin is equally bright at every distance. */
static void add_pairs(vtr_noise_sums *sums, const measurement *m, size_t group, size_t lag, int direction)
{
    ptrdiff_t det_y = (ptrdiff_t)m->sample->det_y, det_x = (ptrdiff_t)m->sample->det_x;
    ptrdiff_t dy = lag_steps[lag][direction][0], dx = lag_steps[lag][direction][1];
    double correction = (double)m->sample->n / (double)(m->sample->n - 1);
    size_t n_pixels = m->sample->det_y * m->sample->det_x;
    for (ptrdiff_t y = 0; y + dy < det_y; y++) {
        for (ptrdiff_t x = dx < 0 ? -dx : 0; x < det_x && x + dx < det_x; x++) {
            ptrdiff_t p = y * det_x + x, q = p + dy * det_x + dx;
            if (!isfinite(m->mean[p]) || !isfinite(m->mean[q])) continue;
            int bin = bin_of(m, 0.5 * (m->smooth[p] + m->smooth[q]));
            if (bin < 0) continue;
            double factor = balance(m->smooth[p], m->smooth[q]), inverse = 1 / factor, squares = 0, n = 0;
            for (size_t f = group; f < m->sample->n; f += VTR_NOISE_GROUPS) {
                const float *frame = m->sample->frames + f * n_pixels;
                double first = (double)frame[p] - m->shift[f] - m->slope[f] * m->mean[p];
                double second = (double)frame[q] - m->shift[f] - m->slope[f] * m->mean[q];
                double difference = factor * first - inverse * second;
                squares += difference * difference;
                n++;
            }
            sums->pairs[lag][bin] += n;
            sums->mean[lag][bin] += n * 0.5 * (m->mean[p] + m->mean[q]);
            sums->half_square[lag][bin] += 0.5 * correction * squares;
        }
    }
}

/* Each frame as a line through the mean over all. */
static void fit_frames(measurement *m)
{
    size_t n_pixels = m->sample->det_y * m->sample->det_x;
#pragma omp parallel for schedule(static)
    for (size_t f = 0; f < m->sample->n; f++) {
        const float *frame = m->sample->frames + f * n_pixels;
        double n = 0, mean = 0, value = 0, squares = 0, products = 0;
        for (size_t p = 0; p < n_pixels; p++) {
            if (!isfinite(m->mean[p])) continue;
            n++;
            double step = m->mean[p] - mean, rise = (double)frame[p] - value;
            mean += step / n;
            value += rise / n;
            squares += step * (m->mean[p] - mean);
            products += step * ((double)frame[p] - value);
        }
        m->slope[f] = squares > 0 ? products / squares : 1;
        m->shift[f] = value - m->slope[f] * mean;
    }
}

static void add_frames(measurement *m)
{
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t group = 0; group < VTR_NOISE_GROUPS; group++)
        for (size_t lag = 0; lag < VTR_NOISE_LAGS; lag++)
            for (int direction = 0; direction < lag_directions[lag]; direction++)
                add_pairs(&m->sums[group], m, group, lag, direction);
}

/* Whether every recorded value is a whole number, not negative. */
static bool holds_counts(const vtr_sample *sample)
{
    size_t n = sample->n * sample->det_y * sample->det_x;
    for (size_t i = 0; i < n; i++)
        if (isfinite(sample->frames[i]) &&
            (sample->frames[i] < 0 || sample->frames[i] != truncf(sample->frames[i])))
            return false;
    return true;
}

/* Standard deviations of gain and intercept by leaving out one group of frames after the other. */
static void jackknife(const measurement *m, double *gain_error, double *intercept_error)
{
    double gain[2] = {0}, intercept[2] = {0}, n = 0;
    for (size_t group = 0; group < VTR_NOISE_GROUPS; group++) {
        vtr_noise_line line;
        if (m->sums[group].pairs[0][0] == 0 && group >= m->sample->n) continue;
        if (!vtr_noise_fit(&line, m->sums, group)) continue;
        n++;
        double dg = line.gain - gain[0], di = line.intercept - intercept[0];
        gain[0] += dg / n;
        gain[1] += dg * (line.gain - gain[0]);
        intercept[0] += di / n;
        intercept[1] += di * (line.intercept - intercept[0]);
    }
    *gain_error = n > 1 ? sqrt(gain[1] * (n - 1) / n) : NAN;
    *intercept_error = n > 1 ? sqrt(intercept[1] * (n - 1) / n) : NAN;
}

/* From the line V = intercept + gain m to gain, offset and read-out noise. Only intercept = read_noise^2 -
 * gain offset is measured, so the offset needs a place without electrons. It is taken from the darkest part
 * of the frame, and only where it is clearly not zero: the dark level is negative, or an offset of zero would
 * need a negative read_noise^2. Otherwise it is 0, and the variance that the model gives is the same. */
static void interpret(vtr_noise *noise, const vtr_noise_line *line, double dark, double gain_error,
                      double intercept_error)
{
    double read_squared = line->intercept;
    noise->gain = line->gain;
    noise->gain_error = gain_error;
    noise->offset = 0;
    double sigma = isfinite(intercept_error) ? intercept_error : 0;
    if (dark < -3 * sigma / line->gain || line->intercept < -5 * sigma - 1e-3 * line->gain * fabs(dark)) {
        noise->offset = dark;
        read_squared = line->intercept + line->gain * dark;
    }
    noise->read_noise = sqrt(fmax(read_squared, 0));
    noise->read_noise_error = noise->read_noise > 0 ? sigma / (2 * noise->read_noise) : sqrt(sigma);
}

/* A counting camera records whole numbers with a gain of one and no read-out noise. The line's intercept takes in what
 * bends the line at high counts; what tells at the dark end is the variance there, which is the mean. */
static bool is_counting(const measurement *m, const vtr_noise_line *line, double gain_error,
                        double intercept_error)
{
    if (!holds_counts(m->sample)) return false;
    double gain_margin = fmax(0.05, 3 * gain_error);
    double intercept_margin = fmax(fmax(0.03, 4 * intercept_error), 0.35 * line->dark_mean);
    if (!isfinite(gain_error)) gain_margin = 0.1;
    if (!isfinite(intercept_error)) intercept_margin = 0.1;
    return fabs(line->gain - 1) < fmin(gain_margin, 0.15) && fabs(line->intercept) < intercept_margin &&
           fabs(line->dark_variance - line->dark_mean) < fmax(0.1, 0.2 * line->dark_mean);
}

static vtr_status measure(vtr_noise *noise, measurement *m, const unsigned char *mask, vtr_error *err)
{
    size_t n_pixels = m->sample->det_y * m->sample->det_x;
    vtr_sample_moments(m->mean, NULL, m->sample);
    for (size_t p = 0; p < n_pixels; p++)
        for (size_t f = 0; f < m->sample->n && isfinite(m->mean[p]); f++)
            if (!isfinite(m->sample->frames[f * n_pixels + p])) m->mean[p] = NAN;
    vtr_image_median3(m->smooth, m->mean, m->sample->det_y, m->sample->det_x);
    double dark = vtr_image_quantile(m->smooth, n_pixels, 0.01, m->scratch);
    vtr_status status = find_range(m, mask, err);
    if (status) return status;
    fit_frames(m);
    add_frames(m);

    vtr_noise_line line;
    if (!vtr_noise_fit(&line, m->sums, VTR_NOISE_GROUPS) || !(line.gain > 0))
        return vtr_fail(
            err, VTR_ERR_NO_DATA,
            "the variance does not grow with the signal over %zu frames: give the camera's noise as "
            "GAIN,OFFSET,READ_NOISE",
            m->sample->n);
    double gain_error, intercept_error;
    jackknife(m, &gain_error, &intercept_error);
    vtr_noise out = {.is_measured = true};
    if (is_counting(m, &line, gain_error, intercept_error)) {
        out.gain = 1;
        out.is_counting = true;
    } else {
        interpret(&out, &line, dark, gain_error, intercept_error);
    }
    *noise = out;
    return VTR_OK;
}

vtr_status vtr_noise_measure(vtr_noise *noise, const vtr_sample *sample, const unsigned char *mask,
                             vtr_error *err)
{
    size_t n = sample->det_y * sample->det_x;
    if (sample->n < 2)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "one pattern alone does not show the camera's noise: give GAIN,OFFSET,READ_NOISE");
    measurement m = {.sample = sample};
    vtr_status status = VTR_OK;
    double *images = vtr_malloc(4 * n, sizeof *images);
    m.slope = vtr_malloc(2 * sample->n, sizeof *m.slope);
    m.sums = vtr_calloc(VTR_NOISE_GROUPS, sizeof *m.sums);
    if (!images || !m.slope || !m.sums) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the noise of %zu pixels", n);
        goto cleanup;
    }
    m.shift = m.slope + sample->n;
    m.mean = images;
    m.smooth = images + n;
    m.scratch = images + 2 * n;
    status = measure(noise, &m, mask, err);

cleanup:
    vtr_free(images);
    vtr_free(m.slope);
    vtr_free(m.sums);
    return status;
}

vtr_status vtr_noise_parse(vtr_noise *noise, const char *text, vtr_error *err)
{
    vtr_noise out = {.gain = 1};
    if (strcmp(text, "counting") == 0) {
        out.is_counting = true;
        *noise = out;
        return VTR_OK;
    }
    double values[3];
    char field[64];
    const char *at = text;
    for (int i = 0; i < 3; i++) {
        size_t length = strcspn(at, ",");
        bool is_last = at[length] == '\0';
        if (length == 0 || length >= sizeof field || is_last != (i == 2))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not GAIN,OFFSET,READ_NOISE or 'counting'", text);
        memcpy(field, at, length);
        field[length] = '\0';
        if (vtr_parse_double(field, &values[i]) || !isfinite(values[i]))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' in '%s' is not a number", field, text);
        at += length + (is_last ? 0 : 1);
    }
    if (!(values[0] > 0) || values[2] < 0)
        return vtr_fail(err, VTR_ERR_RANGE, "'%s': the gain must be above 0, the read-out noise not below 0",
                        text);
    out = (vtr_noise){.gain = values[0], .offset = values[1], .read_noise = values[2]};
    *noise = out;
    return VTR_OK;
}
