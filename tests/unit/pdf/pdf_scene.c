/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pdf_scene.h"

#include <math.h>

#include "support.h"
#include "vitrail/constants.h"

/* S = 1/(1 - rho c(Q)); c(r) = -(a + 6 eta b x + eta a x^3/2), x = r/diameter < 1, zero outside (Wertheim, Phys. Rev.
 * Lett. 10, 321, 1963). */
double hard_sphere_structure(double q, double density, double diameter)
{
    double eta = VTR_PI / 6 * density * diameter * diameter * diameter, x = q * diameter;
    double a = (1 + 2 * eta) * (1 + 2 * eta) / pow(1 - eta, 4),
           b = -(1 + eta / 2) * (1 + eta / 2) / pow(1 - eta, 4);
    double s = sin(x), c = cos(x), x2 = x * x;
    double first = (s - x * c) / (x * x2), second = (2 * x * s - (x2 - 2) * c - 2) / (x2 * x2);
    double fourth = ((4 * x * x2 - 24 * x) * s - (x2 * x2 - 12 * x2 + 24) * c + 24) / (x2 * x2 * x2);
    double direct = -24 * eta * (a * first + 6 * eta * b * second + eta / 2 * a * fourth);
    return 1 / (1 - direct) - 1;
}

void scene_make(scene *s, double scale, double constant, double slope)
{
    vtr_error err;
    vtr_composition c;
    double counts = 0;
    assert_ok(vtr_composition_parse(&c, "Cu", &err));
    for (int j = 0; j < SCENE_N; j++) {
        double q = s->q[j] = 0.5 + 0.04 * j, f, f2, blur = SCENE_BLUR * q;
        vtr_electron_averages(&c, q / (2 * VTR_PI), &f, &f2);
        double structure = hard_sphere_structure(q, SCENE_DENSITY, SCENE_DIAMETER) * exp(-blur * blur / 2);
        s->f[j] = q * structure;
        s->intensity[j] = scale * (f2 + f * f * (structure + slope * q / 10)) + constant;
        counts += s->intensity[j] * 2 * VTR_PI * q / 0.04;
    }
    /* mean of 2 pi Q/dQ pixels of an electron camera that count 1e6 together */
    for (int j = 0; j < SCENE_N; j++)
        s->variance[j] = s->intensity[j] * counts / 1e6 / (2 * VTR_PI * s->q[j] / 0.04);
    s->profile = (vtr_pdf_profile){SCENE_N, s->q, s->intensity, s->variance, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    s->params = vtr_pdf_default_params();
    s->params.composition = "Cu";
    s->params.rmax = 10;
}
