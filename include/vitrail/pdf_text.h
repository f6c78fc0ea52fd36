/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_TEXT_H
#define VITRAIL_PDF_TEXT_H

/* Columns of numbers in text: profiles as integration and total-scattering programs write them (.chi .xy .dat .iq .sq
 * .fq .gr .csv .txt .xye .int01 .mint01 .soq), and the files that PDF refinement programs read. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/dataset.h"
#include "vitrail/error.h"
#include "vitrail/parameters.h"

VTR_BEGIN_DECLS

/* What the first column is. */
typedef enum vtr_profile_axis {
    VTR_PROFILE_AXIS_UNKNOWN,
    VTR_PROFILE_AXIS_Q,         /* 2 pi k, 1/Å */
    VTR_PROFILE_AXIS_Q_INV_NM,  /* 2 pi k, 1/nm */
    VTR_PROFILE_AXIS_K,         /* 1/d, 1/Å */
    VTR_PROFILE_AXIS_K_INV_NM,  /* 1/d, 1/nm */
    VTR_PROFILE_AXIS_TWO_THETA, /* degrees */
    VTR_PROFILE_AXIS_R,         /* Å */
} vtr_profile_axis;

typedef struct vtr_profile_text_params {
    const char *columns; /* "X,Y" or "X,Y,ERROR", numbers from 1 or names; NULL: found */
    int axis;            /* vtr_profile_axis up to TWO_THETA; UNKNOWN: what the file says, else Q in 1/Å */
    double wavelength_angstrom; /* for two theta; NAN: what the file says */
    double
        k_step_inv_angstrom; /* of files with one value a line, the first at k = 0; NAN: none. Not in the table */
} vtr_profile_text_params;

VTR_API extern const vtr_parameter_table vtr_profile_text_parameters;
VTR_API vtr_profile_text_params vtr_profile_text_default_params(void);

/* One line of a header, "key = value" or "key: value". */
typedef struct vtr_text_entry {
    const char *key, *value;
} vtr_text_entry;

typedef struct vtr_profile_text {
    size_t n;
    double *x, *y;         /* [n]; x ascends; y is NAN where the file leaves a field empty */
    double *error;         /* [n] standard deviations of y; NULL: the file has none */
    vtr_profile_axis axis; /* of x */
    bool is_axis_assumed;  /* neither the file nor the parameters said it */
    bool is_grid_restored; /* x repeated, being rounded to three digits: it is the even grid that was meant */
    double wavelength_angstrom;  /* from the parameters or the header; NAN: not known */
    char x_name[80], y_name[80]; /* as the file names them, "" where it does not */
    size_t n_entries;
    vtr_text_entry *entries; /* [n_entries] */
    char *text;              /* what the entries point into */
} vtr_profile_text;

/* Reads columns of numbers: separated by blanks, tabs, commas or semicolons, exponents with E or D, lines ended by LF or
 * CRLF, whatever the locale. Before them may stand a header of any kind (comments, sections, a title, names, a count);
 * "#### start data" ends it where it is there. A line with -1 alone ends the list. Without `columns` the first is x, the
 * second y; the error is the column that is named so, without names the third of three and the fourth of four.
 * With `columns`, rows may hold more numbers than the first one.
 * VTR_ERR_FORMAT with file and line: text among the numbers, a row of another length, NaN, x that does not ascend;
 * VTR_ERR_NO_DATA: fewer than 10 points. On success the caller releases `out`. */
VTR_API vtr_status vtr_profile_text_read(vtr_profile_text *out, const char *path,
                                         const vtr_profile_text_params *params, vtr_error *err);
VTR_API void vtr_profile_text_release(vtr_profile_text *profile);

/* The value of a header line, its key compared without case; NULL where there is none. */
VTR_API const char *vtr_profile_text_find(const vtr_profile_text *profile, const char *key);

/* Turns x into Q = 2 pi k in 1/Å, and y into NAN at both ends where it is exactly zero: programs write 0 where no pixel
 * was. VTR_ERR_ARGUMENT: two theta without a wavelength, or a function of r. */
VTR_API vtr_status vtr_profile_text_to_Q(vtr_profile_text *profile, const char *path, vtr_error *err);

/* Takes a background, both over Q, off a profile: y -= scale * background, linear between its points; errors add. Points
 * that the background does not cover become NAN. VTR_ERR_ARGUMENT where one of them is not over Q. */
VTR_API vtr_status vtr_profile_text_subtract(vtr_profile_text *profile, const vtr_profile_text *background,
                                             double scale, vtr_error *err);

/* The same from an array of 2 or 3 rows or columns (x, y, error), such as .npy, opened as a recording. VTR_ERR_SHAPE
 * where it is not that. */
VTR_API vtr_status vtr_profile_array_read(vtr_profile_text *out, vtr_dataset *dataset,
                                          const vtr_profile_text_params *params, vtr_error *err);

/* The same from a one-dimensional signal of HyperSpy or pyxem (.hspy): its axis is k = 1/d where it has a unit, otherwise
 * the points are k_step_inv_angstrom apart from k = 0. VTR_ERR_NOT_FOUND where the file holds no such signal. */
VTR_API vtr_status vtr_profile_hspy_read(vtr_profile_text *out, const char *path,
                                         const vtr_profile_text_params *params, vtr_error *err);

/* --- writing -------------------------------------------------------------------------------------------------- */

typedef enum vtr_pdf_text_kind {
    VTR_PDF_TEXT_IQ,
    VTR_PDF_TEXT_SQ,
    VTR_PDF_TEXT_FQ,
    VTR_PDF_TEXT_GR
} vtr_pdf_text_kind;
/* "iq", "sq", "fq", "gr": the ending of a file, and `outputtype` in its header. */
VTR_API const char *vtr_pdf_text_ending(vtr_pdf_text_kind kind);

typedef struct vtr_pdf_text {
    vtr_pdf_text_kind kind;
    size_t n;
    const double *x, *y;           /* [n]; Q in 1/Å or r in Å; rows where y is NAN are left out */
    const double *error;           /* [n] standard deviations of y; NULL: none */
    const vtr_text_entry *entries; /* of the header; value NULL: a heading */
    size_t n_entries;
} vtr_pdf_text;

/* Writes the table with a header of "key = value" lines and "#L" labels that PDFgui and diffpy read, columns x, y, and
 * with errors dx (0) and dy. Nothing stands under `path` until it is complete. */
VTR_API vtr_status vtr_pdf_text_write(const char *path, const vtr_pdf_text *table, bool force,
                                      vtr_error *err);

VTR_END_DECLS

#endif
