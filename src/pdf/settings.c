/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/pdf_result.h"

static const struct {
    const char *name, *parameter, *found;
    unsigned bit;
} holds[] = {{"scale", "scale", "found_scale", VTR_PDF_HOLD_SCALE},
             {"constant", "constant", "found_constant", VTR_PDF_HOLD_CONSTANT},
             {"polynomial", "polynomial", "found_polynomial", VTR_PDF_HOLD_POLYNOMIAL},
             {"density", "density", "found_density", VTR_PDF_HOLD_DENSITY}};
enum { N_HOLDS = sizeof holds / sizeof *holds };

vtr_status vtr_pdf_hold_parse(unsigned *hold, const char *text, vtr_error *err)
{
    unsigned bits = 0;
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, ","), i = 0;
        while (i < N_HOLDS && (strlen(holds[i].name) != n || strncmp(at, holds[i].name, n) != 0))
            i++;
        if (i == N_HOLDS)
            return vtr_fail(err, VTR_ERR_ARGUMENT,
                            "--hold: '%.*s' is none of scale, constant, polynomial, density", (int)n, at);
        bits |= holds[i].bit;
        at += n + (at[n] == ',');
    }
    *hold = bits;
    return VTR_OK;
}

/* Whether a member still says what it says by default. */
static bool is_default(const vtr_parameter *p, const vtr_pdf_params *params, const vtr_pdf_params *defaults)
{
    char own[512], usual[512];
    vtr_parameters_format(p, params, own, sizeof own);
    vtr_parameters_format(p, defaults, usual, sizeof usual);
    return strcmp(own, usual) == 0;
}

static vtr_status take(vtr_pdf_params *params, const char *name, const char *value, const char *path,
                       vtr_error *err)
{
    const vtr_pdf_params defaults = vtr_pdf_default_params();
    const vtr_parameter *p =
        vtr_parameters_find(&vtr_pdf_parameters, strcmp(name, "mode") == 0 ? "radiation" : name);
    if (p == NULL || value == NULL || *value == '\0' || !is_default(p, params, &defaults)) return VTR_OK;
    vtr_status status = vtr_parameters_set(p, params, value, err);
    return status == VTR_OK ? VTR_OK : vtr_fail_context(err, status, "'%s'", path);
}

vtr_status vtr_pdf_settings_read(vtr_pdf_params *params, char **text, const char *path, unsigned hold,
                                 vtr_error *err)
{
    vtr_profile_text result;
    vtr_pdf_params locked = *params;
    vtr_status status = vtr_profile_text_read(&result, path, NULL, err);
    if (status != VTR_OK) return status;
    if (vtr_profile_text_find(&result, "mode") == NULL || vtr_profile_text_find(&result, "qmax") == NULL)
        status =
            vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' holds no settings of a pair distribution function", path);
    for (size_t i = 0; status == VTR_OK && i < result.n_entries; i++)
        status = take(&locked, result.entries[i].key, result.entries[i].value, path, err);
    for (size_t i = 0; status == VTR_OK && i < N_HOLDS; i++)
        if (hold & holds[i].bit)
            status =
                take(&locked, holds[i].parameter, vtr_profile_text_find(&result, holds[i].found), path, err);
    if (status == VTR_OK) {
        *text = result.text;
        result.text = NULL;
        *params = locked;
    }
    vtr_profile_text_release(&result);
    return status;
}

void vtr_pdf_settings_free(char *text)
{
    vtr_free(text);
}
