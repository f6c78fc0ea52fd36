/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "quantity.h"
#include "vitrail/line_profile.h"
#include "vitrail/output.h"

typedef struct profile_options {
    const char *line, *band, *output, *figure, *title;
    vtr_text_list quantities;
    double width_nm, step_nm;
    int direction;
} profile_options;

static profile_options options;

#define MEMBER(name) offsetof(profile_options, name)
static const vtr_parameter parameters[] = {
    {"line", "nm", VTR_PARAMETER_STRING, MEMBER(line), .metavar = "X0,Y0,X1,Y1",
     .help = "from one place to another, or a path of more of them; (0, 0) is the first position"},
    {"band", NULL, VTR_PARAMETER_STRING, MEMBER(band), .metavar = "SB1",
     .help = "the line of a band that vitrail bands found in the first map file, in place of --line"},
    {"width", "nm", VTR_PARAMETER_DOUBLE, MEMBER(width_nm), .default_value = NAN, .maximum = 1e9,
     .metavar = "NM", .help = "across the line; 0 is the line itself; of a band its own unless given"},
    {"direction", NULL, VTR_PARAMETER_CHOICE, MEMBER(direction), .choices = "along|across",
     .help = "along the line, averaged over the width; or over the width, averaged along the line"},
    {"quantity", NULL, VTR_PARAMETER_LIST, MEMBER(quantities), .metavar = "NAME[,NAME...]",
     .help = "a map of the file; those after a comma share its axes; may be repeated"},
    {"step", "nm", VTR_PARAMETER_DOUBLE, MEMBER(step_nm), .default_value = NAN, .minimum = 1e-6,
     .maximum = 1e9, .metavar = "NM", .help = "between two values; the scan's unless given"},
    {"output", NULL, VTR_PARAMETER_STRING, MEMBER(output), .metavar = "FILE.csv",
     .help = "the table; standard output unless given"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "a figure too; ends in .png, .svg or .pdf"},
    {"title", NULL, VTR_PARAMETER_STRING, MEMBER(title), .metavar = "TEXT", .help = "over the figure"},
};
static const vtr_parameter_table table = {"Profile", parameters, sizeof parameters / sizeof *parameters};

static size_t groups(cli_group *out)
{
    vtr_parameters_default(&table, &options);
    out[0] = (cli_group){&table, &options};
    return 1;
}

/* --- what is read --------------------------------------------------------------------------------------------- */

enum { MAX_CURVES = 64, MAX_PANELS = VTR_TEXT_LIST_MAX };

/* A quantity of one recording along the line. */
typedef struct curve {
    const char *path;
    size_t panel;
    cli_quantity quantity; /* its words and unit; without values */
    vtr_line_map map;
    vtr_line_profile profile;
    char label[320], axis[320];  /* in the legend; of the panel's axis, with the first of its curves */
    double *shown, *shown_error; /* in the figure's unit */
} curve;

typedef struct job {
    const cli_run *run;
    vtr_line line;
    size_t n, n_panels;
    curve curve[MAX_CURVES];
} job;

static void release(job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        vtr_line_map_release(&j->curve[i].map);
        vtr_line_profile_release(&j->curve[i].profile);
        free(j->curve[i].shown);
    }
    free(j);
}

static const char *unit_words(const vtr_line_map *map)
{
    return map->unit[0] != '\0' ? map->unit : "fractions";
}

static vtr_status add_curve(job *j, size_t panel, const char *name, const char *path, const vtr_mapfile *file,
                            const cli_names *names, vtr_error *err)
{
    size_t at = 0;
    if (j->n == MAX_CURVES) return vtr_fail(err, VTR_ERR_ARGUMENT, "more than %d curves", MAX_CURVES);
    curve *c = &j->curve[j->n];
    vtr_status status = cli_names_find(&at, names, name, path, err);
    if (status == VTR_OK)
        status = cli_quantity_read(&c->quantity, file, names->group[at], names->name[at], err);
    if (status != VTR_OK) return status;
    cli_quantity_release_values(&c->quantity);
    status = vtr_line_map_read(&c->map, file, names->group[at], names->name[at], err);
    if (status != VTR_OK) return status;
    c->path = path;
    c->panel = panel;
    for (size_t i = 0; i < j->n; i++)
        if (j->curve[i].panel == panel && strcmp(j->curve[i].map.unit, c->map.unit) != 0) {
            vtr_status failed = vtr_fail(
                err, VTR_ERR_ARGUMENT,
                "'%s' is in %s, '%s' in %s: they share no axis; give each its --quantity",
                j->curve[i].map.name, unit_words(&j->curve[i].map), c->map.name, unit_words(&c->map));
            vtr_line_map_release(&c->map);
            return failed;
        }
    j->n++;
    return VTR_OK;
}

