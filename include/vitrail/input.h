/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_INPUT_H
#define VITRAIL_INPUT_H

/* Small files that are read as a stream, and what could not be read. */

#include <stdio.h>

#include "vitrail/error.h"

VTR_BEGIN_DECLS

/* Opens a file to read, to be closed with fclose. VTR_ERR_NOT_FOUND, or VTR_ERR_IO with the reason: folders, and pipes and
 * devices, which could be waited for without end, are refused. */
VTR_API vtr_status vtr_input_open(FILE **file, const char *path, vtr_error *err);

/* VTR_ERR_IO where a file under HDF5 could not be read since this (or vtr_input_explain) was last called, VTR_ERR_MEMORY where memory
 * was refused: a part of it may have passed for absent. For a program that goes on after a failure, at the end of each of
 * its answers, and for one that writes no file. */
VTR_API vtr_status vtr_input_check(vtr_error *err);

/* Once a command has failed with `status`: where a file under HDF5 could not be read meanwhile, says that and returns VTR_ERR_IO;
 * where memory was refused, VTR_ERR_MEMORY likewise, because what was not had passed for absent and the error speaks of
 * that; else returns `status`. Either is forgotten then. */
VTR_API vtr_status vtr_input_explain(vtr_status status, vtr_error *err);

VTR_END_DECLS

#endif
