/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "quantity.h"
#include "vitrail/export.h"

typedef struct export_options {
    const char *output;
    int format;
    bool errors;
} export_options;

static export_options options;

#define MEMBER(name) offsetof(export_options, name)
static const vtr_parameter parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, MEMBER(output), .metavar = "FILE",
     .help =
         "the file, its ending names the format; or with --format a start of names, such as a folder: maps/"},
    {"format", NULL, VTR_PARAMETER_CHOICE, MEMBER(format), .choices = "one|" VTR_EXPORT_ENDINGS,
     .help = "a file a map, named FILE and strain_exx.tif; one is all in one file"},
    {"errors", NULL, VTR_PARAMETER_BOOL, MEMBER(errors),
     .help =
         "standard deviations after each map, in .tif and .npy; the other formats always have them but .gsf"},
};
static const vtr_parameter_table table = {"Export", parameters, sizeof parameters / sizeof *parameters};

static size_t groups(cli_group *out)
{
    vtr_parameters_default(&table, &options);
    out[0] = (cli_group){&table, &options};
    return 1;
}

typedef struct items {
    size_t n;
    vtr_export_item item[CLI_MAX_NAMES];
} items;

static void release(items *list)
{
    for (size_t i = 0; i < list->n; i++)
        vtr_export_release(&list->item[i]);
    free(list);
}

static vtr_status add(items *list, const vtr_mapfile *file, const char *group, const char *name,
                      vtr_error *err)
{
    if (list->n == CLI_MAX_NAMES) return vtr_fail(err, VTR_ERR_ARGUMENT, "more than %d maps", CLI_MAX_NAMES);
    vtr_status status = vtr_export_read(&list->item[list->n], file, group, name, err);
    if (status == VTR_OK) list->n++;
    return status;
}

/* A map by its short or full name, or curves over the scan by GROUP/NAME. */
static vtr_status add_named(items *list, const vtr_mapfile *file, const cli_names *names, const char *text,
                            const char *path, vtr_error *err)
{
    size_t at = 0;
    const char *slash = strrchr(text, '/');
    if (slash != NULL) {
        char group[CLI_NAME];
        snprintf(group, sizeof group, "%.*s", (int)(slash - text), text);
        if (vtr_mapfile_has(file, group, slash + 1)) return add(list, file, group, slash + 1, err);
    }
    vtr_status status = cli_names_find(&at, names, text, path, err);
    return status == VTR_OK ? add(list, file, names->group[at], names->name[at], err) : status;
}

static vtr_status add_list(items *list, const vtr_mapfile *file, const cli_names *names, const char *text,
                           const char *path, vtr_error *err)
{
    vtr_status status = VTR_OK;
    while (status == VTR_OK && *text != '\0') {
        char name[CLI_NAME];
        size_t n = strcspn(text, ",");
        if (n == 0 || n >= sizeof name)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not a list of quantities; write exx,eyy", text);
        memcpy(name, text, n);
        name[n] = '\0';
        status = add_named(list, file, names, name, path, err);
        text += n + (text[n] == ',');
    }
    return status;
}

/* All maps but those of errors, which go with theirs. */
static vtr_status add_all(items *list, const vtr_mapfile *file, const cli_names *names, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < names->n && status == VTR_OK; i++)
        if (!cli_is_errors(names->name[i])) status = add(list, file, names->group[i], names->name[i], err);
    return status;
}

static vtr_status read_items(items *list, const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    cli_names *names = calloc(1, sizeof *names);
    vtr_status status = names == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for the names of '%s'", run->inputs[0])
                            : vtr_mapfile_open(&file, run->inputs[0], err);
    if (status == VTR_OK) status = cli_names_read(names, file, err);
    if (status == VTR_OK && run->n_inputs == 1) status = add_all(list, file, names, err);
    for (size_t i = 1; i < run->n_inputs && status == VTR_OK; i++)
        status = add_list(list, file, names, run->inputs[i], run->inputs[0], err);
    vtr_mapfile_close(&file);
    free(names);
    return status;
}

/* "maps/" and strain/exx: "maps/strain_exx.tif". */
static vtr_status write_each(const items *list, const vtr_export_params *params, vtr_error *err)
{
    static const char *const endings[] = {"", "tif", "gsf", "csv", "npy", "hspy", "emd"};
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < list->n && status == VTR_OK; i++) {
        char path[4096];
        const vtr_export_item *item = &list->item[i];
        int n = snprintf(path, sizeof path, "%s%s_%s.%s", options.output, item->group, item->name,
                         endings[options.format]);
        if (n < 0 || (size_t)n >= sizeof path)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "the name '%s' is too long", options.output);
        for (char *c = path + strlen(options.output); *c != '\0'; c++)
            if (*c == '/') *c = '_';
        status = vtr_export_write(path, item, 1, params, err);
    }
    return status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    if (options.output == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "no output given; say where to write: -o maps.tif");
    items *list = calloc(1, sizeof *list);
    if (list == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the maps");
    const vtr_export_params params = {options.errors, run->common.force};
    vtr_status status = read_items(list, run, err);
    if (status == VTR_OK)
        status = options.format > 0 ? write_each(list, &params, err)
                                    : vtr_export_write(options.output, list->item, list->n, &params, err);
    if (status == VTR_OK && run->common.json) {
        printf("{\"maps\": %zu, ", list->n);
        cli_json_text("output", options.output, "}\n");
    }
    release(list);
    return status;
}

const cli_command cli_export = {
    .name = "export",
    .usage = "[options] MAP.h5 [QUANTITY[,QUANTITY...]] -o FILE",
    .summary = "maps of a map file for ImageJ, Gwyddion, HyperSpy, py4DSTEM, tables",
    .details = "FILE's ending names the format: .tif (float32, ImageJ's scale in nm), .gsf (Gwyddion, one "
               "map), .csv, "
               ".npy, .hspy (HyperSpy), .emd (EMD 1.0). Without a quantity all maps are written. Quantities "
               "with a curve "
               "at every position, such as profile/intensity, go to .hspy, .emd and .npy. Values are as in "
               "the map file: "
               "strains are fractions, and no data is NaN.",
    .min_inputs = 1,
    .max_inputs = CLI_MAX_INPUTS,
    .options = groups,
    .run = run,
};
