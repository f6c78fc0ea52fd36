/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pixels a virtual detector is made of, and their sum. */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/virtual_internal.h"
#include "vitrail/constants.h"

/* Numbers separated by one letter; how many there are, SIZE_MAX where something is none or there are more than `most`. */
static size_t read_numbers(double *values, size_t most, const char *text, char separator)
{
    size_t n = 0;
    for (;; text++) {
        char word[40];
        const char *end = strchr(text, separator);
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
        if (length >= sizeof word || n == most) return SIZE_MAX;
        memcpy(word, text, length);
        word[length] = '\0';
        if (vtr_parse_double(word, &values[n]) != 0 || !isfinite(values[n])) return SIZE_MAX;
        n++;
        text += length;
        if (*text == '\0') return n;
    }
}

static bool read_polygon(vtr_virtual *v, const char *text)
{
    for (;; text++) {
        char pair[80];
        double values[2];
        size_t length = strcspn(text, ";");
        if (length >= sizeof pair || v->n_points == VTR_VIRTUAL_POINTS) return false;
        memcpy(pair, text, length);
        pair[length] = '\0';
        if (read_numbers(values, 2, pair, ',') != 2) return false;
        v->y_px[v->n_points] = values[0];
        v->x_px[v->n_points++] = values[1];
        text += length;
        if (*text == '\0') return v->n_points >= 3;
    }
}

/* Kinds written as numbers: y, x, then radii, then angles. */
static bool read_round(vtr_virtual *v, const char *text, size_t n_radii, size_t n_angles)
{
    double values[6];
    if (read_numbers(values, 6, text, ',') != 2 + n_radii + n_angles) return false;
    v->centre_y_px = values[0];
    v->centre_x_px = values[1];
    v->radius_px[0] = n_radii == 2 ? values[2] : 0;
    v->radius_px[1] = values[1 + n_radii];
    v->angle_degrees[0] = n_angles == 2 ? values[4] : 0;
    v->angle_degrees[1] = n_angles == 2 ? values[5] : 360;
    return v->radius_px[0] >= 0 && v->radius_px[1] > v->radius_px[0] &&
           v->angle_degrees[1] > v->angle_degrees[0];
}

vtr_status vtr_virtual_parse(vtr_virtual *out, const char *text, vtr_error *err)
{
    vtr_virtual v = {0};
    bool is_read = false;
    const char *colon = strchr(text, ':'), *rest = colon != NULL ? colon + 1 : "";
    if (vtr_text_starts_with(text, "disc:"))
        is_read = read_round(&v, rest, 1, 0);
    else if (vtr_text_starts_with(text, "annulus:"))
        is_read = read_round(&v, rest, 2, 0);
    else if (vtr_text_starts_with(text, "sector:"))
        is_read = read_round(&v, rest, 2, 2);
    else if (vtr_text_starts_with(text, "polygon:"))
        is_read = read_polygon(&v, rest);
    if (!is_read)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%.80s' is no virtual detector; write disc:Y,X,R, annulus:Y,X,LO,HI, "
                        "sector:Y,X,LO,HI,FROM,TO or polygon:Y,X;Y,X;Y,X",
                        text);
    *out = v;
    return VTR_OK;
}

/* --- pixels -------------------------------------------------------------------------------------------------- */

static bool is_in_polygon(const vtr_virtual *v, double x, double y)
{
    bool is_inside = false;
    for (size_t i = 0, j = v->n_points - 1; i < v->n_points; j = i++) {
        bool crosses = (v->y_px[i] > y) != (v->y_px[j] > y);
        if (crosses &&
            x < v->x_px[i] + (y - v->y_px[i]) / (v->y_px[j] - v->y_px[i]) * (v->x_px[j] - v->x_px[i]))
            is_inside = !is_inside;
    }
    return is_inside;
}

/* The radius is worked out as vtr_polar_plan_create does, so that a pixel on an edge falls on the same side. */
static bool is_in(const vtr_virtual *v, const double w[3], const double shift[2], double x, double y)
{
    if (v->n_points > 0) return is_in_polygon(v, x - shift[0], y - shift[1]);
    double vx = x - (v->centre_x_px + shift[0]), vy = y - (v->centre_y_px + shift[1]);
    double ux = w[0] * vx + w[2] * vy, uy = w[2] * vx + w[1] * vy, radius = sqrt(ux * ux + uy * uy);
    if (!(radius >= v->radius_px[0] && radius < v->radius_px[1])) return false;
    double opening = v->angle_degrees[1] - v->angle_degrees[0];
    if (opening >= 360) return true;
    double turn = fmod(atan2(uy, ux) / VTR_RADIANS_PER_DEGREE - v->angle_degrees[0], 360);
    return (turn < 0 ? turn + 360 : turn) < opening;
}

