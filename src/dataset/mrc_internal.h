/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_MRC_INTERNAL_H
#define VITRAIL_DATASET_MRC_INTERNAL_H

#include "dataset/dataset_internal.h"

/* Takes scan, steps and energy from the text file that Direct Electron's software writes beside a movie; false where
 * there is none, or none of a scan that the movie has the frames of. */
bool vtr_mrc_read_info(vtr_dataset *dataset);

#endif
