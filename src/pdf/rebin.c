/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "pdf/pdf_internal.h"
#include "vitrail/pdf_correct.h"

vtr_status vtr_profile_text_rebin(vtr_profile_text *p, double step, vtr_error *err)
{
    size_t n = 0;
    if (!(step > 0) || p->axis != VTR_PROFILE_AXIS_Q)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "steps of %g 1/Å: a profile over Q and a positive step are needed", step);
    for (size_t i = 0; i < p->n;) {
        double bin = floor(p->x[i] / step + 0.5), x = 0, y = 0, variance = 0;
        size_t first = i, count = 0;
        for (; i < p->n && floor(p->x[i] / step + 0.5) == bin; i++) {
            if (!isfinite(p->y[i])) continue;
            x += p->x[i];
            y += p->y[i];
            if (p->error != NULL) variance += p->error[i] * p->error[i];
            count++;
        }
        /* what lies at `n` has been read already: bins hold at least one point each */
        p->x[n] = count > 0 ? x / (double)count : p->x[first];
        p->y[n] = count > 0 ? y / (double)count : NAN;
        if (p->error != NULL) p->error[n] = count > 0 ? sqrt(variance) / (double)count : NAN;
        n++;
    }
    if (n < 10) return vtr_fail(err, VTR_ERR_NO_DATA, "steps of %g 1/Å leave %zu points, too few", step, n);
    p->n = n;
    return VTR_OK;
}
