/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "export/export_internal.h"

/* A row a position. Names of maps and units hold neither commas nor quotes (the map file refuses them). */

static void number(FILE *out, double value)
{
    if (isnan(value))
        fputs(",nan", out);
    else
        fprintf(out, ",%.9g", value); /* float32 and back without loss */
}

static vtr_status write_csv(FILE *out, const vtr_export_job *job, vtr_error *err)
{
    (void)err;
    const vtr_export_item *first = &job->items[0];
    const bool has_step = first->step_nm[0] > 0 && first->step_nm[1] > 0;
    const double step[2] = {has_step ? first->step_nm[0] : 1, has_step ? first->step_nm[1] : 1};
    fprintf(out, has_step ? "y (nm),x (nm)" : "y (positions),x (positions)");
    for (size_t i = 0; i < job->n; i++)
        for (int is_error = 0; is_error < (job->items[i].errors != NULL ? 2 : 1); is_error++) {
            char label[192];
            vtr_export_label(label, sizeof label, &job->items[i], is_error);
            fprintf(out, ",%s", label);
        }
    fputc('\n', out);
    for (size_t p = 0; p < first->n_y * first->n_x; p++) {
        fprintf(out, "%.9g,%.9g", (double)(p / first->n_x) * step[0], (double)(p % first->n_x) * step[1]);
        for (size_t i = 0; i < job->n; i++) {
            number(out, job->items[i].values[p]);
            if (job->items[i].errors != NULL) number(out, job->items[i].errors[p]);
        }
        fputc('\n', out);
    }
    return VTR_OK;
}

const vtr_export_format vtr_export_csv = {.endings = {".csv"}, .takes_several = true, .write = write_csv};
