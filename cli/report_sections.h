/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_REPORT_SECTIONS_H
#define VITRAIL_CLI_REPORT_SECTIONS_H

#include "panels.h"
#include "report_page.h"

/* What every section draws from. */
typedef struct cli_report_job {
    FILE *out;
    const char *path;
    const vtr_mapfile *file;
    const cli_names *names;
    const cli_run *run;
} cli_report_job;

/* Links to the sections. */
void cli_report_links(const cli_report_job *r);
/* Scan, ring and profile. */
vtr_status cli_report_ring(const cli_report_job *r, vtr_error *err);
/* A section for each group of maps. */
vtr_status cli_report_maps(const cli_report_job *r, vtr_error *err);
/* The steps that made the file. */
void cli_report_process(const cli_report_job *r);

#endif
