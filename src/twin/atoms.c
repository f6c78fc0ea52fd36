/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/atoms.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/structure.h"

void vtr_atoms_release(vtr_atoms *atoms)
{
    vtr_free(atoms->number);
    vtr_free(atoms->position);
    *atoms = (vtr_atoms){0};
}

static void wrap_into_box(vtr_atoms *atoms)
{
    for (size_t i = 0; i < atoms->n; i++)
        for (int j = 0; j < 3; j++) {
            double box = atoms->box[j], *p = &atoms->position[i][j];
            *p -= box * floor(*p / box);
            if (*p >= box) *p = 0;
        }
}

/* The edges of a rectangular cell; zeros of a particle. */
static vtr_status take_box(double box[3], const vtr_structure *structure, const char *path, vtr_error *err)
{
    const double(*cell)[3] = structure->cell;
    double slack = 1e-6 * (fabs(cell[0][0]) + fabs(cell[1][1]) + fabs(cell[2][2]));
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            if (i != j && fabs(cell[i][j]) > slack)
                return vtr_fail(err, VTR_ERR_FORMAT, "'%s': the box is not rectangular", path);
    for (int i = 0; i < 3; i++)
        box[i] = cell[i][i];
    return VTR_OK;
}

vtr_status vtr_atoms_read(vtr_atoms *atoms, const char *path, const double box[3], vtr_error *err)
{
    vtr_structure structure;
    vtr_status status = vtr_structure_read(&structure, path, NULL, err);
    if (status != VTR_OK) return status;
    double edges[3];
    status = take_box(edges, &structure, path, err);
    if (status != VTR_OK) {
        vtr_structure_release(&structure);
        return status;
    }
    /* number and position change hands */
    vtr_atoms read = {.n = structure.n,
                      .number = structure.number,
                      .position = structure.position,
                      .composition = structure.composition};
    memcpy(read.box, box != NULL ? box : edges, sizeof read.box);
    if (read.box[0] > 0) wrap_into_box(&read);
    *atoms = read;
    return VTR_OK;
}
