/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crystals.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"

static vtr_structure allocate(size_t n)
{
    vtr_structure s = {.n = n,
                       .number = vtr_calloc(n, sizeof *s.number),
                       .position = vtr_calloc(n, sizeof *s.position),
                       .composition = {.n = 1, .number = {29}, .fraction = {1}},
                       .n_of_element = {n}};
    assert_non_null(s.number);
    assert_non_null(s.position);
    for (size_t i = 0; i < n; i++)
        s.number[i] = 29;
    return s;
}

vtr_structure crystal_make(size_t n, const double edges[3], const double (*basis)[3], size_t n_basis,
                           double noise_angstrom)
{
    vtr_structure s = allocate(n * n * n * n_basis);
    vtr_random random;
    vtr_random_start(&random, 3, 1);
    s.is_periodic = true;
    for (int j = 0; j < 3; j++)
        s.cell[j][j] = (double)n * edges[j];
    for (size_t c = 0; c < n * n * n; c++) {
        const size_t at[3] = {c % n, c / n % n, c / n / n};
        for (size_t b = 0; b < n_basis; b++)
            for (int j = 0; j < 3; j++)
                s.position[c * n_basis + b][j] =
                    edges[j] * ((double)at[j] + basis[b][j]) + noise_angstrom * vtr_random_normal(&random);
    }
    return s;
}

vtr_structure crystal_fcc(size_t n, double noise_angstrom)
{
    static const double basis[4][3] = {{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}};
    return crystal_make(n, (const double[]){3.6, 3.6, 3.6}, basis, 4, noise_angstrom);
}

vtr_structure crystal_bcc(size_t n, double noise_angstrom)
{
    static const double basis[2][3] = {{0, 0, 0}, {0.5, 0.5, 0.5}};
    return crystal_make(n, (const double[]){2.87, 2.87, 2.87}, basis, 2, noise_angstrom);
}

vtr_structure crystal_hcp(size_t n, double noise_angstrom)
{
    static const double basis[4][3] = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 5. / 6, 0.5}, {0, 1. / 3, 0.5}};
    const double a = 2.6, edges[3] = {a, a * sqrt(3), a * sqrt(8. / 3)};
    return crystal_make(n, edges, basis, 4, noise_angstrom);
}

vtr_structure crystal_deformed(const vtr_structure *from, const double matrix[3][3])
{
    vtr_structure s = allocate(from->n);
    s.is_periodic = from->is_periodic;
    for (size_t i = 0; i < from->n; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                s.position[i][j] += matrix[j][k] * from->position[i][k];
    for (int e = 0; e < 3; e++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                s.cell[e][j] += matrix[j][k] * from->cell[e][k];
    return s;
}

vtr_structure crystal_icosahedron(void)
{
    const double golden = (1 + sqrt(5)) / 2, scale = 2.5 / sqrt(1 + golden * golden);
    vtr_structure s = allocate(13);
    for (size_t i = 0; i < 12; i++) {
        size_t axis = i / 4;
        s.position[i + 1][axis] = scale * (i & 1 ? 1 : -1);
        s.position[i + 1][(axis + 1) % 3] = scale * golden * (i & 2 ? 1 : -1);
    }
    return s;
}
