/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_DM_INTERNAL_H
#define VITRAIL_DATASET_DM_INTERNAL_H

#include "dataset/dataset_internal.h"

/* One tag of a DigitalMicrograph file with a value that is of use here: a number, a short text, or where an array of
 * numbers lies. */
typedef struct vtr_dm_tag {
    const char *path; /* "ImageList.[1].ImageData.Dimensions.[0]"; tags without a name are numbered */
    bool is_number, is_array;
    double number;
    char text[64];                         /* UTF-8; also short arrays of 16-bit characters */
    uint64_t offset, count, element_bytes; /* of an array */
} vtr_dm_tag;

/* Calls `visit` for every tag. Fails where the tree is damaged; VTR_ERR_FORMAT with the place. *is_little says in which
 * order the numbers of the file's arrays are. */
vtr_status vtr_dm_walk(const vtr_dataset *dataset, bool *is_little,
                       void (*visit)(void *user, const vtr_dm_tag *tag), void *user, vtr_error *err);

#endif
