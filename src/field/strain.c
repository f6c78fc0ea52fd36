/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "field/field_internal.h"
#include "vitrail/constants.h"

static const vtr_sym2 unit_matrices[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

static void rotation(double r[2][2], double degrees)
{
    double angle = degrees * VTR_RADIANS_PER_DEGREE;
    r[0][0] = r[1][1] = cos(angle);
    r[1][0] = sin(angle);
    r[0][1] = -r[1][0];
}

void vtr_strain_frame_set(vtr_strain_frame *frame, const vtr_field_reference *reference,
                          const vtr_field_params *params)
{
    double t[2][2], axis[2][2];
    rotation(t, params->scan_rotation_degrees);
    if (params->flip == VTR_FLIP_YES) {
        t[0][1] = -t[0][1];
        t[1][1] = -t[1][1];
    }
    rotation(axis, params->axis_degrees);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            frame->q[i][j] = t[i][0] * axis[0][j] + t[i][1] * axis[1][j];
    frame->d = vtr_sym2_inverse((vtr_sym2){reference->w[0], reference->w[1], reference->w[2]});
    memcpy(frame->reference_covariance, reference->covariance, sizeof frame->reference_covariance);
    frame->is_first_order = params->is_first_order;
}

/* covariance += J C J^T, J given by its columns. */
static void add_propagated(double covariance[3][3], const vtr_sym2 columns[3], const double c[3][3])
{
    double j[3][3], jc[3][3] = {{0}};
    for (int k = 0; k < 3; k++) {
        j[0][k] = columns[k].xx;
        j[1][k] = columns[k].yy;
        j[2][k] = columns[k].xy;
    }
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            for (int k = 0; k < 3; k++)
                jc[a][b] += j[a][k] * c[k][b];
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            for (int k = 0; k < 3; k++)
                covariance[a][b] += jc[a][k] * j[b][k];
}

/* From a differential of A = D W^2 D to that of e in the frame. */
static vtr_sym2 strain_differential(vtr_sym2 s, vtr_sym2 s_inverse, vtr_sym2 da,
                                    const vtr_strain_frame *frame)
{
    vtr_sym2 ds = vtr_sym2_sylvester(s, da);
    if (frame->is_first_order) ds = vtr_sym2_sandwich(s_inverse, ds);
    return vtr_sym2_turn(ds, frame->q);
}

/* Strain of one ellipse by matrices, with its covariance.
 *
 *   A = D W^2 D,  S = sqrtm(A),  e = S - I   (first order: I - S^-1, whose eigenvalues are (k0 - k_i)/k0)
 *   dA = D (W dW + dW W) D - (A dW_ref D + D dW_ref A),   S dS + dS S = dA
 *
 * Given     w, w_covariance   W and its covariance, detector frame; (xx, yy, xy)
 * Returned  e, covariance     (exx, eyy, exy) in the frame; e is exact to some 1e-15 */
void vtr_strain_point(double e[3], double covariance[3][3], const double w[3],
                      const double w_covariance[3][3], const vtr_strain_frame *frame)
{
    vtr_sym2 matrix = {w[0], w[1], w[2]}, d = frame->d;
    vtr_sym2 a = vtr_sym2_sandwich(d, vtr_sym2_square(matrix)), s = vtr_sym2_root(a);
    vtr_sym2 s_inverse = vtr_sym2_inverse(s);
    vtr_sym2 strain = frame->is_first_order ? (vtr_sym2){1 - s_inverse.xx, 1 - s_inverse.yy, -s_inverse.xy}
                                            : (vtr_sym2){s.xx - 1, s.yy - 1, s.xy};
    strain = vtr_sym2_turn(strain, frame->q);
    e[0] = strain.xx;
    e[1] = strain.yy;
    e[2] = strain.xy;
    if (covariance == NULL) return;
    vtr_sym2 columns[3];
    memset(covariance, 0, 9 * sizeof(double));
    for (int k = 0; k < 3; k++) {
        vtr_sym2 da = vtr_sym2_sandwich(d, vtr_sym2_anticommutator(matrix, unit_matrices[k]));
        columns[k] = strain_differential(s, s_inverse, da, frame);
    }
    add_propagated(covariance, columns, w_covariance);
    for (int k = 0; k < 3; k++) {
        vtr_sym2 da =
            vtr_sym2_triple(a, unit_matrices[k], d); /* the sign does not matter to the covariance */
        columns[k] = strain_differential(s, s_inverse, da, frame);
    }
    add_propagated(covariance, columns, frame->reference_covariance);
}
