/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_BAND_SCENE_H
#define VITRAIL_TEST_BAND_SCENE_H

#include "support.h"
#include "vitrail/inclusions.h"
#include "vitrail/twin.h"

/* Strain maps of a simulated specimen with the noise that the ring fits leave at 1e5 electrons a pattern (256 x 256 px:
 * 0.246 % of exx and eyy, 0.197 % of exy), without the patterns. */
typedef struct scene {
    vtr_twin *twin;
    vtr_strain_maps maps;
    float *memory;
} scene;

#define SCENE_XX_ERROR 0.00246
#define SCENE_XY_ERROR 0.00197

/* `params` NULL: the preset's; `noise` scales the errors (0.01: almost none). */
vtr_status scene_make(scene *s, const char *preset, const vtr_twin_params *params, double noise,
                      uint64_t seed, vtr_error *err);

/* One inclusion of the size of fe-band's (radius 15 nm, shear 0.010, dilation 0.005, Poisson's ratio 0.33, all eigenstrain
 * times `strength`; any direction; any place between the positions, near the middle) in 40 x 40 positions of 5.8 nm with a
 * matrix of 0.03 % over 25 nm and the noise of 1e5 electrons. The field is the twin's, not the one of the fits. */
enum { SCENE_ONE_SIDE = 40 };
vtr_status scene_make_one(scene *s, vtr_twin_inclusion *truth, double strength, uint64_t seed,
                          vtr_error *err);
/* The same by a probe that averages over a square of this side about each position, 10 x 10 points of it. */
vtr_status scene_make_one_seen(scene *s, vtr_twin_inclusion *truth, double strength, double probe_nm,
                               uint64_t seed, vtr_error *err);
/* Place, radius and eigenstrain within so many of their errors of the truth. */
void scene_assert_found(const vtr_inclusion *q, const vtr_twin_inclusion *truth, double errors);
void scene_release(scene *s);

#endif
