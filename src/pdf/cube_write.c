/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "pdf/cube_internal.h"
#include "vitrail/ring_map.h"

static const char group[] = "pdf";

/* --- before the blocks -------------------------------------------------------------------------------------- */

static vtr_status create_cube(pdf_cube *cube, const char *name, size_t n, const char *unit,
                              const char *long_name, vtr_error *err)
{
    char errors[32], errors_name[96];
    const size_t shape[3] = {cube->source.n_y, cube->source.n_x, n};
    snprintf(errors, sizeof errors, "%s_errors", name);
    snprintf(errors_name, sizeof errors_name, "standard deviation of %s, those of scale and background in it",
             name);
    vtr_status status =
        vtr_mapfile_create_dataset(cube->file, group, name, VTR_TYPE_F32, 3, shape, unit, long_name, err);
    if (status == VTR_OK)
        status = vtr_mapfile_create_dataset(cube->file, group, errors, VTR_TYPE_F32, 3, shape, unit,
                                            errors_name, err);
    return status == VTR_OK ? vtr_mapfile_signal(cube->file, group, name, err) : status;
}

static vtr_status write_axis(pdf_cube *cube, const char *to, const char *name, size_t n, const double *values,
                             const char *unit, const char *long_name, vtr_error *err)
{
    return vtr_mapfile_write(cube->file, to, name, VTR_TYPE_F64, 1, &n, values, unit, long_name, err);
}

