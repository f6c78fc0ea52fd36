/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/field.h"

#include <string.h>

#include "field/field_internal.h"

static const vtr_parameter parameters[] = {
    {"reference", NULL, VTR_PARAMETER_BOX, offsetof(vtr_field_params, reference), .metavar = "Y0:Y1,X0:X1",
     .help = "the region without strain; where not given, the most homogeneous region is found"},
    {"axis", "degrees", VTR_PARAMETER_DOUBLE, offsetof(vtr_field_params, axis_degrees), .minimum = -180,
     .maximum = 180, .metavar = "ANGLE",
     .help = "direction of x of the tensors, from +x of the scan towards +y"},
    {"first-order", NULL, VTR_PARAMETER_BOOL, offsetof(vtr_field_params, is_first_order),
     .help = "strain as (k0 - k)/k0 instead of k0/k - 1"},
    {"mean", NULL, VTR_PARAMETER_BOOL, offsetof(vtr_field_params, is_mean),
     .help = "volumetric strain as the mean (e1 + e2)/2 instead of the sum"},
    {"young", "GPa", VTR_PARAMETER_DOUBLE, offsetof(vtr_field_params, young_gpa), .default_value = NAN,
     .minimum = 1e-6, .maximum = 1e4, .metavar = "GPA", .help = "Young's modulus, for the energy in J/m^3"},
    {"poisson", NULL, VTR_PARAMETER_DOUBLE, offsetof(vtr_field_params, poisson), .default_value = NAN,
     .minimum = -0.99, .maximum = 0.5, .metavar = "RATIO",
     .help = "Poisson's ratio, for the energy in J/m^3"},
    {"scan-rotation", "degrees", VTR_PARAMETER_DOUBLE, offsetof(vtr_field_params, scan_rotation_degrees),
     .default_value = NAN, .minimum = -360, .maximum = 360, .metavar = "ANGLE",
     .help = "rotation of the detector against the scan, in place of the recorded one"},
    {"flip", NULL, VTR_PARAMETER_CHOICE, offsetof(vtr_field_params, flip), .choices = "recorded|no|yes",
     .help = "whether the detector is mirrored against the scan"},
    {"descan", NULL, VTR_PARAMETER_CHOICE, offsetof(vtr_field_params, descan), .choices = "plane|paraboloid",
     .help = "surface fitted to the centres of the rings"},
};
const vtr_parameter_table vtr_field_parameters = {"Strain", parameters,
                                                  sizeof parameters / sizeof *parameters};

vtr_field_params vtr_field_default_params(void)
{
    vtr_field_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_field_parameters, &params);
    return params;
}

void vtr_field_release(vtr_field *field)
{
    for (size_t i = 0; field->maps != NULL && i < field->n_maps; i++) {
        vtr_free(field->maps[i].values);
        vtr_free(field->maps[i].errors);
    }
    vtr_free(field->maps);
    field->maps = NULL;
    field->n_maps = 0;
}

const vtr_field_map *vtr_field_find(const vtr_field *field, const char *name)
{
    for (size_t i = 0; i < field->n_maps; i++)
        if (strcmp(field->maps[i].name, name) == 0) return &field->maps[i];
    return NULL;
}

static vtr_status allocate(vtr_field *field, vtr_error *err)
{
    size_t n = field->n_y * field->n_x;
    bool is_short = false;
    field->maps = vtr_calloc(vtr_field_n_quantities, sizeof *field->maps);
    if (field->maps != NULL) field->n_maps = vtr_field_n_quantities;
    for (size_t i = 0; i < field->n_maps; i++) {
        const vtr_field_quantity *q = &vtr_field_quantities[i];
        vtr_field_map *map = &field->maps[i];
        *map = (vtr_field_map){q->name, q->unit, q->long_name, q->is_signed};
        if (q->describe != NULL) q->describe(&map->unit, &map->long_name, field);
        map->values = vtr_malloc(n, sizeof *map->values);
        map->errors = vtr_malloc(n, sizeof *map->errors);
        is_short = is_short || map->values == NULL || map->errors == NULL;
    }
    if (field->maps == NULL || is_short)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for maps of %zu x %zu positions", field->n_y,
                        field->n_x);
    return VTR_OK;
}

static const vtr_field_point no_point = {{NAN, NAN, NAN},
                                         {{NAN, NAN, NAN}, {NAN, NAN, NAN}, {NAN, NAN, NAN}}};

