/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/api.h"
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

vtr_status vtr_pdf_text_write(const char *path, const vtr_pdf_text *table, bool force, vtr_error *err)
{
    vtr_status status = vtr_output_check(path, force, err);
    if (status != VTR_OK) return status;
    char *partial = vtr_partial_path(path);
    if (partial == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", path);
    FILE *file = fopen(partial, "w");
    if (file == NULL) {
        status = vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
    } else {
        put_header(file, table);
        put_rows(file, table);
        bool failed = ferror(file) != 0;
        if (fclose(file) != 0 || failed)
            status = vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
        if (status == VTR_OK)
            status = vtr_output_commit(partial, path, err);
        else
            vtr_output_discard(partial);
    }
    vtr_free(partial);
    return status;
}
