/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/panel/panels.h"
#include "commands.h"

typedef struct figure_options {
    const char *output, *title, *overlay, *pattern;
    double limits[2], width_mm, dpi;
    int palette, scaling;
    size_t columns;
    bool directors, no_scale_bar, no_letters, no_reference;
} figure_options;

static figure_options options;

#define MEMBER(name) offsetof(figure_options, name)
static const vtr_parameter parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, MEMBER(output), .metavar = "FILE",
     .help = "the figure; ends in .png, .svg or .pdf"},
    {"limits", NULL, VTR_PARAMETER_RANGE, MEMBER(limits), .metavar = "LO:HI",
     .help = "of the colours, in the unit shown (%); from the data unless given"},
    {"palette", NULL, VTR_PARAMETER_CHOICE, MEMBER(palette), .choices = VTR_PALETTE_CHOICES,
     .help = "colours; auto is diverging for signed quantities, viridis for others, magma for patterns"},
    {"scaling", NULL, VTR_PARAMETER_CHOICE, MEMBER(scaling), .choices = "auto|linear|log",
     .help = "of colours and of the profile's axis; auto is log for patterns and profiles"},
    {"directors", NULL, VTR_PARAMETER_BOOL, MEMBER(directors), .help = "draw the directions of e1 as sticks"},
    {"overlay", NULL, VTR_PARAMETER_STRING, MEMBER(overlay), .metavar = "QUANTITY",
     .help = "draw a vector quantity as arrows: B for Bx and By"},
    {"pattern", NULL, VTR_PARAMETER_STRING, MEMBER(pattern), .metavar = "Y,X",
     .help = "of a recording: the pattern at this position of the scan, from 0"},
    {"no-reference", NULL, VTR_PARAMETER_BOOL, MEMBER(no_reference),
     .help = "do not outline the reference region"},
    {"no-scale-bar", NULL, VTR_PARAMETER_BOOL, MEMBER(no_scale_bar), .help = "draw no scale bar"},
    {"no-letters", NULL, VTR_PARAMETER_BOOL, MEMBER(no_letters), .help = "no (a), (b), ... over the panels"},
    {"title", NULL, VTR_PARAMETER_STRING, MEMBER(title), .metavar = "TEXT", .help = "over the figure"},
    {"columns", NULL, VTR_PARAMETER_SIZE, MEMBER(columns), .maximum = 16, .metavar = "N",
     .help = "panels beside each other; 0 chooses"},
    {"width", "mm", VTR_PARAMETER_DOUBLE, MEMBER(width_mm), .default_value = NAN, .minimum = 20,
     .maximum = 2000, .metavar = "MM",
     .help = "of the figure; 85 for one panel, 170 for several unless given"},
    {"dpi", NULL, VTR_PARAMETER_DOUBLE, MEMBER(dpi), .default_value = 300, .minimum = 30, .maximum = 2400,
     .metavar = "N", .help = "pixels per inch of PNG"},
};
static const vtr_parameter_table table = {"Figure", parameters, sizeof parameters / sizeof *parameters};

static size_t groups(cli_group *out)
{
    vtr_parameters_default(&table, &options);
    out[0] = (cli_group){&table, &options};
    return 1;
}

static void apply_options(vtr_figure_panel *panel)
{
    vtr_figure_colours *colours =
        panel->kind == VTR_FIGURE_PATTERN ? &panel->pattern.colours : &panel->map.colours;
    panel->map.hide_scale_bar = panel->pattern.hide_scale_bar = options.no_scale_bar;
    if (options.palette != VTR_PALETTE_AUTO) colours->palette = (vtr_palette)options.palette;
    for (int i = 0; i < 2; i++)
        if (isfinite(options.limits[i])) colours->limits[i] = options.limits[i];
    if (options.scaling == 0) return;
    colours->scaling = options.scaling == 2 ? VTR_SCALE_LOG : VTR_SCALE_LINEAR;
    panel->plot.log_y = options.scaling == 2;
}

/* Adds the quantities of "exx,eyy,density". */
static vtr_status add_quantities(cli_panels *panels, const char *list, vtr_error *err)
{
    vtr_status status = VTR_OK;
    while (status == VTR_OK && *list != '\0') {
        char name[CLI_NAME];
        size_t n = strcspn(list, ",");
        if (n == 0 || n >= sizeof name)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not a list of quantities; write exx,eyy", list);
        memcpy(name, list, n);
        name[n] = '\0';
        status = cli_panels_add(panels, name, err);
        list += n + (list[n] == ',');
    }
    return status;
}

static vtr_status collect(cli_panels *panels, const cli_run *run, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 1; i < run->n_inputs && status == VTR_OK; i++)
        status = add_quantities(panels, run->inputs[i], err);
    if (status == VTR_OK && options.directors) status = cli_panels_add_directors(panels, err);
    if (status == VTR_OK && options.overlay != NULL)
        status = cli_panels_add_vectors(panels, options.overlay, err);
    if (status == VTR_OK && !options.no_reference) status = cli_panels_add_reference(panels, err);
    return status;
}

