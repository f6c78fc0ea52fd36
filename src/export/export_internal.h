/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_EXPORT_INTERNAL_H
#define VITRAIL_EXPORT_INTERNAL_H

/* What the formats share: one file and one line in the table of export.c each. */

#include "base/base_internal.h"
#include "vitrail/export.h"

/* What is to be written; checked against what the format takes. */
typedef struct vtr_export_job {
    const char *path; /* as the user knows it, for messages */
    const vtr_export_item *items;
    size_t n;
    bool with_errors;
} vtr_export_job;

typedef struct vtr_export_format {
    const char *endings[3];
    bool takes_several, takes_curves, takes_sizes; /* sizes: items of different ones */
    /* One of these: into an open file; or under a name, where nothing stands yet. */
    vtr_status (*write)(FILE *out, const vtr_export_job *job, vtr_error *err);
    vtr_status (*write_file)(const char *partial, const vtr_export_job *job, vtr_error *err);
} vtr_export_format;

extern const vtr_export_format vtr_export_tiff, vtr_export_gsf, vtr_export_csv, vtr_export_npy,
    vtr_export_hspy, vtr_export_emd;

/* The unit as people write it: "" of "1", "Å" of "angstrom" is left to them. */
const char *vtr_export_unit(const vtr_export_item *item);
/* "strain/exx (1/angstrom)", with " error" after the name of its standard deviations. */
void vtr_export_label(char *text, size_t size, const vtr_export_item *item, bool is_error);
/* Floats of this machine to little-endian ones, in place. */
void vtr_export_little_endian(float *values, size_t n);

#endif
