/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_REPORT_SECTIONS_H
#define VITRAIL_CLI_REPORT_SECTIONS_H

/* The parts of a report, each in the file report_PART.c. */

#include "cli/panel/panels.h"
#include "contents.h"
#include "page.h"

/* What every section draws from. */
typedef struct cli_report_job {
    FILE *out;
    const char *path;
    const vtr_mapfile *file;
    const cli_names *names;
    const cli_contents *contents;
    const cli_run *run;
    const char *prefix; /* of addresses within the page, which may hold several map files */
} cli_report_job;

/* sections: links to them, and all of them in their order. */
void cli_report_links(const cli_report_job *r);
vtr_status cli_report_sections(const cli_report_job *r, vtr_error *err);
void cli_report_start(const cli_report_job *r, const char *id, const char *title);
void cli_report_end(const cli_report_job *r);

/* summary: what was done and found, in sentences. */
vtr_status cli_report_summary(const cli_report_job *r, vtr_error *err);
/* flags: which positions have no value, or a doubtful one, and why; nothing where no map of flags is. */
bool cli_report_has_flags(const cli_report_job *r);
vtr_status cli_report_flags(const cli_report_job *r, vtr_error *err);
/* tables: attributes of a group, columns of numbers, and what small arrays hold. */
void cli_report_attributes(const cli_report_job *r, const char *group);
vtr_status cli_report_columns(const cli_report_job *r, const char *group, vtr_error *err);
/* maps: a table of statistics, and each with its errors beside it. */
vtr_status cli_report_maps(const cli_report_job *r, const char *group, vtr_error *err);
/* One of the panels that a name makes; nothing where the file lacks it. */
vtr_status cli_report_figure(const cli_report_job *r, const char *name, double dpi, const char *alt,
                             const char *caption, vtr_error *err);
/* methods: text for a paper, with its references. */
void cli_report_methods(const cli_report_job *r);
/* process: the steps that made the file, and what is in it. */
void cli_report_process(const cli_report_job *r);
void cli_report_catalogue(const cli_report_job *r);

/* An attribute that is one number; NAN where there is none. */
double cli_report_number(const cli_report_job *r, const char *group, const char *attribute);

#endif
