/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base_internal.h"
#include "beam/beam_internal.h"
#include "beam/mass_internal.h"

const mass_kernels *vtr_mass_kernels_best(void)
{
#ifdef VITRAIL_X86_KERNELS
    switch (vtr_cpu_best()) {
    case VTR_CPU_AVX512:
        return &vtr_mass_kernels_avx512;
    case VTR_CPU_AVX2:
        return &vtr_mass_kernels_avx2;
    default:
        break;
    }
#endif
    return &vtr_mass_kernels_portable;
}

bool vtr_mass_circle(mass_circle *circle, const vtr_beam_params *p, double cx, double cy, double radius)
{
    ptrdiff_t y0, y1, x0, x1;
    span(&y0, &y1, cy, radius, p->det_y);
    span(&x0, &x1, cx, radius, p->det_x);
    if (y1 <= y0 || x1 <= x0 || y1 - y0 > MASS_SIDE) return false;
    circle->width = ((size_t)(x1 - x0) + MASS_GROUP - 1) / MASS_GROUP * MASS_GROUP;
    if (circle->width > MASS_SIDE || circle->width > p->det_x) return false;
    /* whole groups have to lie on the detector */
    circle->left = (size_t)x0 + circle->width > p->det_x ? p->det_x - circle->width : (size_t)x0;
    circle->y0 = (size_t)y0;
    circle->n_rows = (size_t)(y1 - y0);
    vtr_mass_kernels_best()->chords(circle, cx, cy, radius, (int32_t)p->det_x);
    for (size_t i = circle->n_rows; i < circle->n_rows + MASS_ROWS; i++)
        circle->n[i] = circle->x0[i] = 0;
    return true;
}
