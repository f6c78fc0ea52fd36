/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_POLAR_CASES_H
#define VITRAIL_TEST_POLAR_CASES_H

/* Geometries and frames that the tests of polar binning share, and the slow, obvious way to the same sums. */

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/polar.h"

static const double case_annuli[][2] = {{0, 3.3}, {2.5, 11.25}, {11.25, 14}, {5, 200}, {-1, 0.5}, {300, 400}};
enum { CASE_ANNULI = sizeof case_annuli / sizeof *case_annuli };

/* Odd sizes, a centre off the middle, an elliptical W, annuli that cut bins. */
static inline vtr_polar_geometry case_geometry(size_t det_y, size_t det_x, const unsigned char *used)
{
    return (vtr_polar_geometry){.det_y = det_y,
                                .det_x = det_x,
                                .used = used,
                                .centre_x_px = 0.47 * (double)det_x + 0.3,
                                .centre_y_px = 0.52 * (double)det_y - 0.1,
                                .wxx = 1.06,
                                .wyy = 0.95,
                                .wxy = 0.04,
                                .n_sectors = 12,
                                .n_r = 15,
                                .r_step_px = 1.25,
                                .n_annuli = CASE_ANNULI,
                                .annuli_px = case_annuli};
}

static inline void case_place(double *radius, double *angle, const vtr_polar_geometry *g, size_t x, size_t y)
{
    double px = (double)x - g->centre_x_px, py = (double)y - g->centre_y_px;
    double ux = g->wxx * px + g->wxy * py, uy = g->wxy * px + g->wyy * py;
    *radius = sqrt(ux * ux + uy * uy);
    *angle = atan2(uy, ux);
    if (*angle < 0) *angle += 2 * VTR_PI;
}

static inline size_t case_bin(const vtr_polar_geometry *g, size_t x, size_t y)
{
    double radius, angle;
    case_place(&radius, &angle, g, x, y);
    if (radius >= g->r_step_px * (double)g->n_r) return g->n_r * g->n_sectors;
    return (size_t)(radius / g->r_step_px) * g->n_sectors +
           (size_t)(angle / (2 * VTR_PI / (double)g->n_sectors) + 0.5) % g->n_sectors;
}

static inline void case_mask(unsigned char *used, size_t det_y, size_t det_x)
{
    for (size_t i = 0; i < det_y * det_x; i++)
        used[i] =
            i % 7 != 3 && !(i / det_x > det_y / 2 && i % det_x > det_x / 2 && i % det_x < det_x / 2 + 4);
}

static inline double case_value(vtr_type type, const void *frame, size_t i)
{
    switch (type) {
    case VTR_TYPE_U8:
        return ((const uint8_t *)frame)[i];
    case VTR_TYPE_U16:
        return ((const uint16_t *)frame)[i];
    case VTR_TYPE_U32:
        return ((const uint32_t *)frame)[i];
    case VTR_TYPE_I8:
        return ((const int8_t *)frame)[i];
    case VTR_TYPE_I16:
        return ((const int16_t *)frame)[i];
    case VTR_TYPE_I32:
        return ((const int32_t *)frame)[i];
    case VTR_TYPE_F32:
        return (double)((const float *)frame)[i];
    default:
        return ((const double *)frame)[i];
    }
}

/* n pixels over the whole range of the type. */
static inline void case_fill(vtr_type type, void *frame, size_t n, vtr_random *random)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t r = vtr_random_u32(random);
        float real = (float)(1000 * vtr_random_uniform(random) - 100);
        double wide = (double)real * 1.000000001;
        if (type == VTR_TYPE_F32)
            ((float *)frame)[i] = real;
        else if (type == VTR_TYPE_F64)
            ((double *)frame)[i] = wide;
        else
            memcpy((char *)frame + i * vtr_type_size(type), &r, vtr_type_size(type));
    }
}

#endif
