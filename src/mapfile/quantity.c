/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "mapfile/mapfile_internal.h"

vtr_status vtr_mapfile_write_quantity(vtr_mapfile *file, const char *group, const char *name, vtr_type type,
                                      size_t rank, const size_t *shape, const void *values,
                                      const void *errors, const char *unit, const char *long_name,
                                      vtr_error *err)
{
    char errors_name[VTR_MAPFILE_PATH_MAX], errors_long_name[VTR_MAPFILE_PATH_MAX];
    snprintf(errors_name, sizeof errors_name, "%s_errors", name);
    snprintf(errors_long_name, sizeof errors_long_name, "standard deviation of %s", name);
    vtr_status status = vtr_mapfile_write(file, group, name, type, rank, shape, values, unit, long_name, err);
    if (status != VTR_OK) return status;
    return vtr_mapfile_write(file, group, errors_name, type, rank, shape, errors, unit, errors_long_name,
                             err);
}

vtr_status vtr_mapfile_write_attributes(vtr_mapfile *file, const char *group,
                                        const vtr_mapfile_attribute *attributes, size_t n, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        status = vtr_mapfile_write_numbers(file, group, NULL, attributes[i].name, attributes[i].n,
                                           attributes[i].values, err);
    return status;
}