static vtr_status draw(cli_panels *panels, const cli_run *run, vtr_error *err)
{
    for (size_t i = 0; i < panels->n; i++)
        apply_options(&panels->panel[i]);
    vtr_figure_page page = vtr_figure_default_page(panels->n);
    if (isfinite(options.width_mm)) page.width_mm = options.width_mm;
    page.dpi = options.dpi;
    page.columns = options.columns;
    page.title = options.title;
    page.hide_letters = options.no_letters;
    page.force = run->common.force;
    vtr_status status = vtr_figure_write(options.output, panels->panel, panels->n, &page, err);
    if (status == VTR_OK && run->common.json) {
        fputs("{\"output\": ", stdout);
        cli_json_string(stdout, options.output);
        printf(", \"panels\": %zu}\n", panels->n);
    }
    return status;
}

static vtr_status draw_map_file(cli_panels *panels, cli_names *names, const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_status status = vtr_mapfile_open(&file, run->inputs[0], err);
    if (status == VTR_OK) status = cli_names_read(names, file, err);
    if (status == VTR_OK) {
        *panels = (cli_panels){.file = file, .path = run->inputs[0], .names = names};
        status = collect(panels, run, err);
    }
    if (status == VTR_OK) status = draw(panels, run, err);
    vtr_mapfile_close(&file);
    return status;
}

/* A map file without a quantity is a mistake that wants its own answer. */
static vtr_status check_no_map_file(cli_names *names, const char *path, vtr_error *err)
{
    char list[320] = "";
    vtr_mapfile *file = NULL;
    if (vtr_mapfile_open(&file, path, NULL) != VTR_OK) return VTR_OK;
    if (cli_names_read(names, file, NULL) == VTR_OK) cli_names_list(list, sizeof list, names);
    vtr_mapfile_close(&file);
    if (list[0] == '\0') return VTR_OK;
    return vtr_fail(err, VTR_ERR_ARGUMENT, "which map of '%s'? it has %s", path, list);
}

static vtr_status draw_recording(cli_panels *panels, cli_names *names, const cli_run *run, vtr_error *err)
{
    vtr_status status = VTR_OK;
    if (run->n_inputs > 1)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--pattern goes with a recording, not with quantities of a map file");
    if (options.pattern == NULL) status = check_no_map_file(names, run->inputs[0], err);
    if (status == VTR_OK) status = cli_panels_add_pattern(panels, run->inputs[0], options.pattern, err);
    return status == VTR_OK ? draw(panels, run, err) : status;
}

static vtr_status run_figure(const cli_run *run, vtr_error *err)
{
    vtr_figure_format format;
    if (options.output == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "no output; give -o FILE ending in .png, .svg or .pdf");
    vtr_status status = vtr_figure_format_of(&format, options.output, err);
    if (status != VTR_OK) return status;
    cli_names *names = calloc(1, sizeof *names);
    cli_panels *panels = calloc(1, sizeof *panels);
    bool is_recording = run->n_inputs == 1 || options.pattern != NULL;
    if (names == NULL || panels == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for a figure");
    else
        status = (is_recording ? draw_recording : draw_map_file)(panels, names, run, err);
    if (panels != NULL) cli_panels_release(panels);
    free(panels);
    free(names);
    return status;
}

const cli_command cli_figure = {
    .name = "figure",
    .usage = "[options] MAP.h5 QUANTITY[,QUANTITY...] | RECORDING --pattern Y,X  -o FILE.png|svg|pdf",
    .summary = "a figure for a paper: maps with scale bar and colour bar, directions, ring, profile",
    .details =
        "QUANTITY is a map of the file (exx, strain/exx, density, exx_errors, virtual/bf), or one of: angle, "
        "the "
        "directions of e1 as colours with the deviatoric strain as brightness; panel, all strain quantities; "
        "field, walls, angles, joint, of vitrail magnetic; ring, the mean pattern with fitted ellipse and "
        "mask; profile, the mean profile; regions, their PDFs "
        "in one plot; inclusions, those of vitrail inclusions in the strain and what is left without them; "
        "bands, the lines of vitrail bands over the strain and the profile across each; "
        "vortices, those of vitrail vortices over the deviatoric strain; "
        "phases, what vitrail phases found; shell-strain, "
        "the strain of the first shell against that of the ring. Several make the "
        "panels (a), (b), ... of one figure. Without a quantity, the input is a recording or an "
        "image, and one diffraction pattern is drawn.",
    .min_inputs = 1,
    .max_inputs = CLI_MAX_INPUTS,
    .options = groups,
    .run = run_figure,
};
