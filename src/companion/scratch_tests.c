/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "companion/scratch_internal.h"

#define AT(member) offsetof(vtr_scratch_params, member)

static const vtr_parameter parameters[] = {
    {"speed", "um/s", VTR_PARAMETER_DOUBLE, AT(speed_um_per_s), NAN, 1e-6, 1e9, .metavar = "SPEED",
     .help = "of the tip, for curves over time in place of distance"},
    {"force-unit", NULL, VTR_PARAMETER_CHOICE, AT(force_unit), .choices = "none|N|mN|uN",
     .help = "of columns whose header names no unit"},
    {"length-unit", NULL, VTR_PARAMETER_CHOICE, AT(length_unit), .choices = "none|m|mm|um|nm",
     .help = "of columns whose header names no unit; areas and volumes in its powers"},
};
const vtr_parameter_table vtr_scratch_parameters = {"Scratch tests", parameters,
                                                    sizeof parameters / sizeof *parameters};

vtr_scratch_params vtr_scratch_default_params(void)
{
    vtr_scratch_params params = {0};
    vtr_parameters_default(&vtr_scratch_parameters, &params);
    return params;
}

/* --- one material ------------------------------------------------------------------------------------------- */

/* Coordinates of the points of a fit. */
typedef struct pairs {
    size_t n;
    double *x, *x_error, *y, *y_error;
} pairs;

static void add(pairs *p, double x, double x_error, double y, double y_error)
{
    p->x[p->n] = x;
    p->x_error[p->n] = x_error;
    p->y[p->n] = y;
    p->y_error[p->n++] = y_error;
}

static vtr_status fit(vtr_scratch_line lines[2], const pairs *p, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (int k = 0; k < 2 && status == VTR_OK; k++)
        status = vtr_scratch_fit_line(&lines[k], p->x, p->x_error, p->y, p->y_error, p->n, k == 0, err);
    return status;
}

static bool is_of(const vtr_scratch_track *track, const vtr_scratch_material *material)
{
    return strcmp(track->material, material->name) == 0;
}

/* Loads within 5 % are one. */
static vtr_status check_loads(const vtr_scratch_tests *s, const vtr_scratch_material *material,
                              vtr_error *err)
{
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < s->n_tracks; i++) {
        if (!is_of(&s->tracks[i], material)) continue;
        low = fmin(low, s->tracks[i].friction.load_mn);
        high = fmax(high, s->tracks[i].friction.load_mn);
    }
    if (high > 1.05 * low) return VTR_OK;
    return vtr_fail(err, VTR_ERR_NO_DATA, "all tracks%s%s were made at one load, %.4g mN; a slope needs two",
                    material->name[0] != '\0' ? " of " : "", material->name, high);
}

static vtr_status fit_material(vtr_scratch_material *material, const vtr_scratch_tests *s, pairs *p,
                               vtr_error *err)
{
    vtr_status status = check_loads(s, material, err);
    for (int quantity = 0; quantity < 3 && status == VTR_OK; quantity++) {
        p->n = 0;
        for (size_t i = 0; i < s->n_tracks; i++) {
            const vtr_scratch_track *t = &s->tracks[i];
            const vtr_scratch_friction *f = &t->friction;
            if (!is_of(t, material)) continue;
            if (quantity == 0)
                add(p, f->load_mn, f->load_error_mn, f->lateral_mn, f->lateral_error_mn);
            else if (quantity == 1) /* mN/um^2 is GPa */
                add(p, t->area_um2, t->area_error_um2, f->load_mn, f->load_error_mn);
            else if (isfinite(t->section_um2)) /* um^3/mm against N */
                add(p, 1e-3 * f->load_mn, 1e-3 * f->load_error_mn, 1e3 * t->section_um2,
                    1e3 * t->section_error_um2);
        }
        if (quantity == 0) material->n_tracks = p->n;
        if (quantity == 2 && p->n < 2) break;
        vtr_scratch_line *const lines[3] = {material->friction, material->hardness, material->wear};
        status = fit(lines[quantity], p, err);
        if (status != VTR_OK) {
            static const char *const names[3] = {"lateral force against load", "load against area",
                                                 "wear against load"};
            vtr_fail_context(err, status, "%s", names[quantity]);
        }
    }
    return status;
}

/* --- all ---------------------------------------------------------------------------------------------------- */

static vtr_status list_materials(vtr_scratch_tests *s, vtr_error *err)
{
    s->materials = vtr_calloc(s->n_tracks, sizeof *s->materials);
    if (s->materials == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for scratch tests");
    for (size_t i = 0; i < s->n_tracks; i++) {
        size_t k = 0;
        while (k < s->n_materials && !is_of(&s->tracks[i], &s->materials[k]))
            k++;
        if (k < s->n_materials) continue;
        memcpy(s->materials[s->n_materials++].name, s->tracks[i].material, VTR_SCRATCH_NAME);
    }
    return VTR_OK;
}

static vtr_status fit_all(vtr_scratch_tests *s, vtr_error *err)
{
    double *memory = vtr_malloc(4 * s->n_tracks, sizeof *memory);
    if (memory == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for scratch tests");
    pairs p = {0, memory, memory + s->n_tracks, memory + 2 * s->n_tracks, memory + 3 * s->n_tracks};
    vtr_status status = VTR_OK;
    for (size_t k = 0; k < s->n_materials && status == VTR_OK; k++)
        status = fit_material(&s->materials[k], s, &p, err);
    vtr_free(memory);
    return status;
}

vtr_status vtr_scratch_tests_read(vtr_scratch_tests *out, const char *path, const vtr_scratch_params *params,
                                  vtr_error *err)
{
    vtr_scratch_tests s = {0};
    vtr_scratch_params defaults = vtr_scratch_default_params();
    vtr_status status = vtr_scratch_tracks_read(&s, path, params != NULL ? params : &defaults, err);
    if (status == VTR_OK) status = list_materials(&s, err);
    if (status == VTR_OK) status = fit_all(&s, err);
    if (status == VTR_OK)
        *out = s;
    else
        vtr_scratch_tests_release(&s);
    return status;
}

void vtr_scratch_tests_release(vtr_scratch_tests *scratch)
{
    for (size_t i = 0; i < scratch->n_tracks; i++)
        vtr_scratch_curve_release(&scratch->tracks[i].curve);
    vtr_free(scratch->tracks);
    vtr_free(scratch->materials);
    *scratch = (vtr_scratch_tests){0};
}
