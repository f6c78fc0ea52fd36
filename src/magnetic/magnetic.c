/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "magnetic/magnetic_internal.h"

#define AT(member) offsetof(vtr_magnetic_params, member)
static const vtr_parameter parameters[] = {
    {"vacuum", NULL, VTR_PARAMETER_STRING, AT(vacuum), .metavar = "FILE",
     .help = "map file of a recording without specimen over the same field, in any steps: its beam's path is "
             "the descan"},
    {"scale-vacuum", NULL, VTR_PARAMETER_BOOL, AT(scale_vacuum),
     .help = "take the vacuum though its camera length is another one; the mean deflection is lost"},
    {"descan", NULL, VTR_PARAMETER_CHOICE, AT(descan), .choices = "auto|none|constant|plane|paraboloid",
     .help = "surface taken out (too); auto is none with a vacuum, else a plane"},
    {"region", NULL, VTR_PARAMETER_LIST, AT(regions), .metavar = "DEFINITION",
     .help = "where the surface is fitted: Y0:Y1,X0:X1 or what vitrail pdf --region takes; may be repeated"},
    {"thickness", "nm", VTR_PARAMETER_STRING, AT(thickness), .metavar = "NM|MAP",
     .help = "of the specimen, or an image of it in nm; without it the result is B times thickness"},
    {"thickness-error", "nm", VTR_PARAMETER_DOUBLE, AT(thickness_error_nm), .maximum = 1e6, .metavar = "NM",
     .help = "standard deviation of the thickness, common to all positions"},
    {"electric", NULL, VTR_PARAMETER_BOOL, AT(is_electric),
     .help = "an electric field deflects the beam: E in V/m in place of B"},
    {"young", "GPa", VTR_PARAMETER_DOUBLE, AT(young_gpa), .default_value = NAN, .minimum = 1e-6,
     .maximum = 1e4, .metavar = "GPa",
     .help = "Young's modulus, for stress; that of vitrail strain unless given"},
    {"poisson", NULL, VTR_PARAMETER_DOUBLE, AT(poisson), .default_value = NAN, .minimum = -0.99,
     .maximum = 0.5, .metavar = "RATIO", .help = "Poisson's ratio, likewise"},
    {"magnetostriction", "ppm", VTR_PARAMETER_DOUBLE, AT(magnetostriction_ppm), .default_value = NAN,
     .minimum = -1e5, .maximum = 1e5, .metavar = "PPM",
     .help = "of saturation, for the magnetoelastic energy: 25 for 25e-6"},
    {"scan-rotation", "degrees", VTR_PARAMETER_DOUBLE, AT(scan_rotation_degrees), .default_value = NAN,
     .minimum = -360, .maximum = 360, .metavar = "ANGLE",
     .help = "rotation of the detector against the scan, in place of the recorded one"},
    {"flip", NULL, VTR_PARAMETER_CHOICE, AT(flip), .choices = "recorded|no|yes",
     .help = "whether the detector is mirrored against the scan"},
    {"k-step", "1/Å per px", VTR_PARAMETER_DOUBLE, AT(k_step_inv_angstrom), .default_value = NAN,
     .minimum = 1e-8, .maximum = 1, .metavar = "K",
     .help = "size of a pixel, k = 1/d, in place of the calibration's"},
    {"beam-energy", "keV", VTR_PARAMETER_DOUBLE, AT(beam_energy_kev), .default_value = NAN, .minimum = 1,
     .maximum = 3000, .metavar = "KEV", .help = "in place of the recording's"},
    {"wall-scale", "nm", VTR_PARAMETER_DOUBLE, AT(wall_scale_nm), .default_value = NAN, .minimum = 1e-3,
     .maximum = 1e6, .metavar = "NM",
     .help = "domain walls: standard deviation of the kernel; 1.5 positions unless given"},
    {"wall-significance", NULL, VTR_PARAMETER_DOUBLE, AT(wall_significance), .default_value = 0.01,
     .minimum = 1e-12, .maximum = 0.5, .metavar = "CHANCE",
     .help = "that noise alone shows a wall anywhere in the map"},
    {"wall-angle", "degrees", VTR_PARAMETER_DOUBLE, AT(wall_angle_degrees), .default_value = 30, .minimum = 0,
     .maximum = 180, .metavar = "ANGLE", .help = "by which a wall turns the field at least"},
};
const vtr_parameter_table vtr_magnetic_parameters = {"Magnetic induction", parameters,
                                                     sizeof parameters / sizeof *parameters};

vtr_magnetic_params vtr_magnetic_default_params(void)
{
    vtr_magnetic_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_magnetic_parameters, &params);
    return params;
}

void vtr_magnetic_release(vtr_magnetic *m)
{
    for (size_t i = 0; m->maps != NULL && i < m->n_maps; i++) {
        vtr_free(m->maps[i].values);
        vtr_free(m->maps[i].errors);
    }
    vtr_free(m->maps);
    vtr_free(m->field);
    vtr_free(m->covariance);
    vtr_free(m->sum_factor);
    vtr_free(m->domains.walls);
    vtr_free(m->domains.domains);
    vtr_free(m->domains.wall);
    vtr_free(m->domains.domain);
    memset(m, 0, sizeof *m);
}

enum { MOST_MAPS = 16 };

vtr_field_map *vtr_magnetic_add_map(vtr_magnetic *m, const char *name, const char *unit,
                                    const char *long_name, bool is_signed, vtr_error *err)
{
    size_t n = m->n_y * m->n_x;
    if (m->maps == NULL) m->maps = vtr_calloc(MOST_MAPS, sizeof *m->maps);
    float *values = vtr_malloc(n, sizeof *values), *errors = vtr_malloc(n, sizeof *errors);
    if (m->maps == NULL || m->n_maps == MOST_MAPS || values == NULL || errors == NULL) {
        vtr_free(values);
        vtr_free(errors);
        vtr_fail(err, VTR_ERR_MEMORY, "out of memory for maps of %zu x %zu positions", m->n_y, m->n_x);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        values[i] = errors[i] = NAN;
    m->maps[m->n_maps] = (vtr_field_map){name, unit, long_name, is_signed, values, errors};
    return &m->maps[m->n_maps++];
}

void vtr_magnetic_note(vtr_magnetic *m, const char *format, ...)
{
    if (m->n_notes == VTR_MAGNETIC_NOTES) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(m->notes[m->n_notes++], VTR_MAGNETIC_NOTE, format, arguments);
    va_end(arguments);
}

void vtr_magnetic_add_note(vtr_magnetic *m, const char *text)
{
    vtr_magnetic_note(m, "%s", text);
}

const vtr_field_map *vtr_magnetic_find(const vtr_magnetic *m, const char *name)
{
    for (size_t i = 0; i < m->n_maps; i++)
        if (strcmp(m->maps[i].name, name) == 0) return &m->maps[i];
    return NULL;
}

vtr_status vtr_magnetic_summarise(vtr_field_summary *summary, const vtr_magnetic *m, const vtr_field_map *map,
                                  vtr_error *err)
{
    const vtr_field size = {.n_y = m->n_y, .n_x = m->n_x};
    return vtr_field_summarise(summary, &size, map, err);
}
