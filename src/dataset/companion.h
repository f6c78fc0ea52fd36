/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_COMPANION_H
#define VITRAIL_DATASET_COMPANION_H

/* Files that stand beside a recording: its scan, its frames, the next part of its series. */

#include "dataset/dataset_internal.h"

/* Path of `name` in the folder of `path`; the caller frees it with vtr_free; NULL when memory is short. */
char *vtr_companion_path(const char *path, const char *name);
/* The name of a path without its folder. */
const char *vtr_companion_name(const char *path);
/* A text file of at most 4 MiB, ended by a zero; NULL where it cannot be had. The caller frees it with vtr_free. */
char *vtr_companion_read(const char *path);
/* Makes the file at `path` the one that the dataset's frames are read from. */
vtr_status vtr_companion_enter(vtr_dataset *dataset, const char *path, vtr_error *err);

/* The number that follows `mark` ("<pix_x>") in a text; false where there is none. Both may be NULL or "" texts. */
bool vtr_text_number_after(const char *text, const char *mark, double *value);

#endif
