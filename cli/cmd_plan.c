/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "commands.h"
#include "vitrail/figure.h"
#include "vitrail/output.h"
#include "vitrail/plan.h"

static vtr_plan_params params;
static vtr_twin_params specimen;
static struct options {
    const char *csv, *figure, *recipe;
    double doses[2];
} options;

#define MEMBER(name) offsetof(struct options, name)
static const vtr_parameter option_parameters[] = {
    {"doses", "electrons", VTR_PARAMETER_RANGE, MEMBER(doses), .metavar = "LO:HI",
     .help = "doses of the table and the plot; default: a tenth to ten times of --electrons"},
    {"csv", NULL, VTR_PARAMETER_STRING, MEMBER(csv), .metavar = "FILE",
     .help = "also write the table of doses"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "draw precision against dose: .png, .svg, .pdf"},
    {"recipe", NULL, VTR_PARAMETER_STRING, MEMBER(recipe), .metavar = "FILE",
     .help = "write a recipe for the recording: .yaml, for vitrail run"},
};
static const vtr_parameter_table option_table = {"Output", option_parameters,
                                                 sizeof option_parameters / sizeof *option_parameters};

static size_t groups(cli_group *out)
{
    vtr_parameters_default(&option_table, &options);
    vtr_parameters_default(&vtr_plan_parameters, &params);
    vtr_parameters_default(&vtr_twin_parameters, &specimen);
    vtr_parameters_default(&vtr_structure_parameters, &specimen.structure);
    out[0] = (cli_group){&option_table, &options};
    out[1] = (cli_group){&vtr_plan_parameters, &params};
    out[2] = (cli_group){&vtr_twin_parameters, &specimen};
    out[3] = (cli_group){&vtr_structure_parameters, &specimen.structure};
    return 4;
}

/* --- the doses ---------------------------------------------------------------------------------------------- */

/* Four a factor of ten where the range is the default. */
enum { DOSES = 9 };

typedef struct plans {
    vtr_plan here;
    double electrons[DOSES];
    vtr_plan at[DOSES]; /* errors NAN where no ring can be fitted */
    bool is_fitted[DOSES];
} plans;

static vtr_status compute(plans *all, const char *preset, vtr_error *err)
{
    double low = isnan(options.doses[0]) ? 0.1 * specimen.electrons : options.doses[0];
    double high = isnan(options.doses[1]) ? 10 * specimen.electrons : options.doses[1];
    if (!(low > 0 && high > low))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--doses %g:%g: two numbers of electrons above zero, the lower one "
                        "first",
                        low, high);
    vtr_status status = vtr_plan_compute(&all->here, preset, &specimen, &params, err);
    for (int i = 0; i < DOSES && status == VTR_OK; i++) {
        vtr_twin_params other = specimen;
        vtr_error local;
        all->electrons[i] = other.electrons = low * pow(high / low, (double)i / (DOSES - 1));
        status = vtr_plan_compute(&all->at[i], preset, &other, &params, &local);
        all->is_fitted[i] = status == VTR_OK;
        /* too few electrons for a ring: the table says so */
        if (status == VTR_ERR_NO_DATA) status = VTR_OK;
        if (status != VTR_OK) vtr_fail(err, status, "%s", local.message);
    }
    return status;
}

/* --- what it shows ------------------------------------------------------------------------------------------ */

static void print_line(const char *name, double all, double counting, double factor, const char *unit)
{
    printf("  %-22s %10.3g %14.3g  %s\n", name, factor * all, factor * counting, unit);
}

