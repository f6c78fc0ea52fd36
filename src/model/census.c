/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

static int by_faces(const void *a, const void *b)
{
    const vtr_voronoi_index *x = a, *y = b;
    for (int k = 0; k < 4; k++)
        if (x->faces[k] != y->faces[k]) return x->faces[k] < y->faces[k] ? -1 : 1;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const vtr_voronoi_index *x = a, *y = b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return by_faces(a, b);
}

vtr_status vtr_voronoi_census(vtr_voronoi_index **out, size_t *n_list, size_t *n_cells,
                              const vtr_voronoi_cell *cells, const vtr_structure *structure, int element,
                              vtr_error *err)
{
    size_t n = 0, kept = 0;
    vtr_voronoi_index *list = vtr_malloc(structure->n, sizeof *list);
    if (list == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the indices of %zu cells", structure->n);
    for (size_t i = 0; i < structure->n; i++) {
        if (cells[i].is_open || (element != 0 && structure->number[i] != element)) continue;
        memcpy(list[n].faces, cells[i].faces + 3, sizeof list[n].faces);
        list[n++].n = 1;
    }
    qsort(list, n, sizeof *list, by_faces);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && by_faces(&list[kept - 1], &list[i]) == 0)
            list[kept - 1].n++;
        else
            list[kept++] = list[i];
    }
    qsort(list, kept, sizeof *list, by_number);
    *out = list;
    *n_list = kept;
    *n_cells = n;
    return VTR_OK;
}

void vtr_voronoi_census_free(vtr_voronoi_index *list)
{
    vtr_free(list);
}