vtr_status pdf_cube_create_group(pdf_cube *cube, vtr_error *err)
{
    const vtr_pdf_plan *plan = cube->plan;
    bool is_plain = plan->params.kernel == VTR_PDF_KERNEL_PLAIN, has_g = !cube->params->only_maps;
    vtr_status status = vtr_mapfile_group(cube->file, group, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_scan_axes(cube->file, group, cube->source.n_y, cube->source.n_x,
                                             cube->source.scan_step_nm, err);
    if (status == VTR_OK)
        status = write_axis(cube, group, "r", plan->n_r, plan->r, "angstrom", "distance r (Å)", err);
    if (status == VTR_OK && has_g)
        status = create_cube(
            cube, "G", plan->n_r, is_plain ? "1/angstrom" : "1/angstrom^2",
            is_plain ? "Int s sin(2 pi k r) dk (1/Å)" : "G(r) = 4 pi r rho0 (g(r) - 1) (1/Å^2)", err);
    if (status == VTR_OK && cube->params->with_structure)
        status = create_cube(cube, "F", plan->n_q, "1/angstrom", "F(Q) = Q (S(Q) - 1) (1/Å)", err);
    if (status == VTR_OK && cube->params->with_structure)
        status = write_axis(cube, group, "Q", plan->n_q, plan->q, "1/angstrom",
                            "Q = 2 pi k = 4 pi sin(theta)/lambda (1/Å)", err);
    static const char *const axes[] = {"scan_y", "scan_x", "r"};
    return status == VTR_OK && has_g ? vtr_mapfile_axes(cube->file, group, 3, axes, err) : status;
}

/* --- maps --------------------------------------------------------------------------------------------------- */

/* A map with its errors; NULL values: none. */
static vtr_status write_map(pdf_cube *cube, const char *to, const char *name, const float *values,
                            const float *errors, const char *unit, const char *long_name, vtr_error *err)
{
    const size_t shape[2] = {cube->source.n_y, cube->source.n_x};
    if (values == NULL) return VTR_OK;
    return vtr_mapfile_write_quantity(cube->file, to, name, VTR_TYPE_F32, 2, shape, values, errors, unit,
                                      long_name, err);
}

static vtr_status write_shells(pdf_cube *cube, vtr_error *err)
{
    static const struct {
        const char *name, *unit, *long_name;
    } maps[2][3] = {{{"nearest", "angstrom", "nearest-neighbour distance: first maximum of G"},
                     {"first_height", "1/angstrom^2", "height of G at its first maximum"},
                     {"first_fwhm", "angstrom", "full width of the first maximum at half of its height"}},
                    {{"second", "angstrom", "second maximum of G"},
                     {"second_height", "1/angstrom^2", "height of G at its second maximum"},
                     {"second_fwhm", "angstrom", "full width of the second maximum at half of its height"}}};
    vtr_status status = VTR_OK;
    for (size_t s = 0; s < 2; s++)
        for (size_t v = 0; status == VTR_OK && v < 3; v++)
            status = write_map(cube, group, maps[s][v].name, cube->peaks[s][v], cube->peak_errors[s][v],
                               maps[s][v].unit, maps[s][v].long_name, err);
    return status;
}

static vtr_status write_images(pdf_cube *cube, vtr_error *err)
{
    if (cube->n_images == 0) return VTR_OK;
    vtr_status status = vtr_mapfile_group(cube->file, "pdf/images", err);
    for (size_t i = 0; status == VTR_OK && i < cube->n_images; i++) {
        const pdf_image *image = &cube->images[i];
        status = write_map(cube, "pdf/images", image->name, image->values, image->errors, image->unit,
                           image->long_name, err);
        if (status == VTR_OK) status = vtr_mapfile_signal(cube->file, "pdf/images", image->name, err);
    }
    if (status != VTR_OK) return status;
    return vtr_mapfile_write_scan_axes(cube->file, "pdf/images", cube->source.n_y, cube->source.n_x,
                                       cube->source.scan_step_nm, err);
}

/* --- regions ------------------------------------------------------------------------------------------------ */

static vtr_status write_peak(pdf_cube *cube, const char *to, const char *name, const vtr_pdf_peak *peak,
                             vtr_error *err)
{
    const double values[6] = {peak->position,     peak->position_error, peak->height,
                              peak->height_error, peak->fwhm,           peak->fwhm_error};
    return vtr_mapfile_write_numbers(cube->file, to, NULL, name, 6, values, err);
}

static vtr_status write_region(pdf_cube *cube, const vtr_region *region, const vtr_pdf_region_mean *mean,
                               vtr_error *err)
{
    char to[128];
    const vtr_pdf_plan *plan = cube->plan;
    const size_t scan[2] = {cube->source.n_y, cube->source.n_x}, n_r = plan->n_r;
    const double n = (double)mean->n;
    const char *unit = plan->params.kernel == VTR_PDF_KERNEL_PLAIN ? "1/angstrom" : "1/angstrom^2";
    snprintf(to, sizeof to, "pdf/regions/%s", mean->name);
    vtr_status status = vtr_mapfile_group(cube->file, to, err);
    if (status == VTR_OK) status = write_axis(cube, to, "r", n_r, plan->r, "angstrom", "distance r (Å)", err);
    if (status == VTR_OK) status = write_axis(cube, to, "G", n_r, mean->G, unit, "mean G of the region", err);
    if (status == VTR_OK)
        status = write_axis(cube, to, "G_errors", n_r, mean->G_error, unit,
                            "standard error of the mean, from the scatter of the positions", err);
    if (status == VTR_OK)
        status = write_axis(cube, to, "G_propagated", n_r, mean->G_propagated, unit,
                            "standard error of the mean, from the errors of the positions", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(cube->file, to, "member", VTR_TYPE_U8, 2, scan, region->member, NULL,
                                   "1: in the region", err);
    if (status == VTR_OK)
        status =
            vtr_mapfile_write_scan_axes(cube->file, to, scan[0], scan[1], cube->source.scan_step_nm, err);
    if (status == VTR_OK) status = vtr_mapfile_signal(cube->file, to, "G", err);
    static const char *const axes[] = {"r"};
    if (status == VTR_OK) status = vtr_mapfile_axes(cube->file, to, 1, axes, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(cube->file, to, NULL, "definition", mean->definition, err);
    if (status == VTR_OK) status = vtr_mapfile_write_numbers(cube->file, to, NULL, "positions", 1, &n, err);
    if (status == VTR_OK) status = write_peak(cube, to, "first_shell", &mean->shell[0], err);
    if (status == VTR_OK) status = write_peak(cube, to, "second_shell", &mean->shell[1], err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(cube->file, to, NULL, "shell_values",
                                        "position, its error, height, its error, fwhm, its error", err);
    return status;
}

static vtr_status write_regions(pdf_cube *cube, const vtr_pdf_region_mean *means, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < cube->n_regions; i++)
        status = write_region(cube, &cube->regions[i], &means[i], err);
    return status;
}

/* --- what it was made with ---------------------------------------------------------------------------------- */

static vtr_status write_numbers(pdf_cube *cube, vtr_error *err)
{
    const vtr_pdf_normalisation *n = &cube->plan->normalisation;
    const vtr_pdf_params *p = &cube->plan->params;
    const struct {
        const char *name;
        size_t n;
        double values[4];
    } numbers[] = {
        {"qmin", 1, {n->qmin}},
        {"qmax", 1, {n->qmax}},
        {"qmaxinst", 1, {n->qmaxinst}},
        {"fit_range", 2, {n->fit[0], n->fit[1]}},
        {"window_width", 1, {p->window_width}},
        {"density", 1, {n->density}},
        {"density_given", 1, {n->is_density_given}},
        {"rcut", 1, {n->rcut}},
        {"background_terms", 1, {(double)n->n_polynomial}},
        {"scale", 2, {n->scale, n->scale_error}},
        {"constant", 2, {n->constant, n->constant_error}},
        {"first_shell", 2, {cube->shell_range[0][0], cube->shell_range[0][1]}},
        {"second_shell", 2, {cube->shell_range[1][0], cube->shell_range[1][1]}},
        {"positions", 1, {(double)cube->n_valid}},
    };
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < sizeof numbers / sizeof *numbers; i++)
        status = vtr_mapfile_write_numbers(cube->file, group, NULL, numbers[i].name, numbers[i].n,
                                           numbers[i].values, err);
    return status;
}

static vtr_status write_texts(pdf_cube *cube, const char *composition, vtr_error *err)
{
    static const char *const sources[] = {"least squares over fit_range", "the given density", "given",
                                          "the intensity at one Q"};
    static const char *const windows[] = {"none", "lorch", "gaussian", "exponential", "cosine"};
    const struct {
        const char *name, *text;
    } texts[] = {
        {"composition", composition != NULL ? composition : ""},
        {"window", windows[cube->plan->params.window]},
        {"scale_from", sources[cube->plan->normalisation.source]},
        {"convention", cube->plan->params.kernel == VTR_PDF_KERNEL_PLAIN
                           ? "Int (S - 1) sin(2 pi k r) dk over k = Q/(2 pi); relative"
                           : "G(r) = (2/pi) Int Q (S(Q) - 1) sin(Q r) dQ = 4 pi r rho0 (g(r) - 1) in 1/Å^2; "
                             "Q = 2 pi k, k = 1/d; "
                             "qmin, qmax, qmaxinst and fit_range in 1/Å, density in atoms/Å^3, rcut in Å"},
        {"weights", "Faber-Ziman: c_i c_j f_i(Q) f_j(Q)/<f(Q)>^2"},
        {"mean_weights", "every position with a PDF counts once"},
    };
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < sizeof texts / sizeof *texts; i++)
        status = vtr_mapfile_write_text(cube->file, group, NULL, texts[i].name, texts[i].text, err);
    return status;
}

vtr_status pdf_cube_write_results(pdf_cube *cube, const vtr_pdf_region_mean *means, const char *composition,
                                  vtr_error *err)
{
    const size_t shape[2] = {cube->source.n_y, cube->source.n_x};
    vtr_status status = write_shells(cube, err);
    if (status == VTR_OK)
        status = write_map(cube, group, "scale", cube->scale, cube->scale_error, "counts/px",
                           "scale N of the normalisation", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(cube->file, group, "flags", VTR_TYPE_U32, 2, shape, cube->flags, NULL,
                                   "why a position has no PDF", err);
    if (status == VTR_OK) status = write_images(cube, err);
    if (status == VTR_OK) status = write_regions(cube, means, err);
    if (status == VTR_OK) status = write_numbers(cube, err);
    return status == VTR_OK ? write_texts(cube, composition, err) : status;
}
