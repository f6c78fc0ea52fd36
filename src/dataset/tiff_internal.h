/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_TIFF_INTERNAL_H
#define VITRAIL_DATASET_TIFF_INTERNAL_H

#include <tiffio.h>

#include "dataset/dataset_internal.h"

/* Opens a TIFF file whose library messages go into `reason` instead of to stderr; NULL on failure. `reason` lives
 * as long as the handle. */
typedef struct vtr_tiff_reason {
    char text[256];
} vtr_tiff_reason;
TIFF *vtr_tiff_open(const char *path, const char *mode, vtr_tiff_reason *reason);
/* What to say where it gave no reason. */
const char *vtr_tiff_silence(void);

/* Opens the grey pages of a TIFF as a recording, read by vtr_format_tiff_stack; *is_stack is false, and the dataset
 * untouched, where they are none. */
vtr_status vtr_tiff_stack_open(vtr_dataset *dataset, bool *is_stack, vtr_error *err);
extern const vtr_dataset_format vtr_format_tiff_stack;

#endif