/* Counts the stretches, and lists them where there is a list. */
static void list(virtual_pixels *out, const unsigned char *member, size_t n)
{
    out->n = out->n_pixels = 0;
    for (size_t p = 0; p < n; p++) {
        if (!member[p]) continue;
        size_t first = p;
        while (p < n && member[p])
            p++;
        if (out->stretches != NULL) {
            out->stretches[out->n][0] = first;
            out->stretches[out->n][1] = p;
        }
        out->n++;
        out->n_pixels += p - first;
    }
}

/* Cuts the stretches of a frame of n pixels, VIRTUAL_RUN or more, into runs; a part keeps within the frame. */
static void cut(virtual_pixels *pixels, size_t n)
{
    for (size_t i = 0; i < pixels->n; i++) {
        size_t p = pixels->stretches[i][0], end = pixels->stretches[i][1];
        for (; end - p >= VIRTUAL_RUN; p += VIRTUAL_RUN)
            pixels->runs[pixels->n_runs++] = (uint32_t)p;
        if (p == end) continue;
        virtual_part *part = &pixels->parts[pixels->n_parts++];
        size_t first = p <= n - VIRTUAL_RUN ? p : n - VIRTUAL_RUN;
        part->first = (uint32_t)first;
        for (size_t k = 0; k < VIRTUAL_RUN; k++)
            part->mask[k] = first + k >= p && first + k < end ? UINT16_MAX : 0;
    }
}

void virtual_pixels_release(virtual_pixels *pixels)
{
    vtr_free(pixels->stretches);
    vtr_free(pixels->runs);
    vtr_free(pixels->parts);
    *pixels = (virtual_pixels){0};
}

vtr_status virtual_pixels_list(virtual_pixels *out, const vtr_virtual *detector, const virtual_frames *frames,
                               const double shift[2], vtr_error *err)
{
    size_t n = frames->det_y * frames->det_x;
    unsigned char *member = vtr_calloc(n, 1);
    virtual_pixels pixels = {0};
    vtr_status status = VTR_OK;
    for (size_t p = 0; member != NULL && p < n; p++) {
        size_t y = p / frames->det_x, x = p % frames->det_x;
        size_t stored = (frames->is_turned ? frames->det_y - 1 - y : y) * frames->det_x + x;
        member[stored] = (frames->used == NULL || frames->used[p]) &&
                         is_in(detector, frames->w, shift, (double)x, (double)y);
    }
    if (member != NULL) list(&pixels, member, n);
    pixels.stretches = vtr_malloc(pixels.n, sizeof *pixels.stretches);
    pixels.runs = vtr_malloc(pixels.n_pixels / VIRTUAL_RUN, sizeof *pixels.runs);
    pixels.parts = vtr_malloc(pixels.n, sizeof *pixels.parts);
    if (member == NULL || pixels.stretches == NULL || pixels.runs == NULL || pixels.parts == NULL) {
        virtual_pixels_release(&pixels);
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a virtual detector");
    } else {
        list(&pixels, member, n);
        if (n >= VIRTUAL_RUN) cut(&pixels, n);
        *out = pixels;
    }
    vtr_free(member);
    return status;
}

/* Integers in 64 bits, exactly; floating point in double. */
#define SUM(c_type, sum_type)                                                                                \
    do {                                                                                                     \
        const c_type *values = frame;                                                                        \
        sum_type sum = 0;                                                                                    \
        for (size_t i = 0; i < pixels->n; i++)                                                               \
            for (size_t p = pixels->stretches[i][0]; p < pixels->stretches[i][1]; p++)                       \
                sum += values[p];                                                                            \
        return (double)sum;                                                                                  \
    } while (0)

double virtual_pixels_sum(const virtual_pixels *pixels, vtr_type type, const void *frame)
{
    if (vtr_type_size(type) <= 2 && pixels->n_runs + pixels->n_parts > 0)
        return virtual_runs_sum(pixels, type, frame);
    switch (type) {
    case VTR_TYPE_U8:
        SUM(uint8_t, uint64_t);
    case VTR_TYPE_U16:
        SUM(uint16_t, uint64_t);
    case VTR_TYPE_U32:
        SUM(uint32_t, uint64_t);
    case VTR_TYPE_I8:
        SUM(int8_t, int64_t);
    case VTR_TYPE_I16:
        SUM(int16_t, int64_t);
    case VTR_TYPE_I32:
        SUM(int32_t, int64_t);
    case VTR_TYPE_F32:
        SUM(float, double);
    case VTR_TYPE_F64:
        SUM(double, double);
    }
    return NAN;
}
