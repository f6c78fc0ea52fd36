/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_INPUT_H
#define VITRAIL_INPUT_H

/* Small files that are read as a stream. */

#include <stdio.h>

#include "vitrail/error.h"

VTR_BEGIN_DECLS

/* Opens a file to read, to be closed with fclose. VTR_ERR_NOT_FOUND, or VTR_ERR_IO with the reason: folders, and pipes and
 * devices, which could be waited for without end, are refused. */
VTR_API vtr_status vtr_input_open(FILE **file, const char *path, vtr_error *err);

VTR_END_DECLS

#endif
