/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "run.h"

const char *cli_pdf_scale_words(vtr_pdf_scale source)
{
    switch (source) {
    case VTR_PDF_SCALE_WINDOW:
        return "fit window";
    case VTR_PDF_SCALE_DENSITY:
        return "density";
    case VTR_PDF_SCALE_GAP:
        return "density, by the line up to the second neighbours";
    case VTR_PDF_SCALE_GIVEN:
        return "given";
    case VTR_PDF_SCALE_MATCHED:
        return "match at one Q";
    }
    return "";
}

static void print_value(const char *format, double value, double error)
{
    printf(format, value);
    if (isfinite(error) && error > 0) printf(" ± %.2g", error);
}

static void print_density(const vtr_pdf_params *params, const vtr_pdf_normalisation *n)
{
    vtr_composition composition;
    if (!isfinite(n->density)) return;
    print_value("density       %.5f", n->density, n->is_density_given ? NAN : n->density_error);
    printf(" atoms/Å^3, %s", n->is_density_given ? "given" : "from the line at low r");
    if (vtr_composition_parse(&composition, params->composition, NULL) == VTR_OK)
        printf(" (%.3f g/cm^3)", vtr_mass_density(&composition, n->density));
    printf("\n");
}

/* "1.6117 ± 0.003", or the number alone where its error is not known. */
static void print_column(double value, double error)
{
    char text[48];
    int n = snprintf(text, sizeof text, isfinite(error) ? "%.4f ± %.2g" : "%.4f", value, error);
    printf("%*s", isfinite(error) ? 23 : 22, n > 0 ? text : ""); /* ± takes two bytes */
}

static void print_peaks(const cli_pdf_result *result)
{
    printf("\n%-6s%23s%24s%23s\n", "peak", "position (Å)", "height (1/Å^2)", "FWHM (Å)");
    for (size_t i = 0; i < result->n_peaks; i++) {
        const vtr_pdf_peak *p = &result->peaks[i];
        printf("%-6zu", i + 1);
        print_column(p->position, p->position_error);
        print_column(p->height, p->height_error);
        print_column(p->fwhm, p->fwhm_error);
        printf("\n");
    }
    if (result->n_peaks == 0) return;
    double first = result->peaks[0].position;
    printf("second peak expected for clusters that share 1, 2, 3 atoms: %.3f, %.3f, %.3f Å\n",
           vtr_pdf_shared_atoms_distance(first, 1), vtr_pdf_shared_atoms_distance(first, 2),
           vtr_pdf_shared_atoms_distance(first, 3));
    if (isfinite(result->neighbours)) {
        print_value("neighbours    %.2f", result->neighbours, result->neighbours_error);
        printf(" between %.2f and %.2f Å, weighted as the radiation sees them\n", result->shell[0],
               result->shell[1]);
    }
}

static void print_shells(const vtr_pdf_shell_fit *fit)
{
    if (fit->n_shells == 0) return;
    printf("\n%-6s%23s%22s%23s\n", "shell", "distance (Å)", "neighbours", "spread (Å)");
    for (size_t i = 0; i < fit->n_shells; i++) {
        const vtr_pdf_gaussian_shell *s = &fit->shells[i];
        printf("%-6zu", i + 1);
        print_column(s->distance, s->distance_error);
        print_column(s->neighbours, s->neighbours_error);
        print_column(s->spread, s->spread_error);
        printf("\n");
    }
    printf("fitted to F from %.3g to %.3g 1/Å, which lies %.2g 1/Å about them\n", fit->range[0],
           fit->range[1], fit->residual);
}

void cli_pdf_print(const cli_pdf_result *result)
{
    const vtr_pdf_normalisation *n = &result->pdf.normalisation;
    printf("input         %s\n", result->description);
    printf("composition   %s, %s\n", result->params.composition,
           vtr_radiation_name((vtr_radiation)result->params.radiation));
    printf("range         Q %.4g to %.4g 1/Å, scale and background up to %.4g 1/Å\n", n->qmin, n->qmax,
           n->qmaxinst);
    print_value("scale         %.6g", n->scale, n->scale_error);
    printf(" (%s), constant ", cli_pdf_scale_words(n->source));
    print_value("%.6g", n->constant, n->constant_error);
    printf("\n");
    print_density(&result->params, n);
    if (isfinite(result->r_factor)) printf("R factor      %.4f\n", result->r_factor);
    print_peaks(result);
    print_shells(&result->fit);
}

