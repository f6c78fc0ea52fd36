/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "commands.h"
#include "scratch_figure.h"
#include "vitrail/output.h"

static vtr_scratch_params params;
static struct options {
    const char *csv, *tracks, *figure;
} options;

#define MEMBER(name) offsetof(struct options, name)
static const vtr_parameter option_parameters[] = {
    {"csv", NULL, VTR_PARAMETER_STRING, MEMBER(csv), .metavar = "FILE",
     .help = "also write the slopes of every material"},
    {"tracks", NULL, VTR_PARAMETER_STRING, MEMBER(tracks), .metavar = "FILE",
     .help = "also write what was found of every track, as CSV"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "draw the curves with their regions, and the slopes: .png, .svg, .pdf"},
};
static const vtr_parameter_table option_table = {"Output", option_parameters,
                                                 sizeof option_parameters / sizeof *option_parameters};

static size_t groups(cli_group *out)
{
    params = vtr_scratch_default_params();
    vtr_parameters_default(&option_table, &options);
    out[0] = (cli_group){&option_table, &options};
    out[1] = (cli_group){&vtr_scratch_parameters, &params};
    return 2;
}

/* The three quantities of a material. */
enum { N_QUANTITIES = 3 };
static const char *const names[N_QUANTITIES] = {"friction", "hardness", "wear"};
static const char *const titles[N_QUANTITIES] = {"friction coefficient", "hardness", "specific wear"};
static const char *const units[N_QUANTITIES] = {"", "GPa", "um^3/(N mm)"};

static const vtr_scratch_line *lines_of(const vtr_scratch_material *m, int quantity)
{
    const vtr_scratch_line *const lines[N_QUANTITIES] = {m->friction, m->hardness, m->wear};
    return lines[quantity];
}

static const char *material_name(const char *name)
{
    return name[0] != '\0' ? name : "-";
}

/* --- what it shows ------------------------------------------------------------------------------------------ */

static void print_tracks(const vtr_scratch_tests *s)
{
    printf("%-20s %-12s %9s %18s %7s %18s %18s %7s\n", "track", "material", "load (mN)", "lateral (mN)",
           "static", "kinetic", "stick-slip (um)", "chance");
    for (size_t i = 0; i < s->n_tracks; i++) {
        const vtr_scratch_track *t = &s->tracks[i];
        const vtr_scratch_friction *f = &t->friction;
        printf("%-20s %-12s %9.4g %9.4g ± %6.2g %7.4f %9.5f ± %6.2g ", t->name, material_name(t->material),
               f->load_mn, f->lateral_mn, f->lateral_error_mn, f->static_coefficient, f->kinetic_coefficient,
               f->kinetic_error);
        if (isfinite(f->stick_slip_um))
            printf("%9.4g ± %6.2g %7.1g\n", f->stick_slip_um, f->stick_slip_error_um, f->stick_slip_chance);
        else
            printf("%18s %7.1g\n", "none", f->stick_slip_chance);
    }
}

static void print_line(const char *title, const vtr_scratch_line *line, const char *fit, const char *unit)
{
    printf("  %-21s %-14s %9.4g ± %8.2g  %-11s", title, fit, line->slope, line->slope_error, unit);
    if (line->intercept_error > 0)
        printf("  intercept %9.3g ± %7.2g", line->intercept, line->intercept_error);
    else
        printf("  %29s", "");
    if (line->from_scatter)
        printf("  errors from the scatter\n");
    else
        printf("  chi2/degrees %.3g/%zu\n", line->chi2, line->degrees);
}

static void print_text(const vtr_scratch_tests *s)
{
    print_tracks(s);
    for (size_t k = 0; k < s->n_materials; k++) {
        const vtr_scratch_material *m = &s->materials[k];
        printf("\n%s, %zu tracks\n", m->name[0] != '\0' ? m->name : "slopes", m->n_tracks);
        for (int q = 0; q < N_QUANTITIES; q++) {
            const vtr_scratch_line *lines = lines_of(m, q);
            if (lines[0].n == 0) continue;
            print_line(titles[q], &lines[0], "from origin", units[q]);
            print_line("", &lines[1], "with intercept", units[q]);
        }
    }
}

