/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_ERROR_H
#define VITRAIL_ERROR_H

#include "vitrail/api.h"

VTR_BEGIN_DECLS

/* Status codes and their texts. Codes are never renumbered; new ones are added at the end. */
#define VTR_STATUS_LIST(X)                                                                                   \
    X(VTR_OK, "done")                                                                                        \
    X(VTR_ERR_ARGUMENT, "invalid argument")                                                                  \
    X(VTR_ERR_MEMORY, "out of memory")                                                                       \
    X(VTR_ERR_IO, "input or output failed")                                                                  \
    X(VTR_ERR_FORMAT, "file format not understood")                                                          \
    X(VTR_ERR_SHAPE, "shapes do not fit")                                                                    \
    X(VTR_ERR_TYPE, "number type not supported")                                                             \
    X(VTR_ERR_RANGE, "value out of range")                                                                   \
    X(VTR_ERR_NO_DATA, "no usable data")                                                                     \
    X(VTR_ERR_NOT_FOUND, "not found")                                                                        \
    X(VTR_ERR_EXISTS, "exists already")                                                                      \
    X(VTR_ERR_NUMERIC, "numerical failure")                                                                  \
    X(VTR_ERR_INTERRUPTED, "interrupted")

typedef enum vtr_status {
#define VTR_STATUS_ENUM(code, text) code,
    VTR_STATUS_LIST(VTR_STATUS_ENUM)
#undef VTR_STATUS_ENUM
} vtr_status;

/* What went wrong, in one sentence: what, where, what to do. The caller owns it (usually on the stack); every
 * library function that can fail takes a pointer to one as its last argument, which may be NULL. */
typedef struct vtr_error {
    vtr_status status;
    char message[512];
} vtr_error;

/* Fills `error` (where not NULL) and returns `status`, so that a failure reads `return vtr_fail(err, ...)`.
 * The message is lower case, without a full stop, with the subject quoted: "cannot open 'scan.h5': ...". */
VTR_API vtr_status vtr_fail(vtr_error *error, vtr_status status, const char *format, ...)
    VTR_PRINTF_LIKE(3, 4);

/* Puts "context: " in front of the message already in `error`; returns error->status (or `status` if NULL). */
VTR_API vtr_status vtr_fail_context(vtr_error *error, vtr_status status, const char *format, ...)
    VTR_PRINTF_LIKE(3, 4);

/* The general text of a code, never NULL. */
VTR_API const char *vtr_status_text(vtr_status status);

VTR_END_DECLS

#endif
