/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "vitrail/pdf_text.h"

vtr_status vtr_profile_text_subtract(vtr_profile_text *p, const vtr_profile_text *b, double scale,
                                     vtr_error *err)
{
    if (p->axis != VTR_PROFILE_AXIS_Q || b->axis != VTR_PROFILE_AXIS_Q)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "a background can be taken off where both profiles are over Q");
    size_t j = 0;
    for (size_t i = 0; i < p->n; i++) {
        double x = p->x[i];
        while (j + 2 < b->n && b->x[j + 1] < x)
            j++;
        double t = (x - b->x[j]) / (b->x[j + 1] - b->x[j]);
        bool is_covered = t > -1e-9 && t < 1 + 1e-9;
        /* a point on a point needs nothing of the next one, which may be without data */
        double low = t < 1 - 1e-9 ? (1 - t) * b->y[j] : 0, high = t > 1e-9 ? t * b->y[j + 1] : 0;
        p->y[i] = is_covered ? p->y[i] - scale * (low + high) : NAN;
        if (p->error == NULL || b->error == NULL || !is_covered) continue;
        double e_low = (1 - t) * b->error[j], e_high = t * b->error[j + 1];
        p->error[i] = sqrt(p->error[i] * p->error[i] + scale * scale * (e_low * e_low + e_high * e_high));
    }
    return VTR_OK;
}