static void print_json_line(const char *name, const vtr_scratch_line *line, const char *end)
{
    printf("\"%s\": {", name);
    cli_json_member("slope", line->slope, ", ");
    cli_json_member("slope_error", line->slope_error, ", ");
    cli_json_member("intercept", line->intercept, ", ");
    cli_json_member("intercept_error", line->intercept_error, ", ");
    cli_json_member("chi2", line->chi2, ", ");
    cli_json_member("degrees", (double)line->degrees, ", ");
    printf("\"from_scatter\": %s}%s", line->from_scatter ? "true" : "false", end);
}

static void print_json_track(const vtr_scratch_track *t)
{
    const vtr_scratch_friction *f = &t->friction;
    const double *x = t->curve.distance_um;
    printf("{");
    cli_json_text("file", t->name, ", ");
    cli_json_text("material", t->material, ", ");
    cli_json_member("load_mN", f->load_mn, ", ");
    cli_json_member("load_error_mN", f->load_error_mn, ", ");
    cli_json_member("lateral_mN", f->lateral_mn, ", ");
    cli_json_member("lateral_error_mN", f->lateral_error_mn, ", ");
    cli_json_member("effective_samples", f->n_effective, ", ");
    cli_json_array("static_region_um", (const double[]){x[f->contact[0]], x[f->peak]}, 2, ", ");
    cli_json_array("kinetic_region_um", (const double[]){x[f->kinetic[0]], x[f->kinetic[1] - 1]}, 2, ", ");
    cli_json_member("static_coefficient", f->static_coefficient, ", ");
    cli_json_member("static_error", f->static_error, ", ");
    cli_json_member("peak_excess", f->peak_excess, ", ");
    cli_json_member("kinetic_coefficient", f->kinetic_coefficient, ", ");
    cli_json_member("kinetic_error", f->kinetic_error, ", ");
    cli_json_member("zero_mN", f->zero_mn, ", ");
    cli_json_member("zero_drift_mN_per_um", f->zero_drift_mn_per_um, ", ");
    cli_json_member("stick_slip_um", f->stick_slip_um, ", ");
    cli_json_member("stick_slip_error_um", f->stick_slip_error_um, ", ");
    cli_json_member("stick_slip_correlation", f->stick_slip_correlation, ", ");
    cli_json_member("stick_slip_chance", f->stick_slip_chance, ", ");
    cli_json_member("area_um2", t->area_um2, ", ");
    cli_json_member("area_error_um2", t->area_error_um2, ", ");
    cli_json_member("section_um2", t->section_um2, ", ");
    cli_json_member("section_error_um2", t->section_error_um2, "}");
}

static void print_json(const vtr_scratch_tests *s)
{
    printf("{\"tracks\": [");
    for (size_t i = 0; i < s->n_tracks; i++) {
        if (i > 0) printf(", ");
        print_json_track(&s->tracks[i]);
    }
    printf("], \"materials\": [");
    for (size_t k = 0; k < s->n_materials; k++) {
        printf("%s{", k > 0 ? ", " : "");
        cli_json_text("material", s->materials[k].name, ", ");
        cli_json_member("tracks", (double)s->materials[k].n_tracks, "");
        for (int q = 0; q < N_QUANTITIES; q++) {
            const vtr_scratch_line *lines = lines_of(&s->materials[k], q);
            if (lines[0].n == 0) continue;
            printf(", \"%s\": {", names[q]);
            cli_json_text("unit", units[q], ", ");
            print_json_line("origin", &lines[0], ", ");
            print_json_line("intercept", &lines[1], "}");
        }
        printf("}");
    }
    printf("]}\n");
}

/* --- what it writes ----------------------------------------------------------------------------------------- */

/* A number, or nothing where there is none. */
static void csv_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.9g", value);
    else
        fprintf(out, ",");
}

