/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/scattering.h"

#include <math.h>
#include <stdlib.h>

#include "fuzz.h"

int fuzz_one(const uint8_t *data, size_t size)
{
    vtr_composition composition;
    vtr_error err = {0};
    vtr_status status = vtr_composition_parse(&composition, fuzz_text(data, size), &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) {
        double sum = 0.0;
        for (size_t i = 0; i < composition.n; i++)
            sum += composition.fraction[i];
        if (composition.n == 0 || !(fabs(sum - 1.0) < 1e-9)) abort();
    }
    return 0;
}
