/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/beam.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "beam/beam_internal.h"
#include "beam/mass_internal.h"
#include "vitrail/constants.h"

vtr_beam_params vtr_beam_default_params(size_t det_y, size_t det_x, double start_x_px, double start_y_px,
                                        double radius_px)
{
    return (vtr_beam_params){
        .det_y = det_y,
        .det_x = det_x,
        .start_x_px = start_x_px,
        .start_y_px = start_y_px,
        .radius_px = radius_px,
        .background_px = {radius_px + 1, 1.4142135623730951 * (radius_px + 1)},
        .search_px = 2 * radius_px,
        .saturation = NAN,
        .noise = {.gain = 1, .is_counting = true},
        .n_iterations = 3,
        .disc_radius_px = radius_px > 4 ? radius_px - 2 : 0.5 * radius_px,
        .disc_edge_px = 0.5,
    };
}

/* Sums over a disc, places counted from the point `origin`. */
typedef struct disc_sums {
    double n, x, y; /* pixels and their places */
    double counts, counts_x, counts_y;
    double xx, yy, xy; /* of the places */
    double counts_xx, counts_yy, counts_xy;
    double n_missing, highest;
} disc_sums;

static inline __attribute__((always_inline)) bool has_data(pixel_reader read, const void *frame,
                                                           const unsigned char *used, size_t i)
{
    return (used == NULL || used[i] != 0) && isfinite(read(frame, i));
}

/* Whether the pixel opposite to (x, y) about the centre is there. */
static inline __attribute__((always_inline)) bool has_opposite(pixel_reader read, const void *frame,
                                                               const vtr_beam_params *p, double cx, double cy,
                                                               ptrdiff_t x, ptrdiff_t y)
{
    ptrdiff_t ox = (ptrdiff_t)lround(2 * cx) - x, oy = (ptrdiff_t)lround(2 * cy) - y;
    if (ox < 0 || oy < 0 || ox >= (ptrdiff_t)p->det_x || oy >= (ptrdiff_t)p->det_y) return true;
    return has_data(read, frame, p->used, (size_t)oy * p->det_x + (size_t)ox);
}

/* Adds the pixels of a row, n of them from x0 on. */
static inline __attribute__((always_inline)) void add_places(disc_sums *s, ptrdiff_t x0, size_t n_row,
                                                             double cx, double dy)
{
    double n = (double)n_row, middle = (double)x0 + 0.5 * (n - 1) - cx;
    s->n += n;
    s->x += n * middle;
    s->y += n * dy;
    s->xx += n * middle * middle + n * (n * n - 1) / 12;
    s->xy += n * middle * dy;
    s->yy += n * dy * dy;
}

/* Adds the sums of columns from `left` on. */
static void add_columns(disc_sums *s, const mass_columns *columns, size_t left, size_t n, double cx)
{
    for (size_t k = 0; k < n; k++) {
        double dx = (double)(left + k) - cx;
        s->counts += columns->value[k];
        s->counts_x += columns->value[k] * dx;
        s->counts_y += columns->dy[k];
        s->counts_xx += columns->value[k] * dx * dx;
        s->counts_xy += columns->dy[k] * dx;
        s->counts_yy += columns->dy2[k];
    }
}

/* Whole numbers of few bits in groups of neighbours; false where the kernels do not know the circle. */
static bool sum_disc_in_groups(disc_sums *s, mass_disc kernel, const void *frame, const vtr_beam_params *p,
                               double cx, double cy)
{
    mass_circle circle;
    mass_columns columns;
    if (!vtr_mass_circle(&circle, p, cx, cy, p->radius_px)) return false;
    kernel(&columns, frame, p->det_x, &circle, cy, isfinite(p->saturation));
    *s = (disc_sums){.highest = columns.highest};
    for (size_t i = 0; i < circle.n_rows; i++)
        add_places(s, (ptrdiff_t)(circle.left + circle.x0[i]), circle.n[i], cx, (double)(circle.y0 + i) - cy);
    add_columns(s, &columns, circle.left, circle.width, cx);
    return true;
}

static bool sum_ring_in_groups(double *sum, double *n, mass_ring kernel, const void *frame,
                               const vtr_beam_params *p, double cx, double cy)
{
    mass_circle outer, inner;
    if (!vtr_mass_circle(&outer, p, cx, cy, p->background_px[1]) ||
        !vtr_mass_circle(&inner, p, cx, cy, p->background_px[0]))
        return false;
    *sum = kernel(frame, p->det_x, &outer, &inner);
    *n = 0;
    for (size_t i = 0; i < outer.n_rows; i++)
        *n += (double)outer.n[i];
    for (size_t i = 0; i < inner.n_rows; i++)
        *n -= (double)inner.n[i];
    return true;
}

