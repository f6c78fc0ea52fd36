/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/api.h"
#include "vitrail/output.h"
#include "vitrail/pdf_text.h"

static const struct {
    const char *ending, *columns, *error_columns;
} kinds[] = {
    [VTR_PDF_TEXT_IQ] = {"iq", "Q($\\AA^{-1}$)  I(a.u.)", "dQ  dI"},
    [VTR_PDF_TEXT_SQ] = {"sq", "Q($\\AA^{-1}$)  S", "dQ  dS"},
    [VTR_PDF_TEXT_FQ] = {"fq", "Q($\\AA^{-1}$)  F($\\AA^{-1}$)", "dQ  dF"},
    [VTR_PDF_TEXT_GR] = {"gr", "r($\\AA$)  G($\\AA^{-2}$)", "dr  dG"},
};

const char *vtr_pdf_text_ending(vtr_pdf_text_kind kind)
{
    return kinds[kind].ending;
}

/* A line end in a value would end the header line. */
static void put_value(FILE *file, const char *value)
{
    for (; *value != '\0'; value++)
        fputc((unsigned char)*value < ' ' ? '?' : *value, file);
}

static void put_header(FILE *file, const vtr_pdf_text *t)
{
    fprintf(file, "[DEFAULT]\n\nversion = vitrail-%s\noutputtype = %s\n", vtr_version(),
            kinds[t->kind].ending);
    for (size_t i = 0; i < t->n_entries; i++) {
        fprintf(file, t->entries[i].value != NULL ? "%s = " : "\n# %s", t->entries[i].key);
        if (t->entries[i].value != NULL) put_value(file, t->entries[i].value);
        fputc('\n', file);
    }
    fprintf(file, "\n#### start data\n#S 1\n#L %s", kinds[t->kind].columns);
    if (t->error != NULL) fprintf(file, "  %s", kinds[t->kind].error_columns);
    fputc('\n', file);
}

static void put_rows(FILE *file, const vtr_pdf_text *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (!isfinite(t->y[i])) continue;
        fprintf(file, "%.9g %.9g", t->x[i], t->y[i]);
        if (t->error != NULL) fprintf(file, " 0 %.6g", isfinite(t->error[i]) ? t->error[i] : 0);
        fputc('\n', file);
    }
}

static vtr_status write_text(FILE *out, void *user, vtr_error *err)
{
    (void)err;
    put_header(out, user);
    put_rows(out, user);
    return VTR_OK;
}

vtr_status vtr_pdf_text_write(const char *path, const vtr_pdf_text *table, bool force, vtr_error *err)
{
    return vtr_output_write(path, force, write_text, (void *)table, err);
}
