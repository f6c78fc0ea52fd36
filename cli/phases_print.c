/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phases_print.h"

#include <math.h>

static const char *const methods[] = {"mixture", "principal components", "independent components",
                                      "given references"};
static const char *const quantities[] = {"F(Q)", "S(Q)", "G(r)", "I(Q)"};
static const char *const principles[] = {"smallest volume", "nearly pure positions", "none (best start)"};

static void print_head(const vtr_phases *p)
{
    printf("positions     %zu of %zu\n", p->n_used, p->n_positions);
    printf("divided       %s, %s", quantities[p->quantity], methods[p->params.method]);
    if (p->params.method == VTR_PHASES_NMF) printf("; chosen by: %s", principles[p->params.principle]);
    printf("\ncomponents    %zu%s", p->n_components, p->is_counted ? " (found)" : "");
    if (p->n_by_parallel > 0)
        printf("; %zu by parallel analysis, %zu by what neighbours share", p->n_by_parallel,
               p->n_by_neighbours);
    if (p->mixture.n_components > 0) printf("; extent of the last %.2f of its noise", p->mixture.extent);
    printf("\n");
}

static void print_scree(const vtr_phases *p)
{
    printf("\n%-6s %14s %14s %14s\n", "value", "singular", "noise", "explained (%)");
    for (size_t i = 0; i < p->pca.n_components; i++)
        printf("%-6zu %14.5g %14.5g %14.2f\n", i + 1, p->pca.singular[i], p->pca.noise_singular,
               100 * p->pca.explained[i]);
}

static void print_range(double value, double low, double high)
{
    if (isfinite(low))
        printf(" %8.2f %% (%6.2f to %6.2f)", value, low, high);
    else
        printf(" %8.2f %% %19s", value, "");
}

static void print_fractions(const vtr_phases *p)
{
    printf("\n%-16s %30s\n", "fraction", "range that the data allow");
    for (size_t j = 0; j < p->n_components; j++) {
        printf("%-16s", p->names[j]);
        print_range(100 * p->fractions[j], 100 * p->fraction_low[j], 100 * p->fraction_high[j]);
        if (isfinite(p->fraction_errors[j])) printf("  ± %.2f by noise", 100 * p->fraction_errors[j]);
        printf("\n");
    }
}

static void print_regions(const vtr_phases *p)
{
    for (size_t i = 0; i < p->n_regions; i++) {
        const vtr_phases_region *region = &p->regions[i];
        printf("\nin %s (%s), %zu positions\n", region->name, region->definition, region->n);
        for (size_t j = 0; j < p->n_components; j++) {
            printf("%-16s", p->names[j]);
            print_range(100 * region->fractions[j], 100 * region->low[j], 100 * region->high[j]);
            printf("  ± %.2f by noise\n", 100 * region->errors[j]);
        }
    }
}

static void print_peak(const vtr_phases_peak *peak, const char *name)
{
    if (!isfinite(peak->fit.position)) return;
    printf("%-16s %8.4f ± %.4f (%.4f to %.4f) %9.4f ± %.4f (%.4f to %.4f)\n", name, peak->fit.position,
           peak->fit.position_error, peak->position_low, peak->position_high, peak->fit.fwhm,
           peak->fit.fwhm_error, peak->fwhm_low, peak->fwhm_high);
}

static void print_peaks(const vtr_phases *p)
{
    printf("\n%-16s %17s %18s %18s %18s\n", "peaks", "position (Å)", "range", "fwhm (Å)", "range");
    for (size_t j = 0; j < p->n_components; j++) {
        print_peak(&p->peaks[2 * j], p->names[j]);
        print_peak(&p->peaks[2 * j + 1], "  second");
        double first = p->peaks[2 * j].fit.position;
        if (isfinite(first))
            printf("  second expected for 1, 2, 3 shared atoms: %.3f, %.3f, %.3f Å\n",
                   vtr_pdf_shared_atoms_distance(first, 1), vtr_pdf_shared_atoms_distance(first, 2),
                   vtr_pdf_shared_atoms_distance(first, 3));
    }
}

static void print_consensus(const vtr_phases *p)
{
    const vtr_nmf_consensus *c = &p->nmf.consensus;
    if (p->nmf_order == NULL) return;
    printf("\n%-16s %10s %14s %10s %20s\n", "factorisation", "fraction", "correlation", "returns",
           "fractions of starts");
    for (size_t j = 0; j < p->n_components; j++) {
        size_t at = p->nmf_order[j];
        printf("%-16s %8.2f %% %14.4f", p->names[j], 100 * p->nmf.fractions[at], p->nmf_correlation[j]);
        if (c->n_starts > 0)
            printf(" %8.0f %% %9.2f to %.2f", 100 * c->returns[at], 100 * c->fraction_low[at],
                   100 * c->fraction_high[at]);
        printf("\n");
    }
}

