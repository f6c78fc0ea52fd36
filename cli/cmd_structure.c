/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "vitrail/figure.h"
#include "vitrail/local_structure.h"
#include "vitrail/output.h"

static vtr_structure_params model_params;
static struct options {
    double cutoff, smallest_face;
    const char *after, *atoms, *curves, *figure;
} options;

#define MEMBER(name) offsetof(struct options, name)
static const vtr_parameter option_parameters[] = {
    {"cutoff", "Å", VTR_PARAMETER_DOUBLE, MEMBER(cutoff), NAN, 0.1, 100, .metavar = "R",
     .help = "neighbours are nearer than this; the first minimum of g(r) unless given"},
    {"smallest-face", NULL, VTR_PARAMETER_DOUBLE, MEMBER(smallest_face), 0, 0, 0.2, .metavar = "PART",
     .help = "faces below this part of a Voronoi cell's surface are not counted"},
    {"after", NULL, VTR_PARAMETER_STRING, MEMBER(after), .metavar = "MODEL",
     .help = "the same atoms later: local strain and D2min from MODEL to there"},
    {"atoms", NULL, VTR_PARAMETER_STRING, MEMBER(atoms), .metavar = "FILE",
     .help = "what surrounds each atom, as CSV"},
    {"curves", NULL, VTR_PARAMETER_STRING, MEMBER(curves), .metavar = "FILE",
     .help = "g(r) of all and of each pair of elements, as CSV"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "draw g(r) and the bond angles: .png, .svg, .pdf"},
};
static const vtr_parameter_table option_table = {"Surroundings", option_parameters,
                                                 sizeof option_parameters / sizeof *option_parameters};

static size_t groups(cli_group *out)
{
    memset(&model_params, 0, sizeof model_params);
    vtr_parameters_default(&vtr_structure_parameters, &model_params);
    vtr_parameters_default(&option_table, &options);
    out[0] = (cli_group){&option_table, &options};
    out[1] = (cli_group){&vtr_structure_parameters, &model_params};
    return 2;
}

/* g(r) in bins of 0.05 Å up to 10 Å; angles in bins of 2 degrees; of the most frequent indices so many are printed. */
enum { MERGE = 5, PAIR_BINS = 1000, CURVE = PAIR_BINS / MERGE, ANGLES = 90, SHOWN = 12 };
#define PAIR_STEP 0.01

typedef struct result {
    vtr_structure model, after;
    vtr_pairs pairs;
    double cutoff;
    vtr_voronoi_cell *cells;
    unsigned *neighbours; /* [n][n_elements] */
    vtr_local_deformation *deformation;
    size_t n_angles, n_indices, n_cells;
    vtr_voronoi_index *indices;
    double r[CURVE], degrees[ANGLES], angles[ANGLES];
    double *g; /* [1 + n_pairs][CURVE] all, then pair by pair; NULL: a particle */
} result;

static void release(result *s)
{
    vtr_structure_release(&s->model);
    vtr_structure_release(&s->after);
    vtr_pairs_release(&s->pairs);
    vtr_voronoi_census_free(s->indices);
    free(s->cells);
    free(s->neighbours);
    free(s->deformation);
    free(s->g);
}

/* --- the work ----------------------------------------------------------------------------------------------- */

