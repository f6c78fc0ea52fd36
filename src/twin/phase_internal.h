/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TWIN_PHASE_INTERNAL_H
#define VITRAIL_TWIN_PHASE_INTERNAL_H

/* The structures that a specimen is made of, where they are more than the closed form of structure.c. */

#include <stddef.h>

#include "vitrail/structure.h"

enum { VTR_TWIN_PHASES_MAX = 2, VTR_TWIN_PHASE_STEPS = 12000 };
#define VTR_TWIN_PHASE_Q_STEP 0.005 /* 1/Å */

/* One of them: s at Q = i VTR_TWIN_PHASE_Q_STEP, nothing beyond. */
typedef struct vtr_twin_phase {
    double number_density; /* atoms per Å^3; NAN for a particle */
    double *s;             /* [VTR_TWIN_PHASE_STEPS] */
    vtr_pairs pairs;       /* of an atomic model; n_bins 0 otherwise */
} vtr_twin_phase;

/* The closed forms of two-phase: 0 liquid-like, 1 solid-like; Q > 0. */
double vtr_twin_glass_density(size_t phase);
double vtr_twin_glass_G(size_t phase, double r);
double vtr_twin_glass_s(size_t phase, double Q);

#endif
