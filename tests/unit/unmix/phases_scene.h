/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_PHASES_SCENE_H
#define VITRAIL_TEST_PHASES_SCENE_H

#include "support.h"
#include "vitrail/pdf_cube.h"

/* A map file of profiles whose structure is a mixture of two: first neighbours at 2.45 Å (sharp) and at 2.6 Å (broad), shares
 * smooth over the map, from 0 to 1. PDFs have been made. */
enum { SCENE_Y = 36, SCENE_X = 40, SCENE_N = SCENE_Y * SCENE_X };

typedef struct phases_scene {
    double share[SCENE_N]; /* of the sharp structure */
    double mean;           /* of them */
    char path[256];
} phases_scene;

/* Into NAME of the test's folder. `noise` times the standard deviations that the file says is added; 1 leaves 0.1 of a
 * share. With F stored. */
void phases_scene_make(phases_scene *scene, const char *name, double noise);
/* The settings of its PDFs. */
vtr_pdf_params phases_scene_pdf(void);
/* Overwrites the profile of position p with `value`. */
void phases_scene_set(const phases_scene *scene, size_t p, float value);

#endif