static void json_normalisation(const vtr_pdf_normalisation *n)
{
    cli_json_text("scale_from", cli_pdf_scale_words(n->source), ", ");
    cli_json_member("scale", n->scale, ", ");
    cli_json_member("scale_error", n->scale_error, ", ");
    cli_json_member("constant", n->constant, ", ");
    cli_json_member("constant_error", n->constant_error, ", ");
    cli_json_member("density", n->density, ", ");
    cli_json_member("density_error", n->density_error, ", ");
    printf("\"density_given\": %s, ", n->is_density_given ? "true" : "false");
    cli_json_member("qmin", n->qmin, ", ");
    cli_json_member("qmax", n->qmax, ", ");
    cli_json_member("qmaxinst", n->qmaxinst, ", ");
    cli_json_member("rcut", n->rcut, ",\n");
}

static void json_peaks(const cli_pdf_result *result)
{
    printf("      \"peaks\": [");
    for (size_t i = 0; i < result->n_peaks; i++) {
        const vtr_pdf_peak *p = &result->peaks[i];
        printf("%s{", i > 0 ? ", " : "");
        cli_json_member("position", p->position, ", ");
        cli_json_member("position_error", p->position_error, ", ");
        cli_json_member("height", p->height, ", ");
        cli_json_member("height_error", p->height_error, ", ");
        cli_json_member("fwhm", p->fwhm, ", ");
        cli_json_member("fwhm_error", p->fwhm_error, "}");
    }
    printf("],\n      ");
}

static void json_shells(const vtr_pdf_shell_fit *fit)
{
    if (fit->n_shells == 0) return;
    printf("\"shells\": [");
    for (size_t i = 0; i < fit->n_shells; i++) {
        const vtr_pdf_gaussian_shell *s = &fit->shells[i];
        printf("%s{", i > 0 ? ", " : "");
        cli_json_member("distance", s->distance, ", ");
        cli_json_member("distance_error", s->distance_error, ", ");
        cli_json_member("neighbours", s->neighbours, ", ");
        cli_json_member("neighbours_error", s->neighbours_error, ", ");
        cli_json_member("spread", s->spread, ", ");
        cli_json_member("spread_error", s->spread_error, "}");
    }
    printf("],\n      ");
}

void cli_pdf_print_json(const cli_pdf_result *results, size_t n)
{
    printf("{\n  \"results\": [\n");
    for (size_t i = 0; i < n; i++) {
        printf("    {");
        cli_json_text("name", results[i].name, ", ");
        cli_json_text("input", results[i].description, ",\n      ");
        cli_json_text("composition", results[i].params.composition, ", ");
        cli_json_text("radiation", vtr_radiation_name((vtr_radiation)results[i].params.radiation),
                      ",\n      ");
        json_normalisation(&results[i].pdf.normalisation);
        json_peaks(&results[i]);
        json_shells(&results[i].fit);
        cli_json_member("neighbours", results[i].neighbours, ", ");
        cli_json_member("neighbours_error", results[i].neighbours_error, ", ");
        cli_json_member("r_factor", results[i].r_factor, i + 1 < n ? "},\n" : "}\n");
    }
    printf("  ]\n}\n");
}

static void csv_number(FILE *out, double value)
{
    fputc(',', out);
    if (isfinite(value)) fprintf(out, "%.8g", value);
}

void cli_pdf_print_table(FILE *out, const cli_pdf_result *results, size_t n)
{
    fprintf(
        out,
        "name,density,density_error,scale,scale_error,position1,position1_error,height1,height1_error,fwhm1,"
        "fwhm1_error,position2,position2_error,height2,height2_error,fwhm2,fwhm2_error,neighbours,"
        "neighbours_error,r_factor\n");
    for (size_t i = 0; i < n; i++) {
        const cli_pdf_result *r = &results[i];
        const vtr_pdf_normalisation *s = &r->pdf.normalisation;
        cli_csv_text(out, r->name);
        csv_number(out, s->density);
        csv_number(out, s->density_error);
        csv_number(out, s->scale);
        csv_number(out, s->scale_error);
        for (size_t k = 0; k < CLI_PDF_SHELLS; k++) {
            const vtr_pdf_peak none = {NAN, NAN, NAN, NAN, NAN, NAN};
            const vtr_pdf_peak *p = k < r->n_peaks ? &r->peaks[k] : &none;
            const double values[] = {p->position,     p->position_error, p->height,
                                     p->height_error, p->fwhm,           p->fwhm_error};
            for (size_t v = 0; v < 6; v++)
                csv_number(out, values[v]);
        }
        csv_number(out, r->neighbours);
        csv_number(out, r->neighbours_error);
        csv_number(out, r->r_factor);
        fputc('\n', out);
    }
}