/* The strain of one position; left as it is where there is no ring, the covariance where the fit gave none. */
static bool set_point(double e[3], double e_covariance[3][3], const vtr_ring_map *map, size_t i,
                      const vtr_strain_frame *frame)
{
    double w[3], covariance[3][3];
    if (!vtr_field_is_valid(map, i)) return false;
    bool has_covariance = vtr_field_w(w, covariance, map, i);
    vtr_strain_point(e, has_covariance ? e_covariance : NULL, w, covariance, frame);
    return true;
}

static void set_maps(vtr_field *field, const vtr_field_point *point, size_t i)
{
    for (size_t q = 0; q < field->n_maps; q++) {
        if (vtr_field_quantities[q].point == NULL) continue;
        double value = NAN, error = NAN;
        if (!isnan(point->e[0])) vtr_field_quantities[q].point(&value, &error, point, &field->params);
        field->maps[q].values[i] = (float)value;
        field->maps[q].errors[i] = (float)error;
    }
}

static void compute_maps(vtr_field *field, const vtr_ring_map *map)
{
    vtr_strain_frame frame;
    vtr_strain_frame_set(&frame, &field->reference, &field->params);
    size_t n = field->n_y * field->n_x, n_valid = 0;
#pragma omp parallel for schedule(static) reduction(+ : n_valid)
    for (size_t i = 0; i < n; i++) {
        vtr_field_point point = no_point;
        n_valid += set_point(point.e, point.covariance, map, i, &frame);
        set_maps(field, &point, i);
    }
    field->n_valid = n_valid;
    for (size_t q = 0; q < field->n_maps; q++)
        if (vtr_field_quantities[q].map != NULL) vtr_field_quantities[q].map(&field->maps[q], field);
}

static vtr_status check_params(const vtr_field_params *p, vtr_error *err)
{
    if (isnan(p->young_gpa) != isnan(p->poisson))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "Young's modulus and Poisson's ratio are needed together");
    if (!isnan(p->young_gpa) && !(p->young_gpa > 0 && p->poisson > -1 && p->poisson <= 0.5))
        return vtr_fail(err, VTR_ERR_RANGE,
                        "Young's modulus %g GPa must be positive, Poisson's ratio %g between -1 and 0.5",
                        p->young_gpa, p->poisson);
    return VTR_OK;
}

vtr_status vtr_field_compute(vtr_field *out, const vtr_ring_map *map, const vtr_field_params *given,
                             vtr_error *err)
{
    vtr_field field = {.n_y = map->n_y, .n_x = map->n_x};
    field.params = given != NULL ? *given : vtr_field_default_params();
    if (isnan(field.params.scan_rotation_degrees))
        field.params.scan_rotation_degrees = map->scan_rotation_degrees;
    if (field.params.flip == VTR_FLIP_RECORDED)
        field.params.flip = map->is_flipped ? VTR_FLIP_YES : VTR_FLIP_NO;
    memcpy(field.scan_step_nm, map->scan_step_nm, sizeof field.scan_step_nm);
    vtr_status status = check_params(&field.params, err);
    if (status == VTR_OK) status = vtr_field_reference_set(&field.reference, map, &field.params, err);
    if (status == VTR_OK)
        status = vtr_field_descan_fit(&field.descan, map, (vtr_descan_model)field.params.descan, err);
    if (status == VTR_OK) status = allocate(&field, err);
    if (status != VTR_OK) {
        vtr_field_release(&field);
        return status;
    }
    compute_maps(&field, map);
    *out = field;
    return VTR_OK;
}

/* Finite values of a map; their number. */
static size_t take_finite(double *values, const float *map, size_t n)
{
    size_t taken = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(map[i])) values[taken++] = map[i];
    return taken;
}

vtr_status vtr_field_summarise(vtr_field_summary *summary, const vtr_field *field, const vtr_field_map *map,
                               vtr_error *err)
{
    size_t n = field->n_y * field->n_x;
    double *values = vtr_malloc(n, sizeof *values);
    if (values == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the median of '%s'", map->name);
    vtr_field_summary s = {0, NAN, NAN, NAN};
    s.n_valid = take_finite(values, map->values, n);
    if (s.n_valid > 0) {
        s.median = vtr_median(values, s.n_valid);
        s.spread = vtr_median_spread(values, s.n_valid, s.median);
    }
    size_t n_errors = take_finite(values, map->errors, n);
    if (n_errors > 0) s.median_error = vtr_median(values, n_errors);
    vtr_free(values);
    *summary = s;
    return VTR_OK;
}