static void print_text(const plans *all)
{
    const vtr_plan *p = &all->here;
    const vtr_plan_errors *e = &p->errors, *c = &p->counting;
    printf("ring          k %.4g 1/Å, at %.1f px, %.1f px wide; fitted from %.1f to %.1f px, %.0f %% of it "
           "seen\n",
           p->ring_k, p->ring_radius_px, p->ring_width_px, p->annulus_px[0], p->annulus_px[1],
           100 * p->visible);
    printf(
        "electrons     %.3g a pattern, %.3g of them where the ring is fitted; speckle contrast there %.3g\n",
        specimen.electrons, p->electrons, p->contrast);
    printf("dose          %.3g electrons/Å^2\n", p->dose_per_square_angstrom);
    printf("recording     %.4g x %.4g nm, %.3g GB", p->field_nm[0], p->field_nm[1], 1e-9 * p->bytes);
    if (isfinite(p->seconds)) printf(", %.4g s at %g patterns/s", p->seconds, params.frames_per_second);
    printf("\n\n%-24s %10s %14s\n",
           params.positions_averaged > 1 ? "standard deviation, mean" : "standard deviation", "",
           "counting alone");
    print_line("exx", e->strain[0], c->strain[0], 100, "%");
    print_line("eyy", e->strain[1], c->strain[1], 100, "%");
    print_line("exy", e->strain[2], c->strain[2], 100, "%");
    print_line("density, volumetric", e->volumetric, c->volumetric, 100, "%");
    print_line("deviatoric component", e->deviatoric, c->deviatoric, 100, "%");
    print_line("centre of the ring x", e->centre_px[0], c->centre_px[0], 1, "px");
    if (isfinite(p->beam_px[0])) print_line("direct beam x", p->beam_px[0], p->beam_px[0], 1, "px");
    if (isfinite(p->induction_t)) print_line("induction", p->induction_t, p->induction_t, 1e3, "mT");
    printf("\n%10s %12s %10s %10s %12s\n", "electrons", "dose (1/Å^2)", "exx (%)", "exy (%)", "density (%)");
    for (int i = 0; i < DOSES; i++) {
        const vtr_plan *at = &all->at[i];
        if (all->is_fitted[i])
            printf("%10.3g %12.3g %10.3g %10.3g %12.3g\n", all->electrons[i], at->dose_per_square_angstrom,
                   100 * at->errors.strain[0], 100 * at->errors.strain[2], 100 * at->errors.volumetric);
        else
            printf("%10.3g   too few for a ring\n", all->electrons[i]);
    }
}

static void print_errors(const char *name, const vtr_plan_errors *e, const char *end)
{
    printf("\"%s\": {", name);
    cli_json_array("strain", e->strain, 3, ", ");
    cli_json_member("volumetric", e->volumetric, ", ");
    cli_json_member("deviatoric", e->deviatoric, ", ");
    cli_json_array("centre_px", e->centre_px, 2, "}");
    printf("%s", end);
}

static void print_json(const plans *all)
{
    const vtr_plan *p = &all->here;
    printf("{");
    cli_json_member("ring_k", p->ring_k, ", ");
    cli_json_member("ring_radius_px", p->ring_radius_px, ", ");
    cli_json_member("ring_width_px", p->ring_width_px, ", ");
    cli_json_array("annulus_px", p->annulus_px, 2, ", ");
    cli_json_member("visible", p->visible, ", ");
    cli_json_member("annulus_electrons", p->electrons, ", ");
    cli_json_member("contrast", p->contrast, ", ");
    print_errors("errors", &p->errors, ", ");
    print_errors("counting", &p->counting, ", ");
    cli_json_array("beam_px", p->beam_px, 2, ", ");
    cli_json_member("induction_t", p->induction_t, ", ");
    cli_json_member("dose_per_square_angstrom", p->dose_per_square_angstrom, ", ");
    cli_json_array("field_nm", p->field_nm, 2, ", ");
    cli_json_member("seconds", p->seconds, ", ");
    cli_json_member("bytes", p->bytes, ", \"doses\": [");
    for (int i = 0; i < DOSES; i++) {
        printf("%s{", i > 0 ? ", " : "");
        cli_json_member("electrons", all->electrons[i], all->is_fitted[i] ? ", " : "");
        if (all->is_fitted[i]) print_errors("errors", &all->at[i].errors, "");
        printf("}");
    }
    printf("]}\n");
}

/* --- what it writes ----------------------------------------------------------------------------------------- */

static vtr_status write_csv(FILE *out, void *user, vtr_error *err)
{
    const plans *all = user;
    (void)err;
    fprintf(out, "electrons,dose_per_square_angstrom,exx,eyy,exy,volumetric,deviatoric,centre_x_px,beam_x_px,"
                 "exx_counting\n");
    for (int i = 0; i < DOSES; i++) {
        const vtr_plan *p = &all->at[i];
        if (!all->is_fitted[i]) continue;
        fprintf(out, "%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n", all->electrons[i],
                p->dose_per_square_angstrom, p->errors.strain[0], p->errors.strain[1], p->errors.strain[2],
                p->errors.volumetric, p->errors.deviatoric, p->errors.centre_px[0], p->beam_px[0],
                p->counting.strain[0]);
    }
    return VTR_OK;
}

