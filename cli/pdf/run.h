/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_PDF_RUN_H
#define VITRAIL_CLI_PDF_RUN_H

/* What the files of vitrail pdf share: its options, one input as a profile, one result. */

#include "cli/cli.h"
#include "vitrail/calibration.h"
#include "vitrail/pdf_correct.h"
#include "vitrail/pdf_refine.h"
#include "vitrail/pdf_result.h"
#include "vitrail/pdf_shell.h"

typedef struct cli_pdf_files {
    const char *output, *format, *background, *calibration, *lock, *hold, *compare, *figure, *table, *shells,
        *densities;
    double bgscale, peak[2], shell_range[2];
} cli_pdf_files;

typedef struct cli_pdf_options {
    cli_pdf_files files;
    vtr_pdf_params pdf;
    vtr_profile_text_params text;
    vtr_profile_correct_params correct;
    vtr_pdf_refine_params refine;
    vtr_calibrate_params calibrate;
    vtr_dataset_params recording;
} cli_pdf_options;

/* Corrections and refinement where they are not at their defaults, for the header of a result: settings
 * [CLI_PDF_SETTINGS]; returns how many. */
enum { CLI_PDF_SETTINGS = 24 };
typedef struct cli_pdf_setting {
    const char *name;
    char value[64];
} cli_pdf_setting;
size_t cli_pdf_settings_list(cli_pdf_options *options, cli_pdf_setting *settings);
/* Sets those that are at their defaults to what the header of a result says. */
vtr_status cli_pdf_settings_lock(cli_pdf_options *options, const char *path, vtr_error *err);

typedef enum cli_pdf_kind { CLI_PDF_MAP, CLI_PDF_PATTERN, CLI_PDF_TEXT } cli_pdf_kind;
/* Which of the three a file is, by its bytes: a map file has profiles, text holds no zero byte. */
vtr_status cli_pdf_kind_of(cli_pdf_kind *kind, const char *path, vtr_error *err);

typedef struct cli_pdf_input {
    vtr_profile_text profile; /* over Q, background taken off, corrected */
    double qmin;              /* where the first ring of a pattern begins; NAN: not known */
    char description[256];
} cli_pdf_input;

/* Reads a text profile or a pattern. `options` is locked for the next one: the k scale that a known ring sets,
 * and the scale where the input is a structure function. */
vtr_status cli_pdf_input_read(cli_pdf_input *input, cli_pdf_options *options, const char *path,
                              const cli_run *run, vtr_error *err);
void cli_pdf_input_release(cli_pdf_input *input);

enum { CLI_PDF_SHELLS = 2 };
typedef struct cli_pdf_result {
    char name[256], description[256]; /* name: of the input, without folder and ending */
    vtr_pdf_params params;
    vtr_pdf pdf;
    size_t n_peaks;
    vtr_pdf_peak peaks[CLI_PDF_SHELLS];
    double shell[2];                     /* of the first peak */
    double neighbours, neighbours_error; /* NAN: not known */
    vtr_pdf_shell_fit fit;               /* of --shells; no shells: not asked for */
    double r_factor;                     /* NAN: nothing to compare with */
} cli_pdf_result;

/* Text and JSON of all results, and the table of a series. */
void cli_pdf_print(const cli_pdf_result *result);
void cli_pdf_print_json(const cli_pdf_result *results, size_t n);
void cli_pdf_print_table(FILE *out, const cli_pdf_result *results, size_t n);
/* "density", "window", ... in words: what set the scale. */
const char *cli_pdf_scale_words(vtr_pdf_scale source);

/* One result as four panels, several as G(r) beside each other and the first distance against the density. */
vtr_status cli_pdf_figure(const char *path, const cli_pdf_result *results, size_t n, bool force,
                          vtr_error *err);

#endif
