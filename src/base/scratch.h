/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BASE_SCRATCH_H
#define VITRAIL_BASE_SCRATCH_H

/* Room on disk for what the memory's ceiling leaves no room for: a file without a name, in $TMPDIR or else /var/tmp, which
 * ends with the program, however that ends. Any number of threads may read and write. */

#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"

typedef struct vtr_scratch vtr_scratch;

vtr_status vtr_scratch_open(vtr_scratch **out, vtr_error *err);
/* NULL is fine. */
void vtr_scratch_close(vtr_scratch **scratch);
/* `bytes` at the offset `at`. VTR_ERR_IO names the folder, for a disk that is full. */
vtr_status vtr_scratch_write(const vtr_scratch *scratch, uint64_t at, const void *from, size_t bytes,
                             vtr_error *err);
/* Of what was written. */
vtr_status vtr_scratch_read(const vtr_scratch *scratch, uint64_t at, void *to, size_t bytes, vtr_error *err);

#endif
