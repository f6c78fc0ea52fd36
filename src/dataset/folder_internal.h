/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_FOLDER_INTERNAL_H
#define VITRAIL_DATASET_FOLDER_INTERNAL_H

#include "dataset/dataset_internal.h"

/* A folder that holds files which may be patterns. */
bool vtr_folder_claims(const char *path);
/* Orders paths by the numbers in their names: img2 before img10. */
void vtr_folder_sort(char **names, size_t n);
/* Whether two numbers of the names, sorted, count through a grid: its rows and columns, and the names row by row. The first
 * one counts rows, unless the words before them say x and y, or column and row. */
vtr_status vtr_folder_grid(bool *has_grid, size_t shape[2], char **names, size_t n, vtr_error *err);
extern const vtr_dataset_format vtr_format_folder;

#endif
