/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line of a shear band that vitrail bands found, as a line to take profiles along or across. */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/line_profile.h"

static const char table[] = "bands";

/* "SB2" as 2; 0 where it is none. */
static size_t number_of(const char *name)
{
    size_t number = 0;
    bool is_band = vtr_text_starts_with(name, "SB") && strspn(name + 2, "0123456789") == strlen(name + 2);
    return is_band && vtr_parse_size(name + 2, &number) == 0 ? number : 0;
}

/* The number of a band; NAN where the table lacks it. */
static double cell(const vtr_mapfile *file, const char *column, size_t row)
{
    const size_t one = 1;
    double value;
    if (!vtr_mapfile_has(file, table, column) ||
        vtr_mapfile_read_block(file, table, column, VTR_TYPE_F64, 1, &row, &one, &value, NULL) != VTR_OK)
        return NAN;
    return value;
}

/* An arc of curvature c through the band's middle, as a path of chords: the place after the length s lies at
 * (sin c s, 1 - cos c s)/c along and across its tangent there. */
static void set_arc(vtr_line *line, const vtr_mapfile *file, size_t row, double c)
{
    enum { POINTS = 33 };
    double angle = cell(file, "angle", row) * VTR_RADIANS_PER_DEGREE, cosine = cos(angle), sine = sin(angle);
    double y = cell(file, "y", row), x = cell(file, "x", row), end[2];
    for (int k = 0; k < 2; k++) {
        double du = line->x_nm[k] - x, dv = line->y_nm[k] - y;
        double u = du * cosine + dv * sine, v = dv * cosine - du * sine;
        end[k] = atan2(c * u, 1 - c * v) / c;
    }
    line->n_points = POINTS;
    for (size_t k = 0; k < POINTS; k++) {
        double turn = c * (end[0] + (end[1] - end[0]) * (double)k / (POINTS - 1));
        double half = sin(turn / 2), u = sin(turn) / c, v = 2 * half * half / c;
        line->x_nm[k] = x + u * cosine - v * sine;
        line->y_nm[k] = y + u * sine + v * cosine;
    }
}

vtr_status vtr_line_of_band(vtr_line *out, const vtr_mapfile *file, const char *name, bool is_across,
                            vtr_error *err)
{
    size_t number = number_of(name), rank = 0, shape[8] = {0};
    if (number == 0) return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is no band; write SB1 for the first", name);
    if (vtr_mapfile_shape(file, table, "number", &rank, shape, NULL, NULL) != VTR_OK || rank != 1)
        shape[0] = 0;
    if (number > shape[0])
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "no band '%s': the map file has %zu; vitrail bands looks for them", name, shape[0]);
    size_t row = number - 1;
    vtr_line line = {.n_points = 2, .step_nm = NAN, .is_across = is_across};
    line.x_nm[0] = cell(file, "first_x", row);
    line.y_nm[0] = cell(file, "first_y", row);
    line.x_nm[1] = cell(file, "last_x", row);
    line.y_nm[1] = cell(file, "last_y", row);
    double curvature = cell(file, "curvature", row);
    if (cell(file, "curved", row) > 0 && isfinite(curvature) && curvature != 0)
        set_arc(&line, file, row, curvature);
    double decay = fmax(cell(file, "decay_below", row), cell(file, "decay_above", row));
    double width = is_across ? 4 * decay : 2 * cell(file, "width", row);
    line.width_nm = width > 0 ? width : 0;
    if (!isfinite(line.x_nm[0] + line.y_nm[0] + line.x_nm[1] + line.y_nm[1]))
        return vtr_fail(err, VTR_ERR_FORMAT, "band '%s' has no ends in the map file", name);
    *out = line;
    return VTR_OK;
}
