/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_SERIES_SHOW_H
#define VITRAIL_CLI_SERIES_SHOW_H

/* What `vitrail series` found, as text, table, JSON and figure. */

#include "quantity.h"
#include "vitrail/line_profile.h"
#include "vitrail/series.h"

typedef struct cli_series_job {
    const cli_run *run;
    vtr_series *series;
    const char *labels[VTR_SERIES_RECORDINGS];
    bool has_places;                           /* every label begins with a number */
    double places[VTR_SERIES_RECORDINGS];      /* that number, or 1, 2, ... */
    const char *over, *title;                  /* what the labels are; over the figure */
    cli_quantity words[VTR_SERIES_QUANTITIES]; /* of the first recording */
    bool has_line;
    vtr_line line; /* of the first recording */
    vtr_line_profile profile[VTR_SERIES_RECORDINGS][VTR_SERIES_QUANTITIES];
} cli_series_job;

void cli_series_print(const cli_series_job *job);
void cli_series_print_json(const cli_series_job *job);
void cli_series_print_table(FILE *out, const cli_series_job *job);
vtr_status cli_series_draw(const cli_series_job *job, const char *path, vtr_error *err);

#endif
