/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_STANDARD_INTERNAL_H
#define VITRAIL_RING_STANDARD_INTERNAL_H

#include "vitrail/ring.h"

/* The step of k (1/Å per px of radius) at which a standard's rings best meet the peaks of an azimuthal profile (index =
 * radius in px, NAN = no data), to about half a percent. VTR_ERR_NO_DATA where none does. */
vtr_status vtr_standard_match(double *k_step, const double *rings, size_t n_rings, const double *profile,
                              size_t n, vtr_error *err);

#endif
