/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PDF_SCENE_H
#define PDF_SCENE_H

/* An intensity whose structure is known in closed form: hard spheres of Percus and Yevick, blurred by thermal motion. */

#include "vitrail/pdf.h"

enum { SCENE_N = 500 };
#define SCENE_DENSITY 0.05 /* spheres/Å^3 */
#define SCENE_DIAMETER 2.6 /* Å */
#define SCENE_BLUR 0.2     /* Å: F is multiplied by exp(-blur^2 Q^2/2) */

typedef struct scene {
    double q[SCENE_N], intensity[SCENE_N], variance[SCENE_N], f[SCENE_N];
    vtr_pdf_profile profile;
    vtr_pdf_params params;
} scene;

/* s(Q) = S(Q) - 1 of hard spheres. */
double hard_sphere_structure(double q, double density, double diameter);
/* I = scale [<f^2> + <f>^2 (s + slope Q/10)] + constant of copper (one element, since all pairs share one
 * structure) at Q 0.5 to 20.46 in steps of 0.04, with the
 * variance of some 1e6 counts; f is F without the slope. */
void scene_make(scene *s, double scale, double constant, double slope);

#endif