static vtr_status write_slopes(FILE *out, void *user, vtr_error *err)
{
    const vtr_scratch_tests *s = user;
    (void)err;
    fprintf(out, "material,quantity,unit,fit,slope,slope_error,intercept,intercept_error,chi2,degrees\n");
    for (size_t k = 0; k < s->n_materials; k++)
        for (int i = 0; i < 2 * N_QUANTITIES; i++) {
            const vtr_scratch_line *line = &lines_of(&s->materials[k], i / 2)[i % 2];
            if (line->n == 0) continue;
            cli_csv_text(out, s->materials[k].name);
            fprintf(out, ",%s,%s,%s", names[i / 2], units[i / 2], i % 2 == 0 ? "origin" : "intercept");
            const double values[] = {line->slope, line->slope_error, line->intercept, line->intercept_error,
                                     line->chi2};
            for (size_t j = 0; j < sizeof values / sizeof *values; j++)
                csv_number(out, values[j]);
            fprintf(out, ",%zu\n", line->degrees);
        }
    return VTR_OK;
}

static vtr_status write_tracks(FILE *out, void *user, vtr_error *err)
{
    const vtr_scratch_tests *s = user;
    (void)err;
    fprintf(out,
            "file,material,load_mN,load_error_mN,lateral_mN,lateral_error_mN,effective_samples,"
            "static_coefficient,static_error,kinetic_coefficient,kinetic_error,static_from_um,static_to_um,"
            "kinetic_from_um,kinetic_to_um,stick_slip_um,stick_slip_error_um,stick_slip_chance,area_um2,"
            "area_error_um2,section_um2,section_error_um2\n");
    for (size_t i = 0; i < s->n_tracks; i++) {
        const vtr_scratch_track *t = &s->tracks[i];
        const vtr_scratch_friction *f = &t->friction;
        const double *x = t->curve.distance_um;
        const double values[] = {f->load_mn,
                                 f->load_error_mn,
                                 f->lateral_mn,
                                 f->lateral_error_mn,
                                 f->n_effective,
                                 f->static_coefficient,
                                 f->static_error,
                                 f->kinetic_coefficient,
                                 f->kinetic_error,
                                 x[f->contact[0]],
                                 x[f->peak],
                                 x[f->kinetic[0]],
                                 x[f->kinetic[1] - 1],
                                 f->stick_slip_um,
                                 f->stick_slip_error_um,
                                 f->stick_slip_chance,
                                 t->area_um2,
                                 t->area_error_um2,
                                 t->section_um2,
                                 t->section_error_um2};
        cli_csv_text(out, t->name);
        fprintf(out, ",");
        cli_csv_text(out, t->material);
        for (size_t j = 0; j < sizeof values / sizeof *values; j++)
            csv_number(out, values[j]);
        fprintf(out, "\n");
    }
    return VTR_OK;
}

/* --- the work ----------------------------------------------------------------------------------------------- */

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_scratch_tests s = {0};
    vtr_status status = vtr_scratch_tests_read(&s, run->inputs[0], &params, err);
    if (status == VTR_OK && options.csv != NULL)
        status = vtr_output_write(options.csv, run->common.force, write_slopes, &s, err);
    if (status == VTR_OK && options.tracks != NULL)
        status = vtr_output_write(options.tracks, run->common.force, write_tracks, &s, err);
    if (status == VTR_OK && options.figure != NULL)
        status = cli_scratch_draw(options.figure, &s, run->common.force, err);
    if (status == VTR_OK && run->common.json)
        print_json(&s);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(&s);
    vtr_scratch_tests_release(&s);
    return status;
}

const cli_command cli_scratch = {
    .name = "scratch",
    .usage = "[options] TRACKS",
    .summary = "friction, hardness and wear from scratch tests at several loads",
    .details =
        "Reads a table of scratch tracks (file of the curve, width, wear cross-section, material) and their "
        "curves of load and lateral force, finds the static and the kinetic region and the stick-slip length "
        "of each, and fits friction coefficient, scratch hardness and specific wear rate as slopes against "
        "load, with errors. Units stand in the headers: load (mN).",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = groups,
    .run = run,
};
