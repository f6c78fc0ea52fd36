/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phases_print.h"

#include <math.h>

static const char *const methods[] = {"mixture", "principal components", "independent components",
                                      "given references"};
static const char *const quantities[] = {"F(Q)", "S(Q)", "G(r)", "I(Q)"};
static const char *const windows[] = {"no window", "Lorch's window", "Gaussian window", "exponential window",
                                      "cosine window"};
static const char *const principles[] = {"smallest volume", "nearly pure positions", "none (best start)"};

/* --- text --------------------------------------------------------------------------------------------------- */

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

/* "5.31 ± 0.29", or a dash for what is not known. Widths count ± as one. */
static void print_pair(int width, int digits, double value, double error)
{
    char text[64] = "-";
    int more = 0;
    if (isfinite(value) && isfinite(error)) {
        snprintf(text, sizeof text, "%.*f ± %.*f", digits, value, digits, error);
        more = 1;
    } else if (isfinite(value)) {
        snprintf(text, sizeof text, "%.*f", digits, value);
    }
    printf(" %*s", width + more, text);
}

static void print_interval(int width, int digits, double low, double high)
{
    char text[64] = "";
    if (isfinite(low) && high > low) snprintf(text, sizeof text, "%.*f to %.*f", digits, low, digits, high);
    printf(" %*s", width, text);
}

static void print_fraction(const char *name, const vtr_unmix_fraction *f)
{
    printf("%-16s %7.2f %%", name, 100 * f->value);
    print_interval(18, 2, 100 * f->range[0], 100 * f->range[1]);
    if (f->is_bounded) print_interval(18, 2, 100 * f->allowed[0], 100 * f->allowed[1]);
    if (isfinite(f->error)) printf("  ± %.2f", 100 * f->error);
    if (isfinite(f->sample_error)) printf(", as a sample ± %.2f", 100 * f->sample_error);
}

static void print_fractions(const vtr_phases *p)
{
    printf("\n%-16s %9s %18s  by noise\n", "fraction", "", "range");
    for (size_t j = 0; j < p->n_components; j++) {
        print_fraction(p->names[j], &p->fractions[j]);
        printf("%s\n", p->verdicts != NULL && p->verdicts[j].is_noise ? "  (noise)" : "");
    }
    for (size_t i = 0; i < p->n_regions; i++) {
        const vtr_phases_region *region = &p->regions[i];
        printf("in %s (%s), %zu positions\n", region->name, region->definition, region->fractions[0].n);
        for (size_t j = 0; j < p->n_components; j++) {
            print_fraction(p->names[j], &region->fractions[j]);
            printf("\n");
        }
    }
}

static void print_lengths(const vtr_phases *p)
{
    bool has_step = isfinite(p->step_nm[0]);
    printf("\ncorrelation length (%s)%*s %18s %18s %10s\n", has_step ? "nm" : "positions", has_step ? 8 : 1,
           "", "along x", "along y", "structure");
    for (size_t j = 0; j < p->n_components; j++) {
        const vtr_correlation *c = &p->correlations[j];
        printf("%-16s", p->names[j]);
        print_pair(16, 2, c->length_nm, c->length_error_nm);
        if (c->n_lags > 0) {
            print_pair(16, 2, c->length_x_nm, c->length_x_error_nm);
            print_pair(18, 2, c->length_y_nm, c->length_y_error_nm);
            printf(" %8.0f %%", 100 * c->signal / (c->signal + c->noise));
        }
        printf("\n");
    }
}

static void print_peak(const char *name, const vtr_unmix_peak *peak, bool is_there)
{
    if (!is_there) return;
    printf("%-16s", name);
    print_pair(17, 4, peak->position, peak->position_error);
    print_interval(18, 4, peak->position_range[0], peak->position_range[1]);
    print_pair(17, 4, peak->fwhm, peak->fwhm_error);
    print_interval(18, 4, peak->fwhm_range[0], peak->fwhm_range[1]);
    printf("\n");
}

