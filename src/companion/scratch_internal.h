/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SCRATCH_INTERNAL_H
#define VITRAIL_SCRATCH_INTERNAL_H

/* A text table whose columns have names and units, for the tracks of scratch tests and their curves. */

#include <stdbool.h>

#include "pdf/pdf_text_internal.h"
#include "vitrail/scratch.h"

typedef enum vtr_scratch_dimension {
    VTR_SCRATCH_TEXT,
    VTR_SCRATCH_TIME,   /* s */
    VTR_SCRATCH_FORCE,  /* mN */
    VTR_SCRATCH_LENGTH, /* um */
    VTR_SCRATCH_AREA,   /* um^2 */
    VTR_SCRATCH_VOLUME, /* um^3 */
} vtr_scratch_dimension;

/* A quantity, and the names that its column may have: "width|track_width", the first one for messages. */
typedef struct vtr_scratch_quantity {
    const char *names;
    vtr_scratch_dimension dimension;
} vtr_scratch_quantity;

typedef struct vtr_scratch_table {
    const char *path;
    vtr_text_lines lines;
    size_t header; /* index of its line */
    char separator;
    size_t n_columns;
} vtr_scratch_table;

/* A column and what its numbers are to be multiplied with. */
typedef struct vtr_scratch_column {
    bool is_there;
    size_t index;
    double factor;
} vtr_scratch_column;

/* Reads the file; its header is the first line that names `key`. */
vtr_status vtr_scratch_table_read(vtr_scratch_table *out, const char *path, const vtr_scratch_quantity *key,
                                  vtr_error *err);
void vtr_scratch_table_release(vtr_scratch_table *table);
/* Finds a column; absent is not an error. VTR_ERR_FORMAT: it names no unit and the parameters neither. */
vtr_status vtr_scratch_table_column(vtr_scratch_column *out, const vtr_scratch_table *table,
                                    const vtr_scratch_quantity *quantity, const vtr_scratch_params *params,
                                    vtr_error *err);
/* Whether a line below the header holds a row; its number of fields is checked. */
vtr_status vtr_scratch_table_row(bool *is_row, const vtr_scratch_table *table, size_t line, vtr_error *err);
/* A cell of a row, "" where empty; cut to VTR_SCRATCH_NAME. */
void vtr_scratch_table_text(char out[VTR_SCRATCH_NAME], const vtr_scratch_table *table, size_t line,
                            size_t column);
/* The same as a number in mN, um, s; NAN where empty. VTR_ERR_FORMAT with the line: not a number. */
vtr_status vtr_scratch_table_number(double *out, const vtr_scratch_table *table, size_t line,
                                    const vtr_scratch_column *column, vtr_error *err);

void vtr_scratch_curve_release(vtr_scratch_curve *curve);
vtr_status vtr_scratch_curve_read(vtr_scratch_curve *out, const char *path, const vtr_scratch_params *params,
                                  vtr_error *err);
vtr_status vtr_scratch_tracks_read(vtr_scratch_tests *out, const char *path, const vtr_scratch_params *params,
                                   vtr_error *err);

/* Standard deviation of the mean of a stationary series, from its periodogram at low frequencies, `period` samples being
 * the period of an oscillation in it (NAN: none). */
double vtr_scratch_mean_error(const double *values, size_t n, double period);
/* Sets the members stick_slip_* from the lateral force of the kinetic region. */
vtr_status vtr_scratch_find_stick_slip(vtr_scratch_friction *friction, const double *distance_um,
                                       const double *lateral_mn, size_t n, vtr_error *err);

#endif