/* The quantities "Bx,By" of one option. */
static vtr_status add_list(job *j, size_t panel, const char *path, const vtr_mapfile *file,
                           const cli_names *names, vtr_error *err)
{
    const char *list = options.quantities.text[panel];
    vtr_status status = VTR_OK;
    while (status == VTR_OK && *list != '\0') {
        char name[CLI_NAME];
        size_t n = strcspn(list, ",");
        if (n == 0 || n >= sizeof name)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not a list of quantities; write Bx,By", list);
        memcpy(name, list, n);
        name[n] = '\0';
        status = add_curve(j, panel, name, path, file, names, err);
        list += n + (list[n] == ',');
    }
    return status;
}

static vtr_status read_recording(job *j, const char *path, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    cli_names *names = calloc(1, sizeof *names);
    vtr_status status = names == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for the names of '%s'", path)
                                      : vtr_mapfile_open(&file, path, err);
    if (status == VTR_OK) status = cli_names_read(names, file, err);
    for (size_t k = 0; k < options.quantities.n && status == VTR_OK; k++)
        status = add_list(j, k, path, file, names, err);
    vtr_mapfile_close(&file);
    free(names);
    return status;
}

/* All recordings in the finest of their steps, so that their values lie at the same distances. */
static void choose_step(job *j)
{
    double step = options.step_nm;
    for (size_t i = 0; i < j->n && isnan(options.step_nm); i++)
        for (int k = 0; k < 2; k++) {
            double of_map = j->curve[i].map.step_nm[k] > 0 ? j->curve[i].map.step_nm[k] : 1;
            if (!(step <= of_map)) step = of_map;
        }
    j->line.step_nm = step;
}

static vtr_status read_line(job *j, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    if (options.band == NULL) return vtr_line_parse(&j->line, options.line, err);
    vtr_status status = vtr_mapfile_open(&file, j->run->inputs[0], err);
    if (status == VTR_OK) {
        status = vtr_line_of_band(&j->line, file, options.band, options.direction == 1, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", j->run->inputs[0]);
    }
    vtr_mapfile_close(&file);
    return status;
}

static const char *line_name(void)
{
    return options.band != NULL ? options.band : options.line;
}

static vtr_status compute(job *j, vtr_error *err)
{
    vtr_status status = read_line(j, err);
    for (size_t i = 0; i < j->run->n_inputs && status == VTR_OK; i++)
        status = read_recording(j, j->run->inputs[i], err);
    if (status != VTR_OK) return status;
    j->n_panels = options.quantities.n;
    if (!isnan(options.width_nm)) j->line.width_nm = options.width_nm;
    j->line.is_across = options.direction == 1;
    choose_step(j);
    for (size_t i = 0; i < j->n && status == VTR_OK; i++) {
        curve *c = &j->curve[i];
        status = vtr_line_profile_compute(&c->profile, &c->map, &j->line, err);
        if (status != VTR_OK) return vtr_fail_context(err, status, "'%s' of '%s'", c->map.name, c->path);
    }
    return status;
}

/* --- table ---------------------------------------------------------------------------------------------------- */

static const char *length_unit(const job *j)
{
    return j->curve[0].map.step_nm[0] > 0 ? "nm" : "positions";
}

/* A column's heading; in quotes where it holds what CSV reads. */
static void heading(FILE *out, const job *j, const curve *c, const char *what)
{
    char text[640];
    bool is_plain = c->map.unit[0] == '\0' || strcmp(c->map.unit, "1") == 0;
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s", j->run->n_inputs > 1 ? c->path : "",
             j->run->n_inputs > 1 ? ":" : "", c->map.name, what, is_plain ? "" : " (",
             is_plain ? "" : c->map.unit, is_plain ? "" : ")");
    fputc(',', out);
    cli_csv_text(out, text);
}

