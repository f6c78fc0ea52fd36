/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/structure_internal.h"
#include "vitrail/constants.h"

static void cross(double out[3], const double a[3], const double b[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

double vtr_structure_determinant(const double cell[3][3])
{
    double normal[3];
    cross(normal, cell[1], cell[2]);
    return cell[0][0] * normal[0] + cell[0][1] * normal[1] + cell[0][2] * normal[2];
}

void vtr_structure_invert(double inverse[3][3], const double cell[3][3])
{
    double determinant = vtr_structure_determinant(cell);
    for (int j = 0; j < 3; j++) {
        double normal[3];
        cross(normal, cell[(j + 1) % 3], cell[(j + 2) % 3]);
        for (int i = 0; i < 3; i++)
            inverse[i][j] = normal[i] / determinant;
    }
}

void vtr_structure_widths(double widths[3], const double cell[3][3])
{
    double inverse[3][3];
    vtr_structure_invert(inverse, cell);
    for (int j = 0; j < 3; j++)
        widths[j] = 1 / sqrt(inverse[0][j] * inverse[0][j] + inverse[1][j] * inverse[1][j] +
                             inverse[2][j] * inverse[2][j]);
}

void vtr_structure_from_fractions(double position[3], const double cell[3][3], const double fraction[3])
{
    for (int i = 0; i < 3; i++)
        position[i] = fraction[0] * cell[0][i] + fraction[1] * cell[1][i] + fraction[2] * cell[2][i];
}

/* A right angle is meant exactly. */
static double cosine(double degrees)
{
    return degrees == 90 ? 0 : cos(degrees * VTR_RADIANS_PER_DEGREE);
}

void vtr_structure_cell_from_angles(double cell[3][3], const double lengths[3], const double angles[3])
{
    double alpha = cosine(angles[0]), beta = cosine(angles[1]), gamma = cosine(angles[2]);
    double sine = sqrt(1 - gamma * gamma), tilt = (alpha - beta * gamma) / sine;
    double up = sqrt(1 - beta * beta - tilt * tilt);
    const double unit[3][3] = {{1, 0, 0}, {gamma, sine, 0}, {beta, tilt, up}};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            cell[i][j] = lengths[i] * unit[i][j];
}

double vtr_structure_volume(const vtr_structure *structure)
{
    return structure->is_periodic ? fabs(vtr_structure_determinant(structure->cell)) : NAN;
}

double vtr_structure_number_density(const vtr_structure *structure)
{
    return (double)structure->n / vtr_structure_volume(structure);
}
