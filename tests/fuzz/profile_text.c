/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_text.h"

#include <stdlib.h>

#include "fuzz.h"
#include "vitrail/pdf.h"
#include "vitrail/pdf_result.h"

/* Measured profiles as text, and the settings in the header of a written result. */
int fuzz_one(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    if (path == NULL) return 0;
    vtr_error err = {0};
    vtr_profile_text profile;
    vtr_status status = vtr_profile_text_read(&profile, path, NULL, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) {
        for (size_t i = 1; i < profile.n; i++)
            if (!(profile.x[i] > profile.x[i - 1])) abort();
        (void)vtr_profile_text_to_Q(&profile, path, NULL);
        vtr_profile_text_release(&profile);
    }
    vtr_pdf_params params;
    char *text = NULL;
    vtr_parameters_default(&vtr_pdf_parameters, &params);
    err = (vtr_error){0};
    status = vtr_pdf_settings_read(&params, &text, path, VTR_PDF_HOLD_SCALE | VTR_PDF_HOLD_DENSITY, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_pdf_settings_free(text);
    return 0;
}
