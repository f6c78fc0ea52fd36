/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"

double vtr_sym2_determinant(vtr_sym2 a)
{
    return a.xx * a.yy - a.xy * a.xy;
}

vtr_sym2 vtr_sym2_inverse(vtr_sym2 a)
{
    double determinant = vtr_sym2_determinant(a);
    return (vtr_sym2){a.yy / determinant, a.xx / determinant, -a.xy / determinant};
}

vtr_sym2 vtr_sym2_square(vtr_sym2 a)
{
    return (vtr_sym2){a.xx * a.xx + a.xy * a.xy, a.yy * a.yy + a.xy * a.xy, a.xy * (a.xx + a.yy)};
}

/* sqrt(A) = (A + s I)/t with s = sqrt(det A), t = sqrt(tr A + 2 s): Cayley-Hamilton for the root. */
vtr_sym2 vtr_sym2_root(vtr_sym2 a)
{
    double s = sqrt(vtr_sym2_determinant(a)), t = sqrt(a.xx + a.yy + 2 * s);
    return (vtr_sym2){(a.xx + s) / t, (a.yy + s) / t, a.xy / t};
}

vtr_sym2 vtr_sym2_anticommutator(vtr_sym2 a, vtr_sym2 b)
{
    return (vtr_sym2){2 * (a.xx * b.xx + a.xy * b.xy), 2 * (a.yy * b.yy + a.xy * b.xy),
                      a.xx * b.xy + a.xy * b.yy + b.xx * a.xy + b.xy * a.yy};
}

vtr_sym2 vtr_sym2_turn(vtr_sym2 a, const double q[2][2])
{
    double x0 = a.xx * q[0][0] + a.xy * q[1][0], x1 = a.xy * q[0][0] + a.yy * q[1][0];
    double y0 = a.xx * q[0][1] + a.xy * q[1][1], y1 = a.xy * q[0][1] + a.yy * q[1][1];
    return (vtr_sym2){q[0][0] * x0 + q[1][0] * x1, q[0][1] * y0 + q[1][1] * y1, q[0][0] * y0 + q[1][0] * y1};
}

vtr_sym2 vtr_sym2_sandwich(vtr_sym2 d, vtr_sym2 a)
{
    const double q[2][2] = {{d.xx, d.xy}, {d.xy, d.yy}};
    return vtr_sym2_turn(a, q);
}

vtr_sym2 vtr_sym2_triple(vtr_sym2 a, vtr_sym2 b, vtr_sym2 c)
{
    double p00 = a.xx * b.xx + a.xy * b.xy, p01 = a.xx * b.xy + a.xy * b.yy;
    double p10 = a.xy * b.xx + a.yy * b.xy, p11 = a.xy * b.xy + a.yy * b.yy;
    double r00 = p00 * c.xx + p01 * c.xy, r01 = p00 * c.xy + p01 * c.yy;
    double r10 = p10 * c.xx + p11 * c.xy, r11 = p10 * c.xy + p11 * c.yy;
    return (vtr_sym2){2 * r00, 2 * r11, r01 + r10};
}

/* X = (d B + A B A)/(2 t d) with t = tr S, d = det S, A = t I - S the adjugate: in the eigenbasis of S this is
 * B_ij/(s_i + s_j). */
vtr_sym2 vtr_sym2_sylvester(vtr_sym2 s, vtr_sym2 b)
{
    double t = s.xx + s.yy, d = vtr_sym2_determinant(s), scale = 1 / (2 * t * d);
    vtr_sym2 x = vtr_sym2_sandwich((vtr_sym2){s.yy, s.xx, -s.xy}, b);
    return (vtr_sym2){(d * b.xx + x.xx) * scale, (d * b.yy + x.yy) * scale, (d * b.xy + x.xy) * scale};
}