void cli_phases_print(const vtr_phases *p)
{
    bool is_change = p->params.method == VTR_PHASES_PCA || p->params.method == VTR_PHASES_ICA;
    print_head(p);
    if (is_change) {
        print_scree(p);
        return;
    }
    print_fractions(p);
    print_regions(p);
    print_peaks(p);
    print_consensus(p);
}

static void json_peak(const char *name, const vtr_phases_peak *peak, const char *end)
{
    printf("\"%s\": {", name);
    cli_json_member("position", peak->fit.position, ", ");
    cli_json_member("position_error", peak->fit.position_error, ", ");
    cli_json_member("position_low", peak->position_low, ", ");
    cli_json_member("position_high", peak->position_high, ", ");
    cli_json_member("height", peak->fit.height, ", ");
    cli_json_member("height_error", peak->fit.height_error, ", ");
    cli_json_member("fwhm", peak->fit.fwhm, ", ");
    cli_json_member("fwhm_error", peak->fit.fwhm_error, ", ");
    cli_json_member("fwhm_low", peak->fwhm_low, ", ");
    cli_json_member("fwhm_high", peak->fwhm_high, "}");
    fputs(end, stdout);
}

static void json_component(const vtr_phases *p, size_t j)
{
    const vtr_nmf_consensus *c = &p->nmf.consensus;
    fputs("    {", stdout);
    cli_json_text("name", p->names[j], ", ");
    cli_json_member("fraction", p->fractions[j], ", ");
    cli_json_member("fraction_error", p->fraction_errors[j], ", ");
    cli_json_member("fraction_low", p->fraction_low[j], ", ");
    cli_json_member("fraction_high", p->fraction_high[j], ",\n     ");
    if (p->nmf_order != NULL) {
        size_t at = p->nmf_order[j];
        cli_json_member("nmf_fraction", p->nmf.fractions[at], ", ");
        cli_json_member("nmf_correlation", p->nmf_correlation[j], ", ");
        cli_json_member("returns", c->n_starts > 0 ? c->returns[at] : NAN, ",\n     ");
    }
    json_peak("first", &p->peaks[2 * j], ",\n     ");
    json_peak("second", &p->peaks[2 * j + 1], "}");
    fputs(j + 1 < p->n_components ? ",\n" : "\n", stdout);
}

static void json_regions(const vtr_phases *p)
{
    size_t k = p->n_components;
    for (size_t i = 0; i < p->n_regions; i++) {
        const vtr_phases_region *region = &p->regions[i];
        fputs(i == 0 ? "\n    " : ",\n    ", stdout);
        cli_json_string(stdout, region->name);
        fputs(": {", stdout);
        cli_json_text("definition", region->definition, ", ");
        cli_json_member("positions", (double)region->n, ", ");
        cli_json_array("fractions", region->fractions, k, ", ");
        cli_json_array("errors", region->errors, k, ", ");
        cli_json_array("low", region->low, k, ", ");
        cli_json_array("high", region->high, k, "}");
    }
}

void cli_phases_print_json(const vtr_phases *p)
{
    printf("{\n  \"positions\": %zu,\n  \"used\": %zu,\n  ", p->n_positions, p->n_used);
    cli_json_text("method", methods[p->params.method], ", ");
    cli_json_text("on", quantities[p->quantity], ", ");
    if (p->params.method == VTR_PHASES_NMF) cli_json_text("principle", principles[p->params.principle], ", ");
    cli_json_member("extent", p->mixture.n_components > 0 ? p->mixture.extent : NAN, ",\n  ");
    printf("\"by_parallel\": %zu, \"by_neighbours\": %zu,\n  ", p->n_by_parallel, p->n_by_neighbours);
    cli_json_array("singular_values", p->pca.singular, p->pca.n_components, ",\n  ");
    fputs("\"components\": [\n", stdout);
    for (size_t j = 0; j < p->n_components; j++)
        json_component(p, j);
    fputs("  ],\n  \"regions\": {", stdout);
    json_regions(p);
    fputs("},\n  \"notes\": [", stdout);
    for (size_t i = 0; i < p->n_notes; i++) {
        if (i > 0) fputs(", ", stdout);
        cli_json_string(stdout, p->notes[i]);
    }
    fputs("]\n}\n", stdout);
}
