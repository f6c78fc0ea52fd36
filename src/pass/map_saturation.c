/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

/* A direct beam that saturates the camera is usual and does the ring no harm; it is looked for in the ring's annulus,
 * and only in frames that hold a saturated pixel somewhere. */

static bool is_inside(const vtr_polar_plan *plan, size_t x, size_t y, const double annulus_px[2])
{
    double vx = (double)x - plan->centre_x_px, vy = (double)y - plan->centre_y_px;
    double r = hypot(plan->wxx * vx + plan->wxy * vy, plan->wxy * vx + plan->wyy * vy);
    return r >= annulus_px[0] && r <= annulus_px[1];
}

/* Counts the stretches, and lists them where there is a list. */
static size_t list_stretches(size_t (*stretches)[2], const vtr_polar_plan *plan, const unsigned char *used,
                             const double annulus_px[2])
{
    size_t n = 0;
    bool is_within = false;
    for (size_t p = 0; p < plan->det_y * plan->det_x; p++) {
        bool is_pixel = used[p] && is_inside(plan, p % plan->det_x, p / plan->det_x, annulus_px);
        if (is_pixel && !is_within && stretches != NULL) stretches[n][0] = p;
        if (!is_pixel && is_within && stretches != NULL) stretches[n][1] = p;
        if (!is_pixel && is_within) n++;
        is_within = is_pixel;
    }
    if (is_within && stretches != NULL) stretches[n][1] = plan->det_y * plan->det_x;
    return n + is_within;
}

vtr_status map_annulus_create(map_annulus *annulus, const vtr_polar_plan *plan, const unsigned char *used,
                              const double annulus_px[2], vtr_error *err)
{
    annulus->n = list_stretches(NULL, plan, used, annulus_px);
    annulus->stretches = vtr_calloc(annulus->n, sizeof *annulus->stretches);
    if (annulus->stretches == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ring's annulus");
    list_stretches(annulus->stretches, plan, used, annulus_px);
    return VTR_OK;
}

#define REACHES(c_type)                                                                                      \
    do {                                                                                                     \
        const c_type *values = frame;                                                                        \
        for (size_t i = 0; i < annulus->n; i++) {                                                            \
            c_type most = values[annulus->stretches[i][0]];                                                  \
            for (size_t p = annulus->stretches[i][0]; p < annulus->stretches[i][1]; p++)                     \
                most = values[p] > most ? values[p] : most;                                                  \
            if ((double)most >= level) return true;                                                          \
        }                                                                                                    \
        return false;                                                                                        \
    } while (0)

bool map_annulus_reaches(const map_annulus *annulus, vtr_type type, const void *frame, double level)
{
    switch (type) {
    case VTR_TYPE_U8:
        REACHES(uint8_t);
    case VTR_TYPE_U16:
        REACHES(uint16_t);
    case VTR_TYPE_U32:
        REACHES(uint32_t);
    case VTR_TYPE_I8:
        REACHES(int8_t);
    case VTR_TYPE_I16:
        REACHES(int16_t);
    case VTR_TYPE_I32:
        REACHES(int32_t);
    case VTR_TYPE_F32:
        REACHES(float);
    case VTR_TYPE_F64:
        REACHES(double);
    }
    return false;
}
