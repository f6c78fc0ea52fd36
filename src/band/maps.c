/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"
#include "vitrail/ring_map.h"

/* Covariance of (t, c, s) in the frame of the maps. That of exx and eyy follows from the error of their sum; that of
 * exy with the two is not in the map file and taken as none, which holds for rings seen all round. */
static bool covariance_at(double v[VTR_COVARIANCES], const vtr_strain_maps *m, size_t i)
{
    double xx = m->exx_errors[i], yy = m->eyy_errors[i], xy = m->exy_errors[i];
    if (!(xx > 0 && yy > 0 && xy > 0) || !isfinite(xx + yy + xy)) return false;
    xx *= xx;
    yy *= yy;
    double trace = m->trace_errors != NULL ? (double)m->trace_errors[i] : sqrt(xx + yy);
    trace *= trace;
    /* within what a covariance can be */
    double least = 1e-3 * (xx + yy), most = 2 * (xx + yy) - least;
    if (!isfinite(trace)) trace = xx + yy;
    trace = fmin(fmax(trace, least), most);
    v[VTR_TT] = trace;
    v[VTR_CC] = (2 * (xx + yy) - trace) / 4;
    v[VTR_SS] = xy * xy;
    v[VTR_TC] = (xx - yy) / 2;
    v[VTR_TS] = 0;
    return true;
}

/* From the frame of the axis to that of the scan: the deviator turns by twice the angle. What the turn makes of a
 * covariance of c and s is left out; it is nothing where the two have the same variance. */
static void turn(double strain[VTR_TCS], double v[VTR_COVARIANCES], double cosine, double sine)
{
    double c = strain[VTR_C], s = strain[VTR_S], cc = v[VTR_CC], ss = v[VTR_SS], tc = v[VTR_TC];
    strain[VTR_C] = cosine * c - sine * s;
    strain[VTR_S] = sine * c + cosine * s;
    v[VTR_CC] = cosine * cosine * cc + sine * sine * ss;
    v[VTR_SS] = sine * sine * cc + cosine * cosine * ss;
    v[VTR_TC] = cosine * tc;
    v[VTR_TS] = sine * tc;
}

static void set_position(vtr_band_maps *maps, const vtr_strain_maps *given, size_t i)
{
    double xx = given->exx[i], yy = given->eyy[i], xy = given->exy[i];
    double *v = maps->covariance + i * VTR_COVARIANCES, strain[VTR_TCS] = {xx + yy, (xx - yy) / 2, xy};
    double twice = 2 * given->axis_degrees * VTR_RADIANS_PER_DEGREE;
    if (!isfinite(xx + yy + xy) || !covariance_at(v, given, i)) return;
    turn(strain, v, cos(twice), sin(twice));
    for (int j = 0; j < VTR_TCS; j++) {
        maps->value[j][i] = strain[j];
        maps->weight[j][i] = 1 / v[j];
    }
    maps->n_valid++;
}

vtr_status vtr_band_maps_set(vtr_band_maps *maps, const vtr_strain_maps *given, vtr_error *err)
{
    *maps = (vtr_band_maps){given->n_y, given->n_x, given->n_y * given->n_x};
    maps->step_y = given->step_nm[0];
    maps->step_x = given->step_nm[1];
    maps->step = sqrt(maps->step_y * maps->step_x);
    if (!(maps->step_y > 0 && maps->step_x > 0))
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the steps of the scan are not known, and sizes of inclusions need them; give them to "
            "vitrail map with --scan-step");
    bool is_short = false;
    for (int j = 0; j < VTR_TCS; j++) {
        maps->value[j] = vtr_calloc(maps->n, sizeof(double));
        maps->weight[j] = vtr_calloc(maps->n, sizeof(double));
        is_short = is_short || maps->value[j] == NULL || maps->weight[j] == NULL;
    }
    maps->covariance = vtr_calloc(maps->n * VTR_COVARIANCES, sizeof(double));
    if (is_short || maps->covariance == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for strain of %zu x %zu positions", maps->n_y,
                        maps->n_x);
    for (size_t i = 0; i < maps->n; i++)
        set_position(maps, given, i);
    if (maps->n_valid < 100)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "%zu of %zu positions have strain with error bars; inclusions need some hundred",
                        maps->n_valid, maps->n);
    return VTR_OK;
}

void vtr_band_maps_release(vtr_band_maps *maps)
{
    for (int j = 0; j < VTR_TCS; j++) {
        vtr_free(maps->value[j]);
        vtr_free(maps->weight[j]);
    }
    vtr_free(maps->covariance);
    *maps = (vtr_band_maps){0};
}

static vtr_status read_map(const float **out, const vtr_mapfile *file, const char *name, size_t n,
                           vtr_error *err)
{
    float *values = vtr_malloc(n, sizeof *values);
    if (values == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s'", name);
    *out = values;
    return vtr_mapfile_read(file, "strain", name, VTR_TYPE_F32, n, values, err);
}

static double number_or(const vtr_mapfile *file, const char *name, double otherwise)
{
    double value;
    return vtr_mapfile_read_numbers(file, "strain", NULL, name, 1, &value, NULL) == VTR_OK ? value
                                                                                           : otherwise;
}

vtr_status vtr_strain_maps_read(vtr_strain_maps *out, const vtr_mapfile *file, vtr_error *err)
{
    vtr_strain_maps maps = {0};
    size_t rank, shape[8];
    if (!vtr_mapfile_has(file, "strain", "exx"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "no strain ('/entry/strain/exx'); make it with vitrail strain");
    vtr_status status = vtr_mapfile_shape(file, "strain", "exx", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 2) return vtr_fail(err, VTR_ERR_SHAPE, "'strain/exx' has %zu dimensions; a map has 2", rank);
    maps.n_y = shape[0];
    maps.n_x = shape[1];
    const struct {
        const char *name;
        const float **map;
    } members[] = {{"exx", &maps.exx},
                   {"eyy", &maps.eyy},
                   {"exy", &maps.exy},
                   {"exx_errors", &maps.exx_errors},
                   {"eyy_errors", &maps.eyy_errors},
                   {"exy_errors", &maps.exy_errors},
                   {"volumetric_errors", &maps.trace_errors}};
    for (size_t k = 0; k < sizeof members / sizeof *members && status == VTR_OK; k++)
        status = read_map(members[k].map, file, members[k].name, maps.n_y * maps.n_x, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_scan_steps(file, "strain", maps.n_y, maps.n_x, maps.step_nm, err);
    if (status != VTR_OK) {
        vtr_strain_maps_release(&maps);
        return status;
    }
    if (number_or(file, "mean", 0) > 0) /* volumetric is half the trace then */
        for (size_t i = 0; i < maps.n_y * maps.n_x; i++)
            ((float *)maps.trace_errors)[i] *= 2;
    maps.axis_degrees = number_or(file, "axis", 0);
    maps.poisson = number_or(file, "poisson", NAN);
    *out = maps;
    return VTR_OK;
}

void vtr_strain_maps_release(vtr_strain_maps *maps)
{
    const float *const all[] = {maps->exx,        maps->eyy,        maps->exy,         maps->exx_errors,
                                maps->eyy_errors, maps->exy_errors, maps->trace_errors};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        vtr_free((void *)all[k]);
    *maps = (vtr_strain_maps){0};
}
