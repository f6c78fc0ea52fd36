/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "pdf/profile_axis.h"

enum { MIN_POINTS = 10 };

static vtr_status fill(vtr_profile_text *p, const float *values, size_t columns, bool is_by_rows,
                       const char *path, vtr_error *err)
{
    size_t across = is_by_rows ? 1 : columns, along = is_by_rows ? p->n : 1;
    for (size_t i = 0; i < p->n; i++) {
        p->x[i] = (double)values[i * across];
        p->y[i] = (double)values[i * across + along];
        if (p->error != NULL) p->error[i] = (double)values[i * across + 2 * along];
        if (!isfinite(p->x[i]) || (i > 0 && !(p->x[i] > p->x[i - 1])))
            return vtr_fail(err, VTR_ERR_FORMAT, "'%s', point %zu: x has to be finite and to ascend", path,
                            i + 1);
    }
    return VTR_OK;
}

vtr_status vtr_profile_array_read(vtr_profile_text *out, vtr_dataset *dataset,
                                  const vtr_profile_text_params *given, vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const char *path = vtr_dataset_path(dataset);
    vtr_profile_text_params params = given != NULL ? *given : vtr_profile_text_default_params();
    size_t n_y = info->shape[2], n_x = info->shape[3], columns = n_y < n_x ? n_y : n_x;
    if (info->shape[0] * info->shape[1] != 1 || columns < 2 || columns > 3 ||
        n_y * n_x < MIN_POINTS * columns)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s' is no profile: an array of 2 or 3 rows or columns", path);
    vtr_profile_text p = {.n = n_y * n_x / columns};
    float *values = vtr_malloc(n_y * n_x, sizeof *values);
    p.x = vtr_calloc(p.n, sizeof *p.x);
    p.y = vtr_calloc(p.n, sizeof *p.y);
    p.error = columns == 3 ? vtr_calloc(p.n, sizeof *p.error) : NULL;
    vtr_status status = values == NULL || p.x == NULL || p.y == NULL || (columns == 3 && p.error == NULL)
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a profile")
                            : vtr_dataset_read_f32(dataset, 0, 1, values, err);
    if (status == VTR_OK) status = fill(&p, values, columns, n_y == columns, path, err);
    vtr_free(values);
    if (status != VTR_OK) {
        vtr_profile_text_release(&p);
        return status;
    }
    vtr_profile_axis_find(&p, path, false, &params);
    *out = p;
    return VTR_OK;
}
