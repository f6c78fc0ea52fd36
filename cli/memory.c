/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "cli.h"
#include "vitrail/memory.h"

void *cli_malloc(size_t n_bytes)
{
    void *memory = malloc(n_bytes);
    if (memory == NULL) vtr_memory_note_shortage();
    return memory;
}
