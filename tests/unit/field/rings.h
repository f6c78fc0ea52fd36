/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_FIELD_RINGS_H
#define VITRAIL_TEST_FIELD_RINGS_H

/* Rings of known strain, made independently of the code under test: by eigenvalues and rotations. */

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/ring_map.h"

/* lambda_1 along the angle, lambda_2 across it; (xx, yy, xy). */
static inline void rings_tensor(double out[3], double along, double across, double degrees)
{
    double c = cos(degrees * VTR_RADIANS_PER_DEGREE), s = sin(degrees * VTR_RADIANS_PER_DEGREE);
    out[0] = along * c * c + across * s * s;
    out[1] = along * s * s + across * c * c;
    out[2] = (along - across) * c * s;
}

/* out = p^T m p for symmetric m and any p. */
static inline void rings_congruence(double out[3], const double m[3], const double p[2][2])
{
    const double a[2][2] = {{m[0], m[2]}, {m[2], m[1]}};
    double r[2][2] = {{0}};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 2; k++)
                for (int l = 0; l < 2; l++)
                    r[i][j] += p[k][i] * a[k][l] * p[l][j];
    out[0] = r[0][0];
    out[1] = r[1][1];
    out[2] = (r[0][1] + r[1][0]) / 2;
}

/* Square root by the angle and the eigenvalues. */
static inline void rings_root(double out[3], const double m[3])
{
    double half = (m[0] - m[1]) / 2, r = hypot(half, m[2]), mean = (m[0] + m[1]) / 2;
    rings_tensor(out, sqrt(mean + r), sqrt(mean - r), atan2(m[2], half) / 2 / VTR_RADIANS_PER_DEGREE);
}

/* W of a ring with strain e (detector frame) seen through W_ref: W^2 = W_ref (I + e)^2 W_ref. */
static inline void rings_w(double w[3], const double e[3], const double w_ref[3])
{
    const double f[2][2] = {{1 + e[0], e[2]}, {e[2], 1 + e[1]}}, one[3] = {1, 1, 0};
    const double p[2][2] = {{w_ref[0], w_ref[2]}, {w_ref[2], w_ref[1]}};
    double square[3], both[3];
    rings_congruence(square, one, f); /* f^T f */
    rings_congruence(both, square, p);
    rings_root(w, both);
}

/* Puts W, a centre and independent errors into a position of a map. */
static inline void rings_put(vtr_ring_map *map, size_t y, size_t x, const double w[3], double sigma)
{
    size_t i = y * map->n_x + x;
    double *e = map->ellipse + 5 * i, *c = map->covariance + 15 * i;
    e[0] = 64 + 0.25 * (double)x - 0.125 * (double)y;
    e[1] = 63 - 0.5 * (double)x + 0.0625 * (double)y;
    memcpy(e + 2, w, 3 * sizeof *w);
    for (size_t k = 0; k < 5; k++)
        c[vtr_ring_map_covariance_index(k, k)] = k == 4 ? sigma * sigma / 2 : sigma * sigma;
    map->chi2[i] = 1;
    map->radius_px = 60;
}

#endif
