/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "vitrail/ring_map.h"

static vtr_status axis_step(double *step_nm, const vtr_mapfile *file, const char *group, const char *axis,
                            size_t n, vtr_error *err)
{
    char unit[32];
    double ends[2];
    const size_t last = n - 1, first = 0, one = 1;
    *step_nm = NAN;
    if (n < 2 || !vtr_mapfile_has(file, group, axis)) return VTR_OK;
    vtr_status status = vtr_mapfile_read_text(file, group, axis, "units", unit, sizeof unit, err);
    if (status == VTR_ERR_NOT_FOUND || (status == VTR_OK && strcmp(unit, "nm") != 0)) return VTR_OK;
    if (status == VTR_OK)
        status = vtr_mapfile_read_block(file, group, axis, VTR_TYPE_F64, 1, &first, &one, &ends[0], err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_block(file, group, axis, VTR_TYPE_F64, 1, &last, &one, &ends[1], err);
    if (status == VTR_OK) *step_nm = fabs(ends[1] - ends[0]) / (double)(n - 1);
    return status;
}

vtr_status vtr_mapfile_read_scan_steps(const vtr_mapfile *file, const char *group, size_t n_y, size_t n_x,
                                       double step_nm[2], vtr_error *err)
{
    vtr_status status = axis_step(&step_nm[0], file, group, "scan_y", n_y, err);
    if (status == VTR_OK) status = axis_step(&step_nm[1], file, group, "scan_x", n_x, err);
    if (status != VTR_OK) return status;
    if (n_y == 1) step_nm[0] = step_nm[1]; /* a scan of one line */
    if (n_x == 1) step_nm[1] = step_nm[0];
    return VTR_OK;
}
