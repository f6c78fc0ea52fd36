/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/structure.h"

#include <stdlib.h>

#include "fuzz.h"

/* Atomic models in every format; what is read has atoms of known elements. */
int fuzz_one(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    if (path == NULL) return 0;
    vtr_error err = {0};
    vtr_structure structure;
    vtr_status status = vtr_structure_read(&structure, path, NULL, &err);
    fuzz_check_sentence(status, err.message);
    if (status != VTR_OK) return 0;
    size_t n = 0;
    for (size_t i = 0; i < structure.composition.n; i++)
        n += structure.n_of_element[i];
    if (structure.n == 0 || n != structure.n) abort();
    vtr_structure_release(&structure);
    return 0;
}
