/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TESTS_DISCS_H
#define VITRAIL_TESTS_DISCS_H

/* Discs with a known place, their noise, and the Cramér-Rao bound of it. */

#include <math.h>
#include <string.h>

#include "base/base_internal.h"

enum { Y = 56, X = 64 };

static double expected[Y * X];
static float frame_f32[Y * X];

/* A disc with an edge blurred by the camera (a normal distribution), or falling as a logistic curve, or sharp and summed
 * over the pixels. */
typedef enum kind { BLURRED, LOGISTIC, SHARP } kind;
typedef struct disc {
    double x, y, radius, edge, electrons,
        background; /* background: electrons a pixel relative to the disc's */
    kind kind;
} disc;

static inline double form(const disc *d, double x, double y)
{
    double off = hypot(x - d->x, y - d->y) - d->radius;
    if (d->kind == BLURRED) return 0.5 * erfc(off / (sqrt(2) * d->edge));
    if (d->kind == LOGISTIC) return 1 / (1 + exp(off / d->edge));
    double inside = 0;
    for (int j = 0; j < 32 && fabs(off) < 1; j++)
        for (int i = 0; i < 32; i++)
            inside +=
                hypot(x + (i - 15.5) / 32 - d->x, y + (j - 15.5) / 32 - d->y) < d->radius ? 1.0 / 1024 : 0;
    return fabs(off) < 1 ? inside : off < 0;
}

static inline void make(const disc *d)
{
    double sum = 0;
    for (size_t i = 0; i < Y * X; i++)
        sum += expected[i] = form(d, (double)(i % X), (double)(i / X));
    for (size_t i = 0; i < Y * X; i++)
        expected[i] = d->electrons / sum * (expected[i] + d->background);
}

/* Cramér-Rao bound of x (and y) in px: amplitude and background are free too, radius and edge known; by numbers. The
 * information is of counts (`gain`, `read` = 1, 0) or with a camera's noise. */
static inline void bound(double sigma[2], const disc *d, double read)
{
    double information[2] = {0}, h = 1e-4;
    static double moved[4][Y * X];
    const double steps[4][2] = {{h, 0}, {-h, 0}, {0, h}, {0, -h}};
    for (size_t k = 0; k < 4; k++) {
        disc m = *d;
        m.x += steps[k][0];
        m.y += steps[k][1];
        make(&m);
        memcpy(moved[k], expected, sizeof expected);
    }
    make(d);
    for (size_t i = 0; i < Y * X; i++)
        for (size_t k = 0; k < 2; k++) {
            double slope = (moved[2 * k][i] - moved[2 * k + 1][i]) / (2 * h);
            information[k] += slope * slope / (expected[i] + read * read);
        }
    for (size_t k = 0; k < 2; k++)
        sigma[k] = 1 / sqrt(information[k]);
}

static inline void draw(vtr_random *random, double gain, double offset, double read)
{
    for (size_t i = 0; i < Y * X; i++) {
        frame_f32[i] = (float)(gain * (double)vtr_random_poisson(random, expected[i]) + offset);
        if (read > 0) frame_f32[i] += (float)(gain * read * vtr_random_normal(random));
    }
}

#endif