static void write_table(FILE *out, const job *j)
{
    fprintf(out, "# vitrail profile: %s the line %s%s, %g nm wide; as in the map file\n",
            j->line.is_across ? "across" : "along", line_name(), options.band != NULL ? "" : " nm",
            j->line.width_nm);
    fprintf(out, "distance (%s)", length_unit(j));
    for (size_t i = 0; i < j->n; i++) {
        heading(out, j, &j->curve[i], "");
        heading(out, j, &j->curve[i], " standard error");
        heading(out, j, &j->curve[i], " scatter");
        fputs(",coverage", out);
    }
    fputc('\n', out);
    for (size_t k = 0; k < j->curve[0].profile.n; k++) {
        fprintf(out, "%.6g", j->curve[0].profile.distance_nm[k]);
        for (size_t i = 0; i < j->n; i++) {
            const vtr_line_profile *p = &j->curve[i].profile;
            const double values[] = {p->mean[k], p->error[k], p->scatter[k], p->coverage[k]};
            for (int v = 0; v < 4; v++)
                if (isnan(values[v]))
                    fputs(",nan", out);
                else
                    fprintf(out, ",%.6g", values[v]);
        }
        fputc('\n', out);
    }
}

static vtr_status save_table(FILE *out, void *user, vtr_error *err)
{
    (void)err;
    write_table(out, user);
    return VTR_OK;
}

static void print_json(const job *j)
{
    const vtr_line_profile *first = &j->curve[0].profile;
    printf("{\n  \"direction\": \"%s\", \"unit\": \"%s\",\n  ", j->line.is_across ? "across" : "along",
           length_unit(j));
    cli_json_array("distance", first->distance_nm, first->n, ",\n  \"curves\": [\n");
    for (size_t i = 0; i < j->n; i++) {
        const curve *c = &j->curve[i];
        fputs("    {", stdout);
        cli_json_text("map", c->path, ", ");
        cli_json_text("group", c->map.group, ", ");
        cli_json_text("quantity", c->map.name, ", ");
        cli_json_text("unit", c->map.unit, ", ");
        cli_json_array("mean", c->profile.mean, c->profile.n, ", ");
        cli_json_array("error", c->profile.error, c->profile.n, ", ");
        cli_json_array("scatter", c->profile.scatter, c->profile.n, ", ");
        cli_json_array("coverage", c->profile.coverage, c->profile.n, i + 1 < j->n ? "},\n" : "}\n");
    }
    fputs("  ]\n}\n", stdout);
}

/* --- figure --------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* How many curves a panel has of this recording, and in all. */
static size_t count(const job *j, size_t panel)
{
    size_t n = 0;
    for (size_t i = 0; i < j->n; i++)
        n += j->curve[i].panel == panel;
    return n;
}

