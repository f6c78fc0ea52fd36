/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_SPECKLE_ARCS_H
#define VITRAIL_RING_SPECKLE_ARCS_H

/* Correlation of a profile's samples along the angle, from that of the speckle's pixels. */

#include <stddef.h>

#include "vitrail/ring_template.h"

enum { SPECKLE_TABLE = 8 * VTR_SPECKLE_MAX_LAG, SPECKLE_OFFSETS = 24 };

typedef struct speckle_arcs {
    double reach_px;                   /* zero from there on */
    double table[SPECKLE_TABLE];       /* rho at steps of 1/8 px */
    double offset_px[SPECKLE_OFFSETS]; /* radial distances of two pixels of the samples, */
    double weight[SPECKLE_OFFSETS];    /* and how often they occur */
} speckle_arcs;

/* Of two samples `lag` steps apart. */
void speckle_arcs_make(speckle_arcs *arcs, const vtr_speckle *speckle, double step_px, size_t lag);
/* At radii r and s with an angle between, both for a contrast of 1. */
double speckle_arcs_at(const speckle_arcs *arcs, double r_px, double s_px, double angle_rad);

#endif