/* What the peaks are seen through. */
static void print_window(const vtr_phases *p)
{
    const vtr_unmix_pdf *pdf = &p->pdfs[0];
    printf("\npeaks of G(r) from Q of %.2f to %.2f 1/Å, %s%s", pdf->qmin, pdf->qmax, windows[pdf->window],
           p->is_windowed ? "; second peaks and shoulders through Lorch's window" : "");
    printf("\n%-16s %17s %18s %17s %18s\n", "", "position (Å)", "range", "fwhm (Å)", "range");
}

static void print_peaks(const vtr_phases *p)
{
    print_window(p);
    for (size_t j = 0; j < p->n_components; j++) {
        const vtr_unmix_peaks *k = &p->peaks[j];
        if (!isfinite(k->first.position)) {
            printf("%-16s no first neighbour\n", p->names[j]);
            continue;
        }
        print_peak(p->names[j], &k->first, true);
        print_peak("  not cut off", &k->intrinsic, k->has_intrinsic);
        print_peak("  second", &k->second, k->has_second);
        print_peak("  shoulder", &k->shoulder, k->has_shoulder);
        printf("  second expected for 1, 2, 3 shared atoms: %.3f, %.3f, %.3f Å\n", k->expected[0],
               k->expected[1], k->expected[2]);
    }
}

static void print_verdicts(const vtr_phases *p)
{
    printf("\n");
    for (size_t j = 0; j < p->n_components; j++)
        printf("%s: %s (%s)\n", p->names[j], p->verdicts[j].is_noise ? "noise" : "a structure",
               p->verdicts[j].reason);
}

static void print_consensus(const vtr_phases *p)
{
    const vtr_nmf_consensus *c = &p->nmf.consensus;
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
        print_lengths(p);
        return;
    }
    print_fractions(p);
    print_lengths(p);
    print_peaks(p);
    if (p->verdicts != NULL) print_verdicts(p);
    if (p->nmf_order != NULL) print_consensus(p);
}

void cli_phases_print_comparison(const vtr_unmix_comparison *c, const vtr_phases *a, const vtr_phases *b,
                                 const char *other)
{
    printf("\n%-40s %10s %10s %10s %10s %s\n", other, "here", "there", "change", "error", "range");
    for (size_t j = 0; j < c->k; j++) {
        printf("%s and its %s, correlation %.4f\n", a->names[j], b->names[c->match[j]], c->correlation[j]);
        for (int q = 0; q < VTR_UNMIX_QUANTITIES; q++) {
            const vtr_unmix_difference *d = &c->difference[j][q];
            if (!isfinite(d->difference)) continue;
            printf("  %-24s %-13s %10.4f %10.4f %10.4f %10.4f",
                   vtr_unmix_quantity_name((vtr_unmix_quantity)q),
                   vtr_unmix_quantity_unit((vtr_unmix_quantity)q), d->a, d->b, d->difference, d->error);
            print_interval(18, 4, d->range[0], d->range[1]);
            printf("%s\n", d->is_certain ? "  certain" : "");
        }
    }
}

/* --- JSON --------------------------------------------------------------------------------------------------- */

static void json_peak(const char *name, const vtr_unmix_peak *peak, bool is_there)
{
    printf(",\n     \"%s\": ", name);
    if (!is_there) {
        fputs("null", stdout);
        return;
    }
    fputs("{", stdout);
    cli_json_member("position", peak->position, ", ");
    cli_json_member("position_error", peak->position_error, ", ");
    cli_json_array("position_range", peak->position_range, 2, ", ");
    cli_json_member("height", peak->height, ", ");
    cli_json_member("height_error", peak->height_error, ", ");
    cli_json_member("fwhm", peak->fwhm, ", ");
    cli_json_member("fwhm_error", peak->fwhm_error, ", ");
    cli_json_array("fwhm_range", peak->fwhm_range, 2, "}");
}

