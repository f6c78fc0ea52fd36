/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_MEMORY_H
#define VITRAIL_MEMORY_H

/* How much memory the library may hold: for all arrays of all its calls together, in this process. Not counted are the
 * program itself, the libraries that it uses and the system's cache of files. */

#include <stddef.h>

#include "vitrail/error.h"

VTR_BEGIN_DECLS

/* What would exceed it fails with VTR_ERR_MEMORY; what can do with less takes less. 0, as at the start: no ceiling. */
VTR_API void vtr_memory_set_ceiling(size_t bytes);
VTR_API size_t vtr_memory_ceiling(void);
/* Bytes below the ceiling that nobody holds; SIZE_MAX without one. */
VTR_API size_t vtr_memory_left(void);
/* What would have been held with the array that was refused last; 0: none was. */
VTR_API size_t vtr_memory_refused(void);
/* For a program that goes on without an array of its own that it could not have: no file gets its name after that, because a part of
 * it would be missing. */
VTR_API void vtr_memory_note_shortage(void);
/* A ceiling for a machine that does other things too: half of what is free, but at least 2 GiB. */
VTR_API size_t vtr_memory_default_ceiling(void);
/* "2G", "1.5 GiB", "800M", "1000000": a number of bytes, or of KiB, MiB, GiB or TiB. VTR_ERR_ARGUMENT. */
VTR_API vtr_status vtr_memory_parse(size_t *bytes, const char *text, vtr_error *err);

VTR_END_DECLS

#endif
