/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_UNMIX_SCENE_H
#define VITRAIL_TEST_UNMIX_SCENE_H

#include "support.h"
#include "vitrail/unmix.h"

/* A cube of mixtures whose components and shares are known. */
typedef struct scene {
    size_t n, m, k;
    float *values;      /* [n][m] */
    double *components; /* [k][m] */
    double *shares;     /* [k][n], of one position they sum to one */
    double *fractions;  /* [k] */
    vtr_unmix_data data;
} scene;

/* Bands that overlap but for a few channels, zero elsewhere; every component is alone at some positions, so that the
 * factorisation is unique. `noise` is a standard deviation; the bands are one high. */
void scene_bands(scene *s, size_t n, size_t m, size_t k, double noise);
/* Damped waves of either sign, as pair distribution functions are: first peaks at 2.53 and 2.46 Å and so on, r = 1.5 to 10 Å;
 * shares spread over all of zero to one. */
void scene_waves(scene *s, size_t n, size_t m, size_t k, double noise);
void scene_release(scene *s);
/* The row of `components` [k][m] that is nearest to each of the scene's; asserts that every correlation is at least `least`.
 */
void scene_match(size_t *order, const scene *s, const double *components, double least);

#endif