static void json_fraction(const vtr_unmix_fraction *f, const char *end)
{
    cli_json_member("fraction", f->value, ", ");
    cli_json_member("fraction_error", f->error, ", ");
    cli_json_member("fraction_sample_error", f->sample_error, ", ");
    cli_json_array("fraction_range", f->range, 2, "");
    if (f->is_bounded) {
        fputs(", ", stdout);
        cli_json_array("fraction_allowed", f->allowed, 2, "");
    }
    fputs(end, stdout);
}

static void json_peaks(const vtr_phases *p, size_t j)
{
    const vtr_unmix_peaks *k = &p->peaks[j];
    bool is_there = isfinite(k->first.position);
    json_peak("first", &k->first, is_there);
    json_peak("intrinsic", &k->intrinsic, is_there && k->has_intrinsic);
    json_peak("second", &k->second, is_there && k->has_second);
    json_peak("shoulder", &k->shoulder, is_there && k->has_shoulder);
    fputs(",\n     ", stdout);
    cli_json_array("second_expected", k->expected, is_there ? 3 : 0, "");
}

static void json_component(const vtr_phases *p, size_t j)
{
    const vtr_nmf_consensus *consensus = &p->nmf.consensus;
    const vtr_correlation *c = &p->correlations[j];
    fputs("    {", stdout);
    cli_json_text("name", p->names[j], ",\n     ");
    json_fraction(&p->fractions[j], ",\n     ");
    cli_json_member("length", c->length_nm, ", ");
    cli_json_member("length_error", c->length_error_nm, "");
    if (p->nmf_order != NULL) {
        size_t at = p->nmf_order[j];
        fputs(",\n     ", stdout);
        cli_json_member("nmf_fraction", p->nmf.fractions[at], ", ");
        cli_json_member("nmf_correlation", p->nmf_correlation[j], ", ");
        cli_json_member("returns", consensus->n_starts > 0 ? consensus->returns[at] : NAN, "");
    }
    if (p->verdicts != NULL) {
        printf(",\n     \"is_noise\": %s, ", p->verdicts[j].is_noise ? "true" : "false");
        cli_json_text("reason", p->verdicts[j].reason, "");
    }
    if (p->peaks != NULL) json_peaks(p, j);
    fputs(j + 1 < p->n_components ? "},\n" : "}\n", stdout);
}

static void json_regions(const vtr_phases *p)
{
    for (size_t i = 0; i < p->n_regions; i++) {
        const vtr_phases_region *region = &p->regions[i];
        fputs(i == 0 ? "\n    " : ",\n    ", stdout);
        cli_json_string(stdout, region->name);
        fputs(": {", stdout);
        cli_json_text("definition", region->definition, ", ");
        printf("\"positions\": %zu, \"components\": [", region->fractions[0].n);
        for (size_t j = 0; j < p->n_components; j++) {
            fputs(j > 0 ? ", {" : "{", stdout);
            json_fraction(&region->fractions[j], "}");
        }
        fputs("]}", stdout);
    }
}

static void json_comparison(const vtr_unmix_comparison *c)
{
    fputs(",\n  \"comparison\": [", stdout);
    for (size_t j = 0; j < c->k; j++) {
        printf("%s\n    {\"match\": %zu, ", j > 0 ? "," : "", c->match[j] + 1);
        cli_json_member("correlation", c->correlation[j], "");
        for (int q = 0; q < VTR_UNMIX_QUANTITIES; q++) {
            const vtr_unmix_difference *d = &c->difference[j][q];
            printf(", \"%s\": {", vtr_unmix_quantity_name((vtr_unmix_quantity)q));
            cli_json_member("difference", d->difference, ", ");
            cli_json_member("error", d->error, ", ");
            cli_json_array("range", d->range, 2, "}");
        }
        fputs("}", stdout);
    }
    fputs("]", stdout);
}

void cli_phases_print_json(const vtr_phases *p, const vtr_unmix_comparison *comparison)
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
    fputs("]", stdout);
    if (comparison != NULL) json_comparison(comparison);
    fputs("\n}\n", stdout);
}