/* A recipe that vitrail run takes once the recording is there. */
static vtr_status write_recipe(FILE *out, void *user, vtr_error *err)
{
    const plans *all = user;
    const vtr_plan *p = &all->here;
    (void)err;
    fprintf(
        out,
        "# Planned with vitrail plan: the ring at %.1f px, %.3g electrons a pattern, %.3g electrons/Å^2;\n",
        p->ring_radius_px, specimen.electrons, p->dose_per_square_angstrom);
    fprintf(out,
            "# expected standard deviations of a position: exx %.3g %%, exy %.3g %%, density %.3g %%.\n\n",
            100 * p->errors.strain[0], 100 * p->errors.strain[2], 100 * p->errors.volumetric);
    fprintf(
        out,
        "recording: recording.h5   # its name\n\nmap:\n  output: map.h5\n  ring-k: %.5g          # 1/Å\n\n"
        "strain:\n\nfigure:\n  - quantity: panel\n    output: strain.png\n\nreport:\n  output: report.html\n",
        p->ring_k);
    return VTR_OK;
}

static vtr_status draw(const plans *all, const cli_run *run, vtr_error *err)
{
    double x[DOSES], y[4][DOSES];
    static const char *const labels[] = {"<i>ε</i><sub>xx</sub>", "<i>ε</i><sub>xy</sub>", "density",
                                         "<i>ε</i><sub>xx</sub>, counting alone"};
    size_t n = 0;
    for (int i = 0; i < DOSES; i++) {
        const vtr_plan *p = &all->at[i];
        if (!all->is_fitted[i]) continue;
        const double values[4] = {p->errors.strain[0], p->errors.strain[2], p->errors.volumetric,
                                  p->counting.strain[0]};
        x[n] = all->electrons[i];
        for (int k = 0; k < 4; k++)
            y[k][n] = 100 * values[k];
        n++;
    }
    if (n < 2)
        return vtr_fail(err, VTR_ERR_NO_DATA, "no plot: at one of the doses at most can a ring be fitted");
    vtr_figure_series series[4];
    for (int k = 0; k < 4; k++)
        series[k] = (vtr_figure_series){.n = n,
                                        .x = x,
                                        .y = y[k],
                                        .label = labels[k],
                                        .style = k == 3 ? VTR_LINE_DASHED : VTR_LINE_SOLID};
    vtr_figure_panel panel = vtr_figure_plot_panel(series, 4);
    panel.plot.log_x = panel.plot.log_y = true;
    panel.plot.x_label = "electrons a pattern";
    panel.plot.y_label = "standard deviation (%)";
    vtr_figure_page page = vtr_figure_default_page(1);
    page.force = run->common.force;
    return vtr_figure_write(options.figure, &panel, 1, &page, err);
}

/* --- the work ----------------------------------------------------------------------------------------------- */

static vtr_status run(const cli_run *run, vtr_error *err)
{
    plans *all = calloc(1, sizeof *all);
    if (all == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the plan");
    if (run->n_inputs == 2) specimen.model = run->inputs[1];
    vtr_status status = compute(all, run->inputs[0], err);
    if (status == VTR_OK && options.csv != NULL)
        status = vtr_output_write(options.csv, run->common.force, write_csv, all, err);
    if (status == VTR_OK && options.recipe != NULL)
        status = vtr_output_write(options.recipe, run->common.force, write_recipe, all, err);
    if (status == VTR_OK && options.figure != NULL) status = draw(all, run, err);
    if (status == VTR_OK && run->common.json)
        print_json(all);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(all);
    free(all);
    return status;
}

const cli_command cli_plan_recording = {
    .name = "plan",
    .usage = "[options] PRESET [MODEL]",
    .summary = "what precision a recording will have, before it is made",
    .details =
        "Takes a specimen, its pattern and a camera as vitrail simulate does (rings is a plain glass of "
        "--composition), sets up the fit that vitrail map would make, and prints the standard deviations "
        "that it "
        "would state for strain, density, centre, direct beam and induction: with the specimen's speckle, "
        "and of "
        "counting alone, the bound of Cramer and Rao. With it go the dose, the field of view, the time and "
        "the "
        "size of the recording, and the precision at other doses.",
    .min_inputs = 1,
    .max_inputs = 2,
    .options = groups,
    .run = run,
};
