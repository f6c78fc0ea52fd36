/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "export/export_internal.h"
#include "vitrail/ring_map.h"

void vtr_export_release(vtr_export_item *item)
{
    vtr_free(item->values);
    vtr_free(item->errors);
    memset(item, 0, sizeof *item);
}

/* The axis of the curves: the one of these names that has as many points. */
static vtr_status read_axis(vtr_export_item *item, const vtr_mapfile *file, vtr_error *err)
{
    static const char *const names[] = {"k", "Q", "r"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t rank = 0, shape[8] = {0};
        const size_t first = 0, two = 2;
        double ends[2];
        if (!vtr_mapfile_has(file, item->group, names[i]) ||
            vtr_mapfile_shape(file, item->group, names[i], &rank, shape, NULL, NULL) != VTR_OK || rank != 1 ||
            shape[0] != item->n_z)
            continue;
        vtr_status status =
            vtr_mapfile_read_block(file, item->group, names[i], VTR_TYPE_F64, 1, &first, &two, ends, err);
        if (status != VTR_OK) return status;
        snprintf(item->axis, sizeof item->axis, "%s", names[i]);
        item->axis_first = ends[0];
        item->axis_step = ends[1] - ends[0];
        if (vtr_mapfile_read_text(file, item->group, names[i], "units", item->axis_unit,
                                  sizeof item->axis_unit, NULL) != VTR_OK)
            item->axis_unit[0] = '\0';
        return VTR_OK;
    }
    return vtr_fail(err, VTR_ERR_SHAPE, "'%s/%s' has a third dimension without an axis", item->group,
                    item->name);
}

static vtr_status read_shape(vtr_export_item *item, const vtr_mapfile *file, vtr_error *err)
{
    size_t rank = 0, shape[8] = {0};
    vtr_status status = vtr_mapfile_shape(file, item->group, item->name, &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 2 && rank != 3)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s/%s' has %zu dimensions; a map has 2, curves over the scan 3",
                        item->group, item->name, rank);
    item->n_y = shape[0];
    item->n_x = shape[1];
    item->n_z = rank == 3 ? shape[2] : 1;
    return item->n_z > 1 ? read_axis(item, file, err) : VTR_OK;
}

static vtr_status read_values(vtr_export_item *item, const vtr_mapfile *file, vtr_error *err)
{
    char errors[80];
    size_t n = item->n_y * item->n_x * item->n_z;
    snprintf(errors, sizeof errors, "%s_errors", item->name);
    const bool has_errors = vtr_mapfile_has(file, item->group, errors);
    item->values = vtr_malloc(n, sizeof *item->values);
    if (has_errors) item->errors = vtr_malloc(n, sizeof *item->errors);
    if (item->values == NULL || (has_errors && item->errors == NULL))
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s/%s'", item->group, item->name);
    vtr_status status = vtr_mapfile_read(file, item->group, item->name, VTR_TYPE_F32, n, item->values, err);
    if (status == VTR_OK && has_errors)
        status = vtr_mapfile_read(file, item->group, errors, VTR_TYPE_F32, n, item->errors, err);
    return status;
}

vtr_status vtr_export_read(vtr_export_item *out, const vtr_mapfile *file, const char *group, const char *name,
                           vtr_error *err)
{
    vtr_export_item item = {0};
    snprintf(item.group, sizeof item.group, "%s", group);
    snprintf(item.name, sizeof item.name, "%s", name);
    vtr_status status = read_shape(&item, file, err);
    if (status == VTR_OK) status = read_values(&item, file, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_scan_steps(file, group, item.n_y, item.n_x, item.step_nm, err);
    if (status != VTR_OK) {
        vtr_export_release(&item);
        return status;
    }
    if (vtr_mapfile_read_text(file, group, name, "units", item.unit, sizeof item.unit, NULL) != VTR_OK)
        item.unit[0] = '\0';
    *out = item;
    return VTR_OK;
}
