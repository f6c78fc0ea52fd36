/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_RESULT_H
#define VITRAIL_PDF_RESULT_H

/* PDFs as files that other programs read, and what one result hands on to the next. */

#include "vitrail/error.h"
#include "vitrail/pdf.h"
#include "vitrail/pdf_text.h"

VTR_BEGIN_DECLS

/* Writes I, S, F or G of a result with its errors (where they are known) and a header that holds every parameter of
 * vtr_pdf_parameters, ranges as they were found, and the normalisation ("found_scale", "scale_from", ...). `radiation`
 * is written as `mode`, which PDF programs look for. `source` may hold more lines: where the data come from. */
VTR_API vtr_status vtr_pdf_result_write(const char *path, vtr_pdf_text_kind kind, const vtr_pdf *pdf,
                                        const vtr_pdf_params *params, const vtr_text_entry *source,
                                        size_t n_source, bool force, vtr_error *err);

/* What a result found, held for the next one. */
typedef enum vtr_pdf_hold {
    VTR_PDF_HOLD_SCALE = 1,
    VTR_PDF_HOLD_CONSTANT = 2,
    VTR_PDF_HOLD_POLYNOMIAL = 4,
    VTR_PDF_HOLD_DENSITY = 8,
} vtr_pdf_hold;
/* Reads "scale,constant,polynomial,density", any of them. */
VTR_API vtr_status vtr_pdf_hold_parse(unsigned *hold, const char *text, vtr_error *err);

/* Sets the ranges of `params` that are not given (qmin, qmax, qmaxinst, fit, rcut) to those of a result, so that the next
 * profile of a series is treated alike. */
VTR_API void vtr_pdf_params_lock(vtr_pdf_params *params, const vtr_pdf_normalisation *normalisation);

/* Sets what `params` leaves at its default to what the header of a written result says, and holds what it found (bits of
 * vtr_pdf_hold). *text, to be freed by vtr_pdf_settings_free, is what the strings of `params` point to then.
 * VTR_ERR_NOT_FOUND: not a result with settings. */
VTR_API vtr_status vtr_pdf_settings_read(vtr_pdf_params *params, char **text, const char *path, unsigned hold,
                                         vtr_error *err);
VTR_API void vtr_pdf_settings_free(char *text);

/* sqrt(sum (y - y_reference)^2 / sum y_reference^2) over the points of x in [lo, hi] that the reference covers, linear
 * between its points; NAN where there are fewer than two. */
VTR_API double vtr_pdf_r_factor(size_t n, const double *x, const double *y, size_t n_reference,
                                const double *x_reference, const double *y_reference, double lo, double hi);

VTR_END_DECLS

#endif
