/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_QUANTITY_H
#define VITRAIL_CLI_QUANTITY_H

/* The quantities of a map file as people want them shown: found by name, with symbol, unit and scale. */

#include "cli.h"
#include "vitrail/figure.h"
#include "vitrail/mapfile.h"

enum { CLI_MAX_NAMES = 256, CLI_NAME = 128 };

/* The maps of a file, in its order. */
typedef struct cli_names {
    size_t n;
    char group[CLI_MAX_NAMES][CLI_NAME], name[CLI_MAX_NAMES][CLI_NAME];
} cli_names;
vtr_status cli_names_read(cli_names *names, const vtr_mapfile *file, vtr_error *err);

/* Finds "exx", "strain/exx", "virtual/bf" or "bf". VTR_ERR_NOT_FOUND with what there is. */
vtr_status cli_names_find(size_t *index, const cli_names *names, const char *text, const char *path,
                          vtr_error *err);
/* "strain/exx, strain/eyy, ..." as far as it fits. */
void cli_names_list(char *text, size_t size, const cli_names *names);
/* Whether the file has this map. */
bool cli_names_has(const cli_names *names, const char *group, const char *name);
/* "exx_errors" of "exx". */
bool cli_is_errors(const char *name);

/* The bits of a map of flags (vtr_flag) in words: why a position has no value, or a doubtful one. */
enum { CLI_FLAGS = 11 };
const char *cli_flag_text(unsigned bit);

/* The sign of a unit that NeXus spells in ASCII: Å for angstrom, nothing for 1; what is no such one stays. */
const char *cli_unit_sign(const char *unit);

typedef struct cli_quantity {
    char group[CLI_NAME], name[CLI_NAME];
    size_t n_y, n_x;
    double step_nm[2]; /* y, x; NAN: not known */
    float *values;     /* [n_y][n_x] as in the file; owned */
    char symbol[160];  /* markup, also HTML: "<i>ε</i><sub>xx</sub>" */
    char unit[32];     /* of what is shown; "" where it has none */
    char label[224];   /* symbol (unit) */
    double factor;     /* what is shown is factor * value */
    bool is_signed, from_zero;
} cli_quantity;

vtr_status cli_quantity_read(cli_quantity *quantity, const vtr_mapfile *file, const char *group,
                             const char *name, vtr_error *err);
void cli_quantity_release(cli_quantity *quantity);
/* Releases the values alone: words and unit stay. */
void cli_quantity_release_values(cli_quantity *quantity);
/* A panel of it with its colours, scale bar and label; the quantity must outlive the panel. */
vtr_figure_panel cli_quantity_panel(const cli_quantity *quantity);

/* Median and 5th and 95th percentile of what is shown, and the fraction of positions with a value. */
typedef struct cli_statistics {
    double low, median, high, valid;
} cli_statistics;
vtr_status cli_quantity_statistics(cli_statistics *out, const cli_quantity *quantity, vtr_error *err);

#endif
