/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "export/export_internal.h"

/* Gwyddion Simple Field 1.0: a header of "name = value" lines, one to four zeros up to a multiple of four bytes, then
 * float32, little-endian, rows from the top. Sizes are in the base unit; NaN becomes Gwyddion's mask.
 * Format: Gwyddion user guide, "Simple Field Files". */

enum { ALIGNMENT = 4 };

/* The units that map files have, as the base units that the format asks for. */
static const char *base_unit(const vtr_export_item *item, double *factor)
{
    static const struct {
        const char *unit, *base;
        double factor;
    } units[] = {{"nm", "m", 1e-9},     {"angstrom", "m", 1e-10}, {"1/angstrom", "1/m", 1e10},
                 {"degree", "deg", 1},  {"degrees", "deg", 1},    {"px", "px", 1},
                 {"mrad", "rad", 1e-3}, {"urad", "rad", 1e-6}};
    *factor = 1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(item->unit, units[i].unit) == 0) {
            *factor = units[i].factor;
            return units[i].base;
        }
    return vtr_export_unit(item);
}

static vtr_status write_gsf(FILE *out, const vtr_export_job *job, vtr_error *err)
{
    static const char zeros[ALIGNMENT] = {0};
    const vtr_export_item *item = &job->items[0];
    const size_t n = item->n_y * item->n_x;
    double factor;
    const char *unit = base_unit(item, &factor);
    float *row = vtr_malloc(item->n_x, sizeof *row);
    if (row == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", job->path);
    int length = fprintf(out, "Gwyddion Simple Field 1.0\nXRes = %zu\nYRes = %zu\n", item->n_x, item->n_y);
    if (item->step_nm[0] > 0 && item->step_nm[1] > 0)
        length +=
            fprintf(out, "XReal = %.12g\nYReal = %.12g\nXYUnits = m\n",
                    1e-9 * item->step_nm[1] * (double)item->n_x, 1e-9 * item->step_nm[0] * (double)item->n_y);
    if (unit[0] != '\0') length += fprintf(out, "ZUnits = %s\n", unit);
    length += fprintf(out, "Title = %s/%s\n", item->group, item->name);
    fwrite(zeros, 1, (size_t)(ALIGNMENT - length % ALIGNMENT), out);
    for (size_t from = 0; from < n; from += item->n_x) {
        for (size_t x = 0; x < item->n_x; x++)
            row[x] = (float)(factor * item->values[from + x]);
        vtr_export_little_endian(row, item->n_x);
        fwrite(row, sizeof *row, item->n_x, out);
    }
    vtr_free(row);
    return VTR_OK;
}

const vtr_export_format vtr_export_gsf = {.endings = {".gsf"}, .write = write_gsf};
