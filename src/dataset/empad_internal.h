/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_EMPAD_INTERNAL_H
#define VITRAIL_DATASET_EMPAD_INTERNAL_H

#include "dataset/dataset_internal.h"

/* Whether a file of bare numbers is an EMPAD's: an XML beside it names it, or the camera named it after its sizes. */
bool vtr_empad_claims(const vtr_dataset *dataset);

#endif