static vtr_status set_shown(job *j, curve *c, vtr_error *err)
{
    size_t n = c->profile.n;
    c->shown = malloc(2 * n * sizeof *c->shown);
    if (c->shown == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the figure");
    c->shown_error = c->shown + n;
    for (size_t k = 0; k < n; k++) {
        c->shown[k] = c->quantity.factor * c->profile.mean[k];
        c->shown_error[k] = c->quantity.factor * c->profile.error[k];
    }
    bool is_one_quantity = count(j, c->panel) == j->run->n_inputs;
    snprintf(c->label, sizeof c->label, "%s%s%s", is_one_quantity ? "" : c->quantity.symbol,
             is_one_quantity || j->run->n_inputs == 1 ? "" : ", ",
             j->run->n_inputs > 1 ? base_name(c->path) : "");
    return VTR_OK;
}

/* "Bx, By (T)": the symbols of one recording. */
static void join_symbols(char *text, size_t size, const job *j, size_t panel)
{
    size_t used = 0;
    const curve *last = NULL;
    for (size_t i = 0; i < j->n && used < size; i++) {
        const curve *c = &j->curve[i];
        if (c->panel != panel || strcmp(c->path, j->curve[0].path) != 0) continue;
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", last != NULL ? ", " : "", c->quantity.symbol);
        last = c;
    }
    if (last != NULL && last->quantity.unit[0] != '\0' && used < size)
        snprintf(text + used, size - used, " (%s)", last->quantity.unit);
}

static void set_panel(vtr_figure_panel *panel, vtr_figure_series *series, job *j, size_t which)
{
    static const vtr_figure_mark middle = {0, NULL};
    size_t n = 0;
    curve *first = NULL;
    for (size_t i = 0; i < j->n; i++) {
        curve *c = &j->curve[i];
        if (c->panel != which) continue;
        if (first == NULL) first = c;
        series[n++] = (vtr_figure_series){.n = c->profile.n,
                                          .x = c->profile.distance_nm,
                                          .y = c->shown,
                                          .error = c->shown_error,
                                          .label = c->label[0] != '\0' ? c->label : NULL};
    }
    *panel = vtr_figure_plot_panel(series, n);
    panel->plot.x_label = strcmp(length_unit(j), "nm") != 0 ? "distance (positions)"
                          : j->line.is_across               ? "distance from the line (nm)"
                                                            : "distance along the line (nm)";
    join_symbols(first->axis, sizeof first->axis, j, which);
    panel->plot.y_label = first->axis;
    if (j->line.is_across) panel->plot.marks = &middle, panel->plot.n_marks = 1;
}

static vtr_status draw(job *j, vtr_error *err)
{
    vtr_figure_series(*series)[MAX_CURVES] = calloc(MAX_PANELS, sizeof *series);
    vtr_figure_panel *panels = calloc(MAX_PANELS, sizeof *panels);
    vtr_status status = VTR_OK;
    if (series == NULL || panels == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for the figure");
    for (size_t i = 0; i < j->n && status == VTR_OK; i++)
        status = set_shown(j, &j->curve[i], err);
    for (size_t k = 0; k < j->n_panels && status == VTR_OK; k++)
        set_panel(&panels[k], series[k], j, k);
    if (status == VTR_OK) {
        vtr_figure_page page = vtr_figure_default_page(j->n_panels);
        page.columns = j->n_panels < 4 ? 1 : 2;
        if (page.columns == 1) page.width_mm = 85;
        page.title = options.title;
        page.force = j->run->common.force;
        status = vtr_figure_write(options.figure, panels, j->n_panels, &page, err);
    }
    free(series);
    free(panels);
    return status;
}

/* --- all ------------------------------------------------------------------------------------------------------ */

static vtr_status check(vtr_error *err)
{
    vtr_figure_format format;
    if (options.line == NULL && options.band == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "no line; give --line X0,Y0,X1,Y1 in nm, or --band SB1");
    if (options.line != NULL && options.band != NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--line and --band are two lines; give one of them");
    if (options.quantities.n == 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "of what? give --quantity NAME, such as exx");
    return options.figure != NULL ? vtr_figure_format_of(&format, options.figure, err) : VTR_OK;
}

static vtr_status run_profile(const cli_run *run, vtr_error *err)
{
    vtr_status status = check(err);
    if (status != VTR_OK) return status;
    job *j = calloc(1, sizeof *j);
    if (j == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a profile");
    j->run = run;
    status = compute(j, err);
    if (status == VTR_OK && options.figure != NULL) status = draw(j, err);
    if (status == VTR_OK && options.output != NULL)
        status = vtr_output_write(options.output, run->common.force, save_table, j, err);
    if (status == VTR_OK && run->common.json)
        print_json(j);
    else if (status == VTR_OK && options.output == NULL && !(run->common.quiet && options.figure != NULL))
        write_table(stdout, j);
    release(j);
    return status;
}

const cli_command cli_profile = {
    .name = "profile",
    .usage = "[options] --line X0,Y0,X1,Y1 --quantity NAME MAP.h5...",
    .summary = "quantities along a line or across it, with errors: a table and a figure",
    .details = "Means over rectangles along a line or path of --width nm, or (--direction across) over the "
               "width and "
               "averaged along it, with standard errors. Places are in nm from the first position. Several "
               "map files come in one table and in one plot. What has no data is nan, never zero.",
    .min_inputs = 1,
    .max_inputs = CLI_MAX_INPUTS,
    .options = groups,
    .run = run_profile,
};
