/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "model/model_internal.h"
#include "twin/structure_internal.h"

/* The vector after between two atoms that were `before` apart: of all its images the one nearest to where the cell's own
 * deformation takes it. */
static void vector_after(double after[3], const vtr_structure *b, const double inverse_before[3][3],
                         const double inverse_after[3][3], const double before[3], size_t from, size_t to)
{
    for (int j = 0; j < 3; j++)
        after[j] = b->position[to][j] - b->position[from][j];
    if (!b->is_periodic) return;
    for (int j = 0; j < 3; j++) {
        double f = 0, expected = 0;
        for (int i = 0; i < 3; i++) {
            f += (b->position[to][i] - b->position[from][i]) * inverse_after[i][j];
            expected += before[i] * inverse_before[i][j];
        }
        double turns = round(expected - f);
        for (int i = 0; i < 3; i++)
            after[i] += turns * b->cell[j][i];
    }
}

static void set_strain(vtr_local_deformation *out, const double j[3][3])
{
    static const int rows[6] = {0, 1, 2, 1, 0, 0}, columns[6] = {0, 1, 2, 2, 2, 1};
    for (int k = 0; k < 6; k++) {
        double sum = rows[k] == columns[k] ? -1 : 0;
        for (int i = 0; i < 3; i++)
            sum += j[i][rows[k]] * j[i][columns[k]];
        out->strain[k] = sum / 2;
    }
    const double *e = out->strain;
    double xy = e[0] - e[1], yz = e[1] - e[2], zx = e[2] - e[0];
    out->shear = sqrt(e[3] * e[3] + e[4] * e[4] + e[5] * e[5] + (xy * xy + yz * yz + zx * zx) / 6);
}

/* J = (sum after before^T) (sum before before^T)^-1. */
static void fit(vtr_local_deformation *out, const double (*before)[3], const double (*after)[3], size_t n)
{
    double v[9] = {0}, x[9] = {0},
           left = 0; /* v symmetric; x: row i of J solves v x_i = sum before after_i */
    *out = (vtr_local_deformation){.n_neighbours = n, .d2min_angstrom2 = NAN, .shear = NAN};
    for (int k = 0; k < 6; k++)
        out->strain[k] = NAN;
    for (size_t m = 0; m < n; m++)
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++) {
                v[3 * a + b] += before[m][a] * before[m][b];
                x[3 * a + b] += after[m][a] * before[m][b];
            }
    double widest = fmax(v[0], fmax(v[4], v[8]));
    if (n < 3 || LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', 3, v, 3) != 0) return;
    if (fmin(v[0], fmin(v[4], v[8])) < 1e-6 * sqrt(widest)) return; /* all in one plane */
    LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'L', 3, 3, v, 3, x, 3);
    double j[3][3];
    memcpy(j, x, sizeof j);
    for (size_t m = 0; m < n; m++)
        for (int a = 0; a < 3; a++) {
            double off = after[m][a];
            for (int b = 0; b < 3; b++)
                off -= j[a][b] * before[m][b];
            left += off * off;
        }
    out->d2min_angstrom2 = left / (double)n;
    set_strain(out, j);
}

static vtr_status check(const vtr_structure *before, const vtr_structure *after, vtr_error *err)
{
    if (before->n != after->n)
        return vtr_fail(err, VTR_ERR_SHAPE, "%zu atoms before and %zu after", before->n, after->n);
    if (before->is_periodic != after->is_periodic)
        return vtr_fail(err, VTR_ERR_SHAPE, "one of the two is periodic, the other a particle");
    for (size_t i = 0; i < before->n; i++)
        if (before->number[i] != after->number[i])
            return vtr_fail(err, VTR_ERR_SHAPE,
                            "atom %zu is another element after; the order has to be the same", i + 1);
    return VTR_OK;
}

typedef struct scratch {
    vtr_neighbours near;
    size_t room;
    double (*before)[3], (*after)[3];
} scratch;

static bool gather(scratch *s, const vtr_surroundings *around, const vtr_structure *after,
                   const double inverse_before[3][3], const double inverse_after[3][3], size_t atom,
                   double cutoff)
{
    if (!vtr_neighbours_get(&s->near, around, atom, cutoff)) return false;
    if (s->near.n > s->room) {
        vtr_free(s->before);
        vtr_free(s->after);
        s->room = s->near.room;
        s->before = vtr_malloc(s->room, sizeof *s->before);
        s->after = vtr_malloc(s->room, sizeof *s->after);
        if (s->before == NULL || s->after == NULL) {
            s->room = 0;
            return false;
        }
    }
    for (size_t k = 0; k < s->near.n; k++) {
        memcpy(s->before[k], s->near.list[k].to, sizeof *s->before);
        vector_after(s->after[k], after, inverse_before, inverse_after, s->before[k], atom,
                     s->near.list[k].atom);
    }
    return true;
}

vtr_status vtr_local_deformations(vtr_local_deformation *out, const vtr_structure *before,
                                  const vtr_structure *after, double cutoff_angstrom, int threads,
                                  vtr_error *err)
{
    vtr_surroundings around = {0};
    double inverse_before[3][3] = {{0}}, inverse_after[3][3] = {{0}};
    vtr_status status = check(before, after, err);
    if (status == VTR_OK) status = vtr_surroundings_make(&around, before, cutoff_angstrom, err);
    if (status != VTR_OK) return status;
    if (before->is_periodic) {
        vtr_structure_invert(inverse_before, before->cell);
        vtr_structure_invert(inverse_after, after->cell);
    }
    bool is_short = false;
#pragma omp parallel num_threads(vtr_thread_count(threads)) reduction(|| : is_short)
    {
        scratch s = {0};
#pragma omp for schedule(dynamic, 64)
        for (size_t i = 0; i < before->n; i++) {
            if (gather(&s, &around, after, inverse_before, inverse_after, i, cutoff_angstrom))
                fit(&out[i], s.before, s.after, s.near.n);
            else
                is_short = true;
        }
        vtr_free(s.near.list);
        vtr_free(s.before);
        vtr_free(s.after);
    }
    vtr_surroundings_release(&around);
    return is_short
               ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the neighbours of %zu atoms", before->n)
               : VTR_OK;
}
