/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_PASS_SUPPORT_GROWING_H
#define VITRAIL_TEST_PASS_SUPPORT_GROWING_H

/* One recording as the files of several cameras, written piece by piece. */

#include "support_pass.h"

typedef enum growing_kind { GROWING_NPY, GROWING_RAW, GROWING_MIB, GROWING_DM4, GROWING_KINDS } growing_kind;

typedef struct growing_file {
    unsigned char *bytes; /* of the complete file */
    size_t n, offset;     /* offset: of the first frame's pixels */
    size_t stride;        /* from frame to frame */
    size_t frame_bytes;
    vtr_dataset_params params; /* to open it */
    char path[4096];           /* where it grows */
} growing_file;

/* `r` holds 16-bit numbers. Nothing is written yet. */
void growing_make(growing_file *file, growing_kind kind, const recording *r);
void growing_release(growing_file *file);
/* Writes on up to byte `end`, `piece` bytes at a time. */
void growing_write(const growing_file *file, size_t end, size_t piece);
/* Bytes of the file whose last whole frame is number n - 1, and half of the next. */
size_t growing_torn(const growing_file *file, size_t n);

#endif