/* Everything that position and covariance need, in one walk over the disc about (cx, cy), rows added to the sums of
 * columns so that neighbours do not wait for each other. No pixel may be missing. */
static inline __attribute__((always_inline)) disc_sums
sum_disc(pixel_reader read, const void *frame, const vtr_beam_params *p, double cx, double cy)
{
    disc_sums s = {.highest = -INFINITY};
    mass_columns columns;
    ptrdiff_t y0, y1, x0, x1, left, right;
    span(&y0, &y1, cy, p->radius_px, p->det_y);
    span(&left, &right, cx, p->radius_px, p->det_x);
    for (ptrdiff_t k = 0; k < right - left; k++)
        columns.value[k] = columns.dy[k] = columns.dy2[k] = 0;
    for (ptrdiff_t y = y0; y < y1; y++) {
        double dy = (double)y - cy, dy2 = dy * dy;
        span(&x0, &x1, cx, half_chord(p->radius_px, dy), p->det_x);
        if (x1 <= x0) continue;
        size_t first = (size_t)y * p->det_x + (size_t)x0, n_row = (size_t)(x1 - x0);
        double *restrict value = columns.value + (x0 - left), *restrict value_dy = columns.dy + (x0 - left);
        double *restrict value_dy2 = columns.dy2 + (x0 - left);
        for (size_t k = 0; k < n_row; k++) {
            double v = read(frame, first + k);
            value[k] += v;
            value_dy[k] += v * dy;
            value_dy2[k] += v * dy2;
        }
        for (size_t k = 0; k < n_row && isfinite(p->saturation); k++)
            s.highest = read(frame, first + k) > s.highest ? read(frame, first + k) : s.highest;
        add_places(&s, x0, n_row, cx, dy);
    }
    add_columns(&s, &columns, (size_t)left, right > left ? (size_t)(right - left) : 0, cx);
    return s;
}

/* The same pixel by pixel, without those that are missing and those opposite to them. */
static inline __attribute__((always_inline)) disc_sums
sum_disc_with_holes(pixel_reader read, const void *frame, const vtr_beam_params *p, double cx, double cy)
{
    disc_sums s = {.highest = -INFINITY};
    ptrdiff_t y0, y1, x0, x1;
    span(&y0, &y1, cy, p->radius_px, p->det_y);
    for (ptrdiff_t y = y0; y < y1; y++) {
        double dy = (double)y - cy, chord = p->radius_px * p->radius_px - dy * dy;
        double row = 0, row_x = 0, row_xx = 0, n = 0, n_x = 0, n_xx = 0;
        span(&x0, &x1, cx, sqrt(chord > 0 ? chord : 0), p->det_x);
        for (ptrdiff_t x = x0; x < x1; x++) {
            size_t i = (size_t)y * p->det_x + (size_t)x;
            double dx = (double)x - cx, value = read(frame, i);
            bool is_there = has_data(read, frame, p->used, i);
            s.n_missing += !is_there;
            if (!is_there || !has_opposite(read, frame, p, cx, cy, x, y)) continue;
            s.highest = value > s.highest ? value : s.highest;
            n += 1;
            n_x += dx;
            n_xx += dx * dx;
            row += value;
            row_x += value * dx;
            row_xx += value * dx * dx;
        }
        s.n += n;
        s.x += n_x;
        s.y += n * dy;
        s.xx += n_xx;
        s.xy += n_x * dy;
        s.yy += n * dy * dy;
        s.counts += row;
        s.counts_x += row_x;
        s.counts_y += row * dy;
        s.counts_xx += row_xx;
        s.counts_xy += row_x * dy;
        s.counts_yy += row * dy * dy;
    }
    return s;
}

/* Sum and number of the pixels in the background's ring about (cx, cy); `has_holes`: some may be missing. */
static inline __attribute__((always_inline)) void sum_ring(double *sum, double *n, pixel_reader read,
                                                           const void *frame, const vtr_beam_params *p,
                                                           double cx, double cy, bool has_holes)
{
    ptrdiff_t y0, y1, outer[2], inner[2];
    double partial[4] = {0};
    *n = 0;
    span(&y0, &y1, cy, p->background_px[1], p->det_y);
    for (ptrdiff_t y = y0; y < y1; y++) {
        double dy = (double)y - cy;
        span(&outer[0], &outer[1], cx, half_chord(p->background_px[1], dy), p->det_x);
        span(&inner[0], &inner[1], cx, half_chord(p->background_px[0], dy), p->det_x);
        if (fabs(dy) >= p->background_px[0]) inner[0] = inner[1] = outer[1];
        const ptrdiff_t parts[2][2] = {{outer[0], inner[0]}, {inner[1], outer[1]}};
        for (size_t k = 0; k < 2; k++) {
            for (ptrdiff_t x = parts[k][0]; x < parts[k][1]; x++) {
                size_t i = (size_t)y * p->det_x + (size_t)x;
                if (has_holes && !has_data(read, frame, p->used, i)) continue;
                partial[x % 4] += read(frame, i);
                *n += 1;
            }
        }
    }
    *sum = partial[0] + partial[1] + partial[2] + partial[3];
}

