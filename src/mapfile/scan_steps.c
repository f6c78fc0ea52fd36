/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "vitrail/ring_map.h"

static double axis_step(const vtr_mapfile *file, const char *group, const char *axis, size_t n)
{
    char unit[32];
    double ends[2];
    const size_t last = n - 1, first = 0, one = 1;
    if (n < 2 || !vtr_mapfile_has(file, group, axis) ||
        vtr_mapfile_read_text(file, group, axis, "units", unit, sizeof unit, NULL) != VTR_OK ||
        strcmp(unit, "nm") != 0)
        return NAN;
    if (vtr_mapfile_read_block(file, group, axis, VTR_TYPE_F64, 1, &first, &one, &ends[0], NULL) != VTR_OK ||
        vtr_mapfile_read_block(file, group, axis, VTR_TYPE_F64, 1, &last, &one, &ends[1], NULL) != VTR_OK)
        return NAN;
    return fabs(ends[1] - ends[0]) / (double)(n - 1);
}

void vtr_mapfile_read_scan_steps(const vtr_mapfile *file, const char *group, size_t n_y, size_t n_x,
                                 double step_nm[2])
{
    step_nm[0] = axis_step(file, group, "scan_y", n_y);
    step_nm[1] = axis_step(file, group, "scan_x", n_x);
    if (n_y == 1) step_nm[0] = step_nm[1]; /* a scan of one line */
    if (n_x == 1) step_nm[1] = step_nm[0];
}
