/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bound.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "scene.h"
#include "twin/eshelby_internal.h"
#include "vitrail/constants.h"

enum { P = VTR_INCLUSION_N, ALL = P + 3, PARTS = 3, SUB = 9 };
#define STEP 5.8

/* (t, c, s) of the twin's strain, mean over the cell around a place. */
static void cell(double mean[PARTS], const double q[P], double y, double x)
{
    const vtr_twin_inclusion inclusion = {.radius_nm = q[VTR_INCLUSION_RADIUS],
                                          .shear = hypot(q[VTR_INCLUSION_C], q[VTR_INCLUSION_S]),
                                          .angle_degrees = atan2(q[VTR_INCLUSION_S], q[VTR_INCLUSION_C]) / 2 /
                                                           VTR_RADIANS_PER_DEGREE,
                                          .dilation = q[VTR_INCLUSION_D],
                                          .poisson = 0.33};
    memset(mean, 0, PARTS * sizeof *mean);
    for (int k = 0; k < SUB * SUB; k++) {
        double e[3], dy = STEP * ((k / SUB + 0.5) / SUB - 0.5), dx = STEP * ((k % SUB + 0.5) / SUB - 0.5);
        vtr_eshelby_elastic_strain(&inclusion, y + dy - q[VTR_INCLUSION_Y], x + dx - q[VTR_INCLUSION_X], e);
        mean[0] += (e[0] + e[1]) / (SUB * SUB);
        mean[1] += (e[0] - e[1]) / 2 / (SUB * SUB);
        mean[2] += e[2] / (SUB * SUB);
    }
}

/* Derivatives of all three parts at n places, [PARTS][ALL][n], and the plane's terms. Differences over half a step run
 * over the points that stand for a cell. */
static void derivatives(double *jacobian, const double q[P], const double (*place)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double plane[3] = {1, (place[i][0] - q[0]) / 50, (place[i][1] - q[1]) / 50};
        for (size_t k = 0; k < ALL; k++) {
            double up[PARTS], down[PARTS], moved[P], h = k <= VTR_INCLUSION_RADIUS ? 0.25 * STEP : 1e-4;
            if (k < P) {
                memcpy(moved, q, sizeof moved);
                moved[k] += h;
                cell(up, moved, place[i][0], place[i][1]);
                moved[k] -= 2 * h;
                cell(down, moved, place[i][0], place[i][1]);
            }
            for (size_t j = 0; j < PARTS; j++)
                jacobian[(j * ALL + k) * n + i] = k < P ? (up[j] - down[j]) / (2 * h) : plane[k - P];
        }
    }
}

/* information += what one part says; its plane is eliminated. */
static void add_part(double information[P][P], double *jacobian, double *factor, const double (*place)[2],
                     size_t n, double noise, double matrix, double length_nm)
{
    lapack_int order = (lapack_int)n;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            double r = hypot(place[a][0] - place[b][0], place[a][1] - place[b][1]) / length_nm;
            factor[a * n + b] = matrix * exp(-r * r) + (a == b ? noise : 0);
        }
    assert_int_equal(LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', order, factor, order), 0);
    assert_int_equal(
        LAPACKE_dtrtrs(LAPACK_COL_MAJOR, 'L', 'N', 'N', order, ALL, factor, order, jacobian, order), 0);
    double f[ALL][ALL];
    for (size_t k = 0; k < ALL; k++)
        for (size_t l = 0; l < ALL; l++) {
            f[k][l] = 0;
            for (size_t i = 0; i < n; i++)
                f[k][l] += jacobian[k * n + i] * jacobian[l * n + i];
        }
    for (size_t drop = ALL - 1; drop >= P; drop--)
        for (size_t k = 0; k < drop; k++)
            for (size_t l = 0; l < drop; l++)
                f[k][l] -= f[k][drop] * f[drop][l] / f[drop][drop];
    for (size_t k = 0; k < P; k++)
        for (size_t l = 0; l < P; l++)
            information[k][l] += f[k][l];
}

void inclusion_bound(double covariance[P][P], const vtr_twin_inclusion *truth, double matrix_strain,
                     double matrix_length_nm)
{
    enum { MOST = SCENE_ONE_SIDE * SCENE_ONE_SIDE };
    static double place[MOST][2];
    double twice = 2 * truth->angle_degrees * VTR_RADIANS_PER_DEGREE, information[P][P] = {{0}};
    const double q[P] = {truth->centre_y_nm,        truth->centre_x_nm,        truth->radius_nm,
                         truth->shear * cos(twice), truth->shear * sin(twice), truth->dilation};
    size_t n = 0;
    for (size_t i = 0; i < MOST; i++) {
        place[n][0] = STEP * (double)(i / SCENE_ONE_SIDE);
        place[n][1] = STEP * (double)(i % SCENE_ONE_SIDE);
        n += hypot(place[n][0] - q[0], place[n][1] - q[1]) < 90;
    }
    double *jacobian = vtr_malloc(PARTS * ALL * n, sizeof *jacobian),
           *factor = vtr_malloc(n * n, sizeof *factor);
    assert_true(jacobian != NULL && factor != NULL);
    derivatives(jacobian, q, (const double(*)[2])place, n);
    double xx = SCENE_XX_ERROR * SCENE_XX_ERROR, xy = SCENE_XY_ERROR * SCENE_XY_ERROR,
           v = matrix_strain * matrix_strain;
    const double noise[PARTS] = {4 * (xx - xy), xy, xy}, matrix[PARTS] = {2 * v, v / 2, v};
    for (size_t j = 0; j < PARTS; j++)
        add_part(information, jacobian + j * ALL * n, factor, (const double(*)[2])place, n, noise[j],
                 matrix[j], matrix_length_nm);
    memcpy(covariance, information, sizeof information);
    assert_int_equal(LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', P, covariance[0], P), 0);
    assert_int_equal(LAPACKE_dpotri(LAPACK_COL_MAJOR, 'L', P, covariance[0], P), 0);
    for (size_t k = 0; k < P; k++)
        for (size_t l = 0; l < k; l++)
            covariance[k][l] = covariance[l][k];
    vtr_free(jacobian);
    vtr_free(factor);
}
