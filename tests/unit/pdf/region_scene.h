/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_REGION_SCENE_H
#define VITRAIL_TEST_REGION_SCENE_H

#include "support.h"
#include "vitrail/pdf_compare.h"

/* Cubes of G with a spatially correlated structure and noise, and regions on them. G is the sine transform of F at
 * REGION_Q values of Q up to 12 1/Å: its values at neighbouring r are strongly correlated, as those of a measurement. */
enum { REGION_SIDE = 48, REGION_N = REGION_SIDE * REGION_SIDE, REGION_R = 111, REGION_Q = 38 };

typedef struct region_scene {
    double noise, structure; /* standard deviations of F, of which structure is shared by neighbours */
    double width;            /* of the Gaussian that structure is smoothed with, positions */
    double excess;           /* of F in members of the first region, times region_scene_excess */
    double louder;           /* factor on noise and structure in the first region */
    double scale;            /* factor on all of G */
    double r[REGION_R];
    float *G; /* [REGION_N][REGION_R] */
    vtr_pdf_compare_input input;
    vtr_region regions[3]; /* "inclusions" (discs along a line), "between" and "matrix" */
} region_scene;

void region_scene_start(region_scene *scene);
/* A cube of this seed, with what the scene says. */
void region_scene_draw(region_scene *scene, uint64_t seed);
void region_scene_end(region_scene *scene);
/* The shape of the excess over Q: a first peak that is shifted. */
double region_scene_excess(size_t j);
/* G at r of a unit F at the j-th Q. */
double region_scene_kernel(size_t j, double r);

/* Kolmogorov's and Smirnov's probability that n values were drawn from a uniform distribution. */
double uniform_probability(double *values, size_t n);

#endif
