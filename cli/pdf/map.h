/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_PDF_MAP_H
#define VITRAIL_CLI_PDF_MAP_H

/* vitrail pdf on a map file: the PDF of every position. */

#include "run.h"

/* The options of its own, set to their defaults. */
cli_group cli_pdf_map_options(void);

/* Adds /entry/pdf to the map file run->inputs[0] and prints what was found. `groups` are the options of files and of the
 * PDF, for the provenance. Of the files, `output` names the .gr files of the regions, OUTPUT-REGION.gr, `figure` shows the
 * regions in one plot, and with sectors the strain beside the ring's. */
vtr_status cli_pdf_map(const cli_run *run, const cli_group groups[2], const vtr_pdf_params *pdf,
                       const cli_pdf_files *files, vtr_error *err);

#endif
