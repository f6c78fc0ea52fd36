/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_TIFF_INTERNAL_H
#define VITRAIL_DATASET_TIFF_INTERNAL_H

#include <tiffio.h>

/* Opens a TIFF file whose library messages go into `reason` instead of to stderr; NULL on failure. `reason` lives
 * as long as the handle. */
typedef struct vtr_tiff_reason {
    char text[256];
} vtr_tiff_reason;
TIFF *vtr_tiff_open(const char *path, const char *mode, vtr_tiff_reason *reason);

#endif