static vtr_status read_curves(result *s, vtr_error *err)
{
    size_t n = s->model.composition.n;
    for (size_t b = 0; b < CURVE; b++)
        s->r[b] = ((double)b + 0.5) * MERGE * PAIR_STEP;
    for (size_t b = 0; b < ANGLES; b++)
        s->degrees[b] = ((double)b + 0.5) * 180 / ANGLES;
    if (!s->model.is_periodic) return VTR_OK;
    s->g = malloc((1 + s->pairs.n_pairs) * CURVE * sizeof *s->g);
    if (s->g == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for g(r)");
    vtr_status status = vtr_pairs_total(&s->pairs, NULL, MERGE, s->g, err);
    for (size_t i = 0; i < n && status == VTR_OK; i++)
        for (size_t j = i; j < n && status == VTR_OK; j++)
            status =
                vtr_pairs_partial(&s->pairs, i, j, MERGE, s->g + (1 + vtr_pairs_index(n, i, j)) * CURVE, err);
    return status;
}

static vtr_status choose_cutoff(result *s, vtr_error *err)
{
    s->cutoff = isnan(options.cutoff) ? vtr_pairs_first_minimum(&s->pairs) : options.cutoff;
    if (isfinite(s->cutoff)) return VTR_OK;
    return vtr_fail(err, VTR_ERR_NO_DATA,
                    "where the first shell of neighbours ends cannot be told; give --cutoff");
}

static vtr_status measure(result *s, int threads, vtr_error *err)
{
    size_t n = s->model.n;
    s->cells = malloc(n * sizeof *s->cells);
    s->neighbours = malloc(n * s->model.composition.n * sizeof *s->neighbours);
    if (s->cells == NULL || s->neighbours == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for what surrounds %zu atoms", n);
    const vtr_pairs_params how = {PAIR_BINS * PAIR_STEP, PAIR_STEP, threads};
    vtr_status status = vtr_structure_pairs(&s->pairs, &s->model, &how, err);
    if (status == VTR_OK) status = choose_cutoff(s, err);
    if (status == VTR_OK) status = read_curves(s, err);
    if (status == VTR_OK)
        status = vtr_voronoi_cells(s->cells, &s->model, options.smallest_face, threads, err);
    if (status == VTR_OK)
        status = vtr_voronoi_census(&s->indices, &s->n_indices, &s->n_cells, s->cells, &s->model, 0, err);
    if (status == VTR_OK)
        status = vtr_coordination_numbers(s->neighbours, &s->model, s->cutoff, threads, err);
    if (status == VTR_OK)
        status = vtr_bond_angles(s->angles, ANGLES, &s->n_angles, &s->model, s->cutoff, threads, err);
    return status;
}

static vtr_status deform(result *s, int threads, vtr_error *err)
{
    if (options.after == NULL) return VTR_OK;
    vtr_status status = vtr_structure_read(&s->after, options.after, &model_params, err);
    if (status != VTR_OK) return status;
    s->deformation = malloc(s->model.n * sizeof *s->deformation);
    if (s->deformation == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the deformation of %zu atoms", s->model.n);
    status = vtr_local_deformations(s->deformation, &s->model, &s->after, s->cutoff, threads, err);
    return status == VTR_OK ? status : vtr_fail_context(err, status, "'%s'", options.after);
}

/* --- what it shows ------------------------------------------------------------------------------------------ */

typedef struct mean {
    double value, error; /* the standard error: scatter of the atoms over the root of their number */
    size_t n;
} mean;

typedef double (*of_atom)(const result *s, size_t atom, size_t element);

static double neighbours_of(const result *s, size_t atom, size_t element)
{
    return s->neighbours[atom * s->model.composition.n + element];
}
static double all_neighbours_of(const result *s, size_t atom, size_t element)
{
    double sum = 0;
    (void)element;
    for (size_t e = 0; e < s->model.composition.n; e++)
        sum += neighbours_of(s, atom, e);
    return sum;
}
static double faces_of(const result *s, size_t atom, size_t element)
{
    (void)element;
    return s->cells[atom].is_open ? (double)NAN : (double)s->cells[atom].n_faces;
}
static double volume_of(const result *s, size_t atom, size_t element)
{
    (void)element;
    return s->cells[atom].volume_angstrom3;
}
static double d2min_of(const result *s, size_t atom, size_t element)
{
    (void)element;
    return s->deformation[atom].d2min_angstrom2;
}
static double shear_of(const result *s, size_t atom, size_t element)
{
    (void)element;
    return s->deformation[atom].shear;
}

/* Over the atoms of one element (its place in the composition). */
static mean mean_over(const result *s, size_t kind, of_atom value, size_t element)
{
    double sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < s->model.n; i++) {
        double v = s->model.number[i] == s->model.composition.number[kind] ? value(s, i, element) : NAN;
        if (!isfinite(v)) continue;
        n++;
        double before = v - (n > 1 ? sum / (n - 1) : v);
        sum += v;
        squares += before * (v - sum / n);
    }
    return (mean){n > 0 ? sum / n : NAN, n > 1 ? sqrt(squares / (n - 1) / n) : NAN, (size_t)n};
}

static const char *symbol(const result *s, size_t kind)
{
    return vtr_element_symbol(s->model.composition.number[kind]);
}

static void print_elements(const result *s)
{
    size_t n = s->model.composition.n;
    printf("\n%-8s %8s %16s %18s", "element", "atoms", "faces", "volume (Å^3)");
    printf(" %16s", "neighbours");
    for (size_t e = 0; e < n; e++)
        printf("   of them %-7s", symbol(s, e));
    printf("\n");
    for (size_t k = 0; k < n; k++) {
        mean faces = mean_over(s, k, faces_of, 0), volume = mean_over(s, k, volume_of, 0),
             all = mean_over(s, k, all_neighbours_of, 0);
        printf("%-8s %8zu %7.3f ± %-6.3f %8.3f ± %-7.3f %7.3f ± %-6.3f", symbol(s, k),
               s->model.n_of_element[k], faces.value, faces.error, volume.value, volume.error, all.value,
               all.error);
        for (size_t e = 0; e < n; e++) {
            mean part = mean_over(s, k, neighbours_of, e);
            printf("  %6.3f ± %-6.3f", part.value, part.error);
        }
        printf("\n");
    }
}

static double share_of(const result *s, size_t index)
{
    return (double)s->indices[index].n / (double)s->n_cells;
}

static double share_error(const result *s, size_t index)
{
    double p = share_of(s, index);
    return sqrt(p * (1 - p) / (double)s->n_cells);
}

static void print_indices(const result *s)
{
    printf("\nVoronoi index <n3, n4, n5, n6>     cells     share (%%)   of %zu closed ones, %zu indices\n",
           s->n_cells, s->n_indices);
    for (size_t k = 0; k < s->n_indices && k < SHOWN; k++) {
        const unsigned *f = s->indices[k].faces;
        printf("<%u, %2u, %2u, %2u> %24zu %10.2f ± %.2f\n", f[0], f[1], f[2], f[3], s->indices[k].n,
               100 * share_of(s, k), 100 * share_error(s, k));
    }
}

static void print_text(const result *s)
{
    printf("model          %zu atoms, ", s->model.n);
    if (s->model.is_periodic)
        printf("periodic, %.5f atoms/Å^3\n", vtr_structure_number_density(&s->model));
    else
        printf("a particle; the cells of its surface are open and left out\n");
    printf("nearest        %.2f Å; neighbours are nearer than %.2f Å (%s)\n",
           vtr_pairs_nearest_neighbour(&s->pairs), s->cutoff,
           isnan(options.cutoff) ? "the first minimum of g" : "given");
    print_elements(s);
    print_indices(s);
    if (s->deformation == NULL) return;
    printf("\n%-8s %24s %24s\n", "element", "D2min (Å^2)", "shear strain");
    for (size_t k = 0; k < s->model.composition.n; k++) {
        mean d2min = mean_over(s, k, d2min_of, 0), shear = mean_over(s, k, shear_of, 0);
        printf("%-8s %12.4g ± %-9.2g %12.4g ± %-9.2g\n", symbol(s, k), d2min.value, d2min.error, shear.value,
               shear.error);
    }
}

static void json_mean(const char *name, mean m)
{
    char with_error[64];
    snprintf(with_error, sizeof with_error, "%s_error", name);
    cli_json_member(name, m.value, ", ");
    cli_json_member(with_error, m.error, ", ");
}

static void print_json(const result *s)
{
    printf("{");
    cli_json_member("atoms", (double)s->model.n, ", ");
    cli_json_member("number_density", vtr_structure_number_density(&s->model), ", ");
    cli_json_member("nearest_angstrom", vtr_pairs_nearest_neighbour(&s->pairs), ", ");
    cli_json_member("cutoff_angstrom", s->cutoff, ", \"elements\": [");
    for (size_t k = 0; k < s->model.composition.n; k++) {
        printf("%s{", k > 0 ? ", " : "");
        cli_json_text("element", symbol(s, k), ", ");
        json_mean("faces", mean_over(s, k, faces_of, 0));
        json_mean("volume_angstrom3", mean_over(s, k, volume_of, 0));
        for (size_t e = 0; e < s->model.composition.n; e++) {
            char name[32];
            snprintf(name, sizeof name, "neighbours_%s", symbol(s, e));
            json_mean(name, mean_over(s, k, neighbours_of, e));
        }
        if (s->deformation != NULL) {
            json_mean("d2min_angstrom2", mean_over(s, k, d2min_of, 0));
            json_mean("shear", mean_over(s, k, shear_of, 0));
        }
        json_mean("neighbours", mean_over(s, k, all_neighbours_of, 0));
        cli_json_member("atoms", (double)s->model.n_of_element[k], "}");
    }
    printf("], \"cells\": %zu, \"indices\": [", s->n_cells);
    for (size_t k = 0; k < s->n_indices; k++) {
        const unsigned *f = s->indices[k].faces;
        printf("%s{\"index\": [%u, %u, %u, %u], \"cells\": %zu}", k > 0 ? ", " : "", f[0], f[1], f[2], f[3],
               s->indices[k].n);
    }
    printf("]}\n");
}

/* --- what it writes ----------------------------------------------------------------------------------------- */

static void csv_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.7g", value);
    else
        fputc(',', out);
}

static vtr_status write_atoms(FILE *out, void *user, vtr_error *err)
{
    const result *s = user;
    (void)err;
    fprintf(out,
            "atom,element,x_angstrom,y_angstrom,z_angstrom,n3,n4,n5,n6,faces,volume_angstrom3,neighbours");
    if (s->deformation != NULL)
        fprintf(out, ",d2min_angstrom2,strain_xx,strain_yy,strain_zz,strain_yz,strain_xz,strain_xy,shear");
    fputc('\n', out);
    for (size_t i = 0; i < s->model.n; i++) {
        const vtr_voronoi_cell *c = &s->cells[i];
        const double *x = s->model.position[i];
        fprintf(out, "%zu,%s,%.9g,%.9g,%.9g", i + 1, vtr_element_symbol(s->model.number[i]), x[0], x[1],
                x[2]);
        if (c->is_open)
            fprintf(out, ",,,,,");
        else
            fprintf(out, ",%u,%u,%u,%u,%u", c->faces[3], c->faces[4], c->faces[5], c->faces[6], c->n_faces);
        csv_number(out, c->volume_angstrom3);
        fprintf(out, ",%.0f", all_neighbours_of(s, i, 0));
        if (s->deformation != NULL) {
            const vtr_local_deformation *d = &s->deformation[i];
            csv_number(out, d->d2min_angstrom2);
            for (int k = 0; k < 6; k++)
                csv_number(out, d->strain[k]);
            csv_number(out, d->shear);
        }
        fputc('\n', out);
    }
    return VTR_OK;
}

static vtr_status write_curves(FILE *out, void *user, vtr_error *err)
{
    const result *s = user;
    size_t n = s->model.composition.n;
    (void)err;
    fprintf(out, "r_angstrom,g");
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            fprintf(out, ",g_%s_%s", symbol(s, i), symbol(s, j));
    fputc('\n', out);
    for (size_t b = 0; b < CURVE; b++) {
        fprintf(out, "%.3f", s->r[b]);
        for (size_t p = 0; p <= s->pairs.n_pairs; p++)
            csv_number(out, s->g[p * CURVE + b]);
        fputc('\n', out);
    }
    return VTR_OK;
}

static vtr_status draw(const result *s, bool force, vtr_error *err)
{
    enum { LINES = 7 };
    vtr_figure_series g[LINES], angles = {.n = ANGLES, .x = s->degrees, .y = s->angles};
    char labels[LINES][32] = {"all"};
    size_t n = s->model.composition.n, n_lines = 0;
    vtr_figure_panel panels[2];
    size_t n_panels = 0;
    const vtr_figure_mark cutoff = {s->cutoff, "cutoff"};
    if (s->g != NULL) {
        g[n_lines] = (vtr_figure_series){.n = CURVE, .x = s->r, .y = s->g, .label = labels[0]};
        n_lines++;
        for (size_t i = 0; i < n && n > 1; i++)
            for (size_t j = i; j < n && n_lines < LINES; j++, n_lines++) {
                snprintf(labels[n_lines], sizeof *labels, "%s-%s", symbol(s, i), symbol(s, j));
                g[n_lines] = (vtr_figure_series){.n = CURVE,
                                                 .x = s->r,
                                                 .y = s->g + (1 + vtr_pairs_index(n, i, j)) * CURVE,
                                                 .label = labels[n_lines]};
            }
        panels[n_panels] = vtr_figure_plot_panel(g, n_lines);
        panels[n_panels].plot.x_label = "r (Å)";
        panels[n_panels].plot.y_label = "g(r)";
        panels[n_panels].plot.marks = &cutoff;
        panels[n_panels++].plot.n_marks = 1;
    }
    panels[n_panels] = vtr_figure_plot_panel(&angles, 1);
    panels[n_panels].plot.x_label = "bond angle (degrees)";
    panels[n_panels].plot.x_limits[0] = 0;
    panels[n_panels].plot.x_limits[1] = 180;
    panels[n_panels].plot.y_limits[0] = 0;
    panels[n_panels++].plot.y_label = "density (1/degree)";
    vtr_figure_page page = vtr_figure_default_page(n_panels);
    page.force = force;
    return vtr_figure_write(options.figure, panels, n_panels, &page, err);
}

static vtr_status save(const result *s, const cli_run *run, vtr_error *err)
{
    vtr_status status = VTR_OK;
    bool force = run->common.force;
    if (options.atoms != NULL) status = vtr_output_write(options.atoms, force, write_atoms, (void *)s, err);
    if (status == VTR_OK && options.curves != NULL && s->g == NULL)
        status = vtr_fail(err, VTR_ERR_ARGUMENT,
                          "--curves: g(r) needs a density, and a particle has no one; give --cell");
    if (status == VTR_OK && options.curves != NULL)
        status = vtr_output_write(options.curves, force, write_curves, (void *)s, err);
    return status == VTR_OK && options.figure != NULL ? draw(s, force, err) : status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    result s = {.pairs = {0}};
    vtr_status status = vtr_structure_read(&s.model, run->inputs[0], &model_params, err);
    if (status == VTR_OK) {
        status = measure(&s, run->common.threads, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", run->inputs[0]);
    }
    if (status == VTR_OK) status = deform(&s, run->common.threads, err);
    if (status == VTR_OK) status = save(&s, run, err);
    if (status == VTR_OK && run->common.json)
        print_json(&s);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(&s);
    release(&s);
    return status;
}

const cli_command cli_structure = {
    .name = "structure",
    .usage = "[options] MODEL",
    .summary = "what surrounds each atom of a model: neighbours, Voronoi cells, angles, strain",
    .details = "Reads an atomic model (XYZ, LAMMPS data or dump, CIF in P1, POSCAR) and counts neighbours, "
               "the faces of "
               "Voronoi cells and bond angles. With --after, how the surroundings of each atom deformed from "
               "MODEL to a later "
               "configuration: local strain, and D2min, what no strain explains.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = groups,
    .run = run,
};
