/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_OUTPUT_H
#define VITRAIL_OUTPUT_H

/* Text files that are whole or absent. */

#include <stdbool.h>
#include <stdio.h>

#include "vitrail/error.h"

VTR_BEGIN_DECLS

/* Writes to `out`; what fails to be written need not be looked at. */
typedef vtr_status (*vtr_output_writer)(FILE *out, void *user, vtr_error *err);

/* Has `write` write a file beside `path` and gives it that name once it is complete and on the disk. VTR_ERR_EXISTS where the
 * name is taken and not `force`; VTR_ERR_IO; what `write` returns. On failure nothing is left. */
VTR_API vtr_status vtr_output_write(const char *path, bool force, vtr_output_writer write, void *user,
                                    vtr_error *err);

VTR_END_DECLS

#endif
