/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_TEXT_INTERNAL_H
#define VITRAIL_PDF_TEXT_INTERNAL_H

/* A text file as lines and fields, for the reader of profiles. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"

enum { TEXT_MAX_FIELDS = 64 };

typedef enum vtr_line_kind {
    VTR_LINE_BLANK,
    VTR_LINE_COMMENT,
    VTR_LINE_NUMBERS,
    VTR_LINE_TEXT
} vtr_line_kind;

typedef struct vtr_text_line {
    char *text; /* without its end, without blanks around it */
    vtr_line_kind kind;
    size_t n_fields;     /* of NUMBERS */
    bool is_data_marker; /* "#### start data" */
} vtr_text_line;

typedef struct vtr_text_lines {
    size_t n;
    vtr_text_line *lines; /* line i stands at number i + 1 of the file */
    char *text;           /* owns what the lines point into */
} vtr_text_lines;

/* Reads a whole file; VTR_ERR_FORMAT where it is not text. */
vtr_status vtr_text_lines_read(vtr_text_lines *out, const char *path, vtr_error *err);
void vtr_text_lines_release(vtr_text_lines *lines);

/* The numbers of a line that is NUMBERS; empty fields are missing: *is_missing (which may be NULL) and NAN. */
size_t vtr_text_numbers(const char *line, double values[TEXT_MAX_FIELDS], bool is_missing[TEXT_MAX_FIELDS]);

/* Splits a line of column names, "r($\AA$)  G(r)" or "q,Iq" or "Q (nm^-1) I": a bracket belongs to the name before it.
 * Returns their number. */
size_t vtr_text_names(const char *line, char names[TEXT_MAX_FIELDS][80]);

#endif
