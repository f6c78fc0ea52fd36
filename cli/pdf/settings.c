/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "run.h"

/* Corrections and refinement: what a result's header says beside the parameters of the PDF. */
typedef struct section {
    const vtr_parameter_table *table;
    void *values, *defaults;
} section;

enum { N_SECTIONS = 2, VALUE_BYTES = 64 };

static void list(section sections[N_SECTIONS], cli_pdf_options *options, cli_pdf_options *defaults)
{
    defaults->correct = vtr_profile_correct_default_params();
    defaults->refine = vtr_pdf_refine_default_params();
    sections[0] = (section){&vtr_profile_correct_parameters, &options->correct, &defaults->correct};
    sections[1] = (section){&vtr_pdf_refine_parameters, &options->refine, &defaults->refine};
}

/* Writes a member as text and says whether it is the default. */
static bool is_default(const section *s, const vtr_parameter *p, char text[VALUE_BYTES])
{
    char usual[VALUE_BYTES];
    vtr_parameters_format(p, s->values, text, VALUE_BYTES);
    vtr_parameters_format(p, s->defaults, usual, VALUE_BYTES);
    return strcmp(text, usual) == 0;
}

size_t cli_pdf_settings_list(cli_pdf_options *options, cli_pdf_setting *settings)
{
    static cli_pdf_options defaults;
    section sections[N_SECTIONS];
    size_t n = 0;
    list(sections, options, &defaults);
    for (int k = 0; k < N_SECTIONS; k++)
        for (size_t i = 0; i < sections[k].table->n && n < CLI_PDF_SETTINGS; i++) {
            const vtr_parameter *p = &sections[k].table->parameters[i];
            if (is_default(&sections[k], p, settings[n].value)) continue;
            settings[n++].name = p->name;
        }
    return n;
}

vtr_status cli_pdf_settings_lock(cli_pdf_options *options, const char *path, vtr_error *err)
{
    static cli_pdf_options defaults;
    section sections[N_SECTIONS];
    char text[VALUE_BYTES];
    vtr_profile_text result;
    vtr_status status = vtr_profile_text_read(&result, path, NULL, err);
    if (status != VTR_OK) return status;
    list(sections, options, &defaults);
    for (int k = 0; k < N_SECTIONS; k++)
        for (size_t i = 0; i < sections[k].table->n && status == VTR_OK; i++) {
            const vtr_parameter *p = &sections[k].table->parameters[i];
            const char *value = vtr_profile_text_find(&result, p->name);
            if (value == NULL || *value == '\0' || !is_default(&sections[k], p, text)) continue;
            status = vtr_parameters_set(p, sections[k].values, value, err);
        }
    vtr_profile_text_release(&result);
    return status == VTR_OK ? VTR_OK : vtr_fail_context(err, status, "'%s'", path);
}