/* Whether a masked pixel lies in the square about a circle. */
static bool has_masked(const vtr_beam_params *p, double cx, double cy, double radius)
{
    ptrdiff_t y0, y1, x0, x1;
    if (p->used == NULL) return false;
    span(&y0, &y1, cy, radius, p->det_y);
    span(&x0, &x1, cx, radius, p->det_x);
    for (ptrdiff_t y = y0; y < y1; y++)
        if (x1 > x0 && memchr(p->used + (size_t)y * p->det_x + x0, 0, (size_t)(x1 - x0)) != NULL) return true;
    return false;
}

/* Both sums for one type of pixels, with the reader inlined; the slower walk only where pixels are missing. */
#define DEFINE_SUMS(TYPE, IN_GROUPS)                                                                         \
    static disc_sums disc_##TYPE(const void *frame, const vtr_beam_params *p, double cx, double cy)          \
    {                                                                                                        \
        disc_sums s;                                                                                         \
        if (has_masked(p, cx, cy, p->radius_px)) return sum_disc_with_holes(pixel_##TYPE, frame, p, cx, cy); \
        if (IN_GROUPS(sum_disc_in_groups(&s, vtr_mass_kernels_best()->disc_##TYPE, frame, p, cx, cy)))       \
            return s;                                                                                        \
        if (2 * p->radius_px + 2 <= MASS_SIDE) {                                                             \
            s = sum_disc(pixel_##TYPE, frame, p, cx, cy);                                                    \
            if (isfinite(s.counts)) return s;                                                                \
        }                                                                                                    \
        return sum_disc_with_holes(pixel_##TYPE, frame, p, cx, cy);                                          \
    }                                                                                                        \
    static void ring_##TYPE(double *sum, double *n, const void *frame, const vtr_beam_params *p, double cx,  \
                            double cy)                                                                       \
    {                                                                                                        \
        bool is_whole = !has_masked(p, cx, cy, p->background_px[1]);                                         \
        if (is_whole &&                                                                                      \
            IN_GROUPS(sum_ring_in_groups(sum, n, vtr_mass_kernels_best()->ring_##TYPE, frame, p, cx, cy)))   \
            return;                                                                                          \
        if (is_whole) sum_ring(sum, n, pixel_##TYPE, frame, p, cx, cy, false);                               \
        if (!is_whole || !isfinite(*sum)) sum_ring(sum, n, pixel_##TYPE, frame, p, cx, cy, true);            \
    }
#define YES(call) (call)
#define NO(call) false

DEFINE_SUMS(u8, YES)
DEFINE_SUMS(u16, YES)
DEFINE_SUMS(u32, NO)
DEFINE_SUMS(i8, YES)
DEFINE_SUMS(i16, YES)
DEFINE_SUMS(i32, NO)
DEFINE_SUMS(f32, NO)
DEFINE_SUMS(f64, NO)

static const struct {
    disc_sums (*disc)(const void *frame, const vtr_beam_params *p, double cx, double cy);
    void (*ring)(double *sum, double *n, const void *frame, const vtr_beam_params *p, double cx, double cy);
} readers[VTR_TYPE_COUNT] = {
    [VTR_TYPE_U8] = {disc_u8, ring_u8},    [VTR_TYPE_U16] = {disc_u16, ring_u16},
    [VTR_TYPE_U32] = {disc_u32, ring_u32}, [VTR_TYPE_I8] = {disc_i8, ring_i8},
    [VTR_TYPE_I16] = {disc_i16, ring_i16}, [VTR_TYPE_I32] = {disc_i32, ring_i32},
    [VTR_TYPE_F32] = {disc_f32, ring_f32}, [VTR_TYPE_F64] = {disc_f64, ring_f64},
};

vtr_status vtr_beam_check_params(const vtr_beam_params *p, vtr_error *err)
{
    if (!(p->radius_px >= 1) || !isfinite(p->radius_px))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the mask of the direct beam has a radius of %g px: 1 px at least", p->radius_px);
    if (!isfinite(p->start_x_px) || !isfinite(p->start_y_px))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "where the direct beam is expected is not a number");
    if (!(p->background_px[0] >= p->radius_px) || !(p->background_px[1] > p->background_px[0]))
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the background of the direct beam is taken from %g to %g px: it has to lie outside the mask "
            "of %g px",
            p->background_px[0], p->background_px[1], p->radius_px);
    if (p->n_iterations < 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the direct beam's mask is re-centred %d times: 0 at least",
                        p->n_iterations);
    return VTR_OK;
}

/* Whether the mask about (x, y) is within the search radius and wholly on the detector. */
static bool is_within(const vtr_beam_params *p, double x, double y)
{
    double edge = p->radius_px - 0.5;
    return hypot(x - p->start_x_px, y - p->start_y_px) <= p->search_px && x >= edge && y >= edge &&
           x <= (double)p->det_x - 1 - edge && y <= (double)p->det_y - 1 - edge;
}

/* A mask that is centred to this needs no further re-centring. */
static const double settled_px = 0.02;

/* Standard deviations above the background that a beam must have. */
static const double least_significance = 5;

/* Variance of a sum over the disc of (value - b) times a weight about the mean place: with w the weight,
 * sum w^2 (gain (I - offset) + read^2) + (sum w)^2 var(b). `counts_w2`: sum w^2 I, `w2`: sum w^2, `w_w`: product of
 * the sums of the two weights. */
static double propagate(const vtr_noise *noise, double counts_w2, double w2, double w_w,
                        double background_variance)
{
    double read_variance = noise->read_noise * noise->read_noise;
    return noise->gain * (counts_w2 - noise->offset * w2) + read_variance * w2 + w_w * background_variance;
}

/* Position and covariance from the last disc, whose places count from (cx, cy). */
static void finish_position(vtr_beam_position *out, const disc_sums *s, const vtr_noise *noise, double cx,
                            double cy, double background, double background_variance)
{
    double counts = s->counts - background * s->n;
    double mx = (s->counts_x - background * s->x) / counts, my = (s->counts_y - background * s->y) / counts;
    double wx = s->x - mx * s->n, wy = s->y - my * s->n;
    double w2_xx = s->xx - 2 * mx * s->x + mx * mx * s->n, w2_yy = s->yy - 2 * my * s->y + my * my * s->n;
    double w2_xy = s->xy - mx * s->y - my * s->x + mx * my * s->n;
    double c_xx = s->counts_xx - 2 * mx * s->counts_x + mx * mx * s->counts;
    double c_yy = s->counts_yy - 2 * my * s->counts_y + my * my * s->counts;
    double c_xy = s->counts_xy - mx * s->counts_y - my * s->counts_x + mx * my * s->counts;
    out->x_px = cx + mx;
    out->y_px = cy + my;
    out->covariance[0] = propagate(noise, c_xx, w2_xx, wx * wx, background_variance) / (counts * counts);
    out->covariance[1] = propagate(noise, c_yy, w2_yy, wy * wy, background_variance) / (counts * counts);
    out->covariance[2] = propagate(noise, c_xy, w2_xy, wx * wy, background_variance) / (counts * counts);
    out->counts = counts;
    out->background = background;
}

vtr_status vtr_beam_centre_of_mass(vtr_beam_position *position, vtr_type type, const void *frame,
                                   const vtr_beam_params *p, vtr_error *err)
{
    vtr_status status = vtr_beam_check_params(p, err);
    if (status != VTR_OK) return status;
    if (frame == NULL) {
        lose_beam(position, VTR_FLAG_MISSING | VTR_FLAG_NO_BEAM);
        return VTR_OK;
    }
    double x = p->start_x_px, y = p->start_y_px, area = VTR_PI * p->radius_px * p->radius_px;
    vtr_beam_position found = {0};
    for (int iteration = 0; iteration <= p->n_iterations; iteration++) {
        double ring_sum, ring_n;
        if (!is_within(p, x, y)) break;
        disc_sums s = readers[type].disc(frame, p, x, y);
        readers[type].ring(&ring_sum, &ring_n, frame, p, x, y);
        double background = ring_sum / ring_n;
        double background_variance = propagate(&p->noise, background, 1, 0, 0) / ring_n;
        double counts = s.counts - background * s.n;
        double variance = propagate(&p->noise, s.counts, s.n, s.n * s.n, background_variance);
        if (!(ring_n > 0) || s.n_missing > 0.1 * area || !(counts > 0) ||
            !(counts * counts > least_significance * least_significance * variance)) {
            lose_beam(position, VTR_FLAG_NO_BEAM);
            return VTR_OK;
        }
        finish_position(&found, &s, &p->noise, x, y, background, background_variance);
        if (isfinite(p->saturation) && s.highest >= p->saturation) found.flags |= VTR_FLAG_SATURATED;
        bool is_settled = hypot(found.x_px - x, found.y_px - y) < settled_px;
        x = found.x_px;
        y = found.y_px;
        if (is_settled) break;
    }
    if (!is_within(p, x, y))
        lose_beam(position, VTR_FLAG_NO_BEAM);
    else
        *position = found;
    return VTR_OK;
}
