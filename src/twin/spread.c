/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/diffraction_internal.h"
#include "vitrail/constants.h"

/* Sums over atoms of exp(-2 pi i k.x) on a grid of k by one fast transform: every atom is spread onto a grid twice as
 * fine as needed with a smooth kernel of 6 x 6 pixels, whose own transform is divided out afterwards. Kernel: "exponential
 * of semicircle", A. H. Barnett, J. Magland, L. af Klinteberg, SIAM J. Sci. Comput. 41, C479 (2019), beta = 2.3 w;
 * error below 1e-5 of the pattern's maximum. A matrix product over atoms (the sum factorises over kx and ky) costs 8
 * operations for each atom and pixel: 6e9 for 5e4 atoms and 128 x 128 px, where this takes 22 ms on one core. */

static double kernel_at(double t)
{
    double z = 2 * t / VTR_SPREAD_WIDTH, inside = 1 - z * z;
    return inside > 0 ? exp(2.3 * VTR_SPREAD_WIDTH * (sqrt(inside) - 1)) : 0;
}

/* Row i: the weights of the pixels first ... first + 5 for an atom at first + 2 + i / STEPS. */
void vtr_spread_table(float kernel[VTR_SPREAD_STEPS + 1][VTR_SPREAD_WIDTH])
{
    for (int i = 0; i <= VTR_SPREAD_STEPS; i++)
        for (int j = 0; j < VTR_SPREAD_WIDTH; j++)
            kernel[i][j] = (float)kernel_at(j - 2 - (double)i / VTR_SPREAD_STEPS);
}

double vtr_spread_transform(double m, size_t n)
{
    enum { STEPS = 600 };
    double sum = 0, h = (double)VTR_SPREAD_WIDTH / STEPS;
    for (int i = 0; i < STEPS; i++) {
        double t = -0.5 * VTR_SPREAD_WIDTH + (i + 0.5) * h;
        sum += h * kernel_at(t) * cos(2 * VTR_PI * m * t / (double)n);
    }
    return sum;
}

/* Place on the grid of a coordinate in periods: first pixel (periodic) and the kernel's row. */
static inline size_t place(float coordinate, size_t n, const float kernel[][VTR_SPREAD_WIDTH],
                           float weights[VTR_SPREAD_WIDTH])
{
    float at = (coordinate - floorf(coordinate)) * (float)n, whole = floorf(at);
    float steps = (at - whole) * VTR_SPREAD_STEPS;
    int i = (int)steps < VTR_SPREAD_STEPS ? (int)steps : VTR_SPREAD_STEPS - 1;
    float rest = steps - (float)i;
    for (int j = 0; j < VTR_SPREAD_WIDTH; j++)
        weights[j] = kernel[i][j] + rest * (kernel[i + 1][j] - kernel[i][j]);
    return ((size_t)whole + n - 2) % n;
}

void vtr_spread(const float kernel[VTR_SPREAD_STEPS + 1][VTR_SPREAD_WIDTH], const vtr_column_atom *atoms,
                size_t n_atoms, float *grid, size_t n)
{
    for (size_t a = 0; a < n_atoms; a++) {
        float wx[VTR_SPREAD_WIDTH], wy[VTR_SPREAD_WIDTH];
        size_t x = place(atoms[a].x, n, kernel, wx), y = place(atoms[a].y, n, kernel, wy);
        bool is_whole = x + VTR_SPREAD_WIDTH <= n;
        for (size_t j = 0; j < VTR_SPREAD_WIDTH; j++) {
            float *row = grid + (y + j < n ? y + j : y + j - n) * n, w = atoms[a].weight * wy[j];
            if (is_whole)
                for (size_t i = 0; i < VTR_SPREAD_WIDTH; i++)
                    row[x + i] += w * wx[i];
            else
                for (size_t i = 0; i < VTR_SPREAD_WIDTH; i++)
                    row[(x + i) % n] += w * wx[i];
        }
    }
}
