/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/calibrate_internal.h"

static const char group[] = "calibration";

void vtr_standard_pattern_free(vtr_standard_pattern *standard)
{
    if (standard == NULL) return;
    vtr_calibration_free(standard->pattern);
    vtr_free(standard);
}

static vtr_status check_params(const vtr_calibrate_params *params, vtr_error *err)
{
    const char *unfit = isfinite(params->centre_x) || isfinite(params->centre_y) ? "--centre-x and --centre-y"
                        : isfinite(params->ring[0])                              ? "--ring"
                        : isfinite(params->ring_k)                               ? "--ring-k"
                        : params->k_scale != NULL                                ? "--k-scale"
                                                                                 : NULL;
    if (unfit != NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "%s cannot be given with --standard: the standard's rings tell it", unfit);
    if (strlen(params->standard) >= sizeof((vtr_standard_pattern *)NULL)->name)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the standard's name is too long");
    return VTR_OK;
}

static vtr_status find_rings(vtr_standard_pattern *s, const char *name, vtr_error *err)
{
    vtr_calibration *c = s->pattern;
    unsigned char *used = vtr_calibration_used(c);
    if (used == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask");
    vtr_status status = vtr_standard_calibrate(&s->found, c->mean, used, c->det_y, c->det_x, name, err);
    vtr_free(used);
    if (status != VTR_OK) return status;
    strcpy(s->name, name);
    c->centre_x_px = s->found.centre_x_px;
    c->centre_y_px = s->found.centre_y_px;
    c->wxx = s->found.wxx;
    c->wyy = s->found.wyy;
    c->wxy = s->found.wxy;
    c->k_step_inv_angstrom = s->found.k_step_inv_angstrom;
    return VTR_OK;
}

vtr_status vtr_calibrate_standard(vtr_standard_pattern **out, vtr_dataset *dataset,
                                  const vtr_calibrate_params *params, const vtr_progress *progress,
                                  vtr_error *err)
{
    if (params == NULL || params->standard == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "no standard named: give gold, aluminium, silicon or another");
    vtr_status status = check_params(params, err);
    if (status != VTR_OK) return status;
    vtr_standard_pattern *s = vtr_calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the standard");
    vtr_sample sample = {0};
    status = vtr_calibrate_begin(&s->pattern, &sample, dataset, params, progress, err);
    if (status == VTR_OK) status = find_rings(s, params->standard, err);
    vtr_sample_release(&sample);
    if (status != VTR_OK) {
        vtr_standard_pattern_free(s);
        return status;
    }
    *out = s;
    return VTR_OK;
}

/* --- the file ------------------------------------------------------------------------------------------------- */

typedef struct entry {
    const char *name;
    size_t n;
    const double *values;
} entry;

static vtr_status write_images(const vtr_calibration *c, vtr_mapfile *file, vtr_error *err)
{
    const size_t shape[2] = {c->det_y, c->det_x};
    vtr_status status =
        vtr_mapfile_write(file, group, "mask", VTR_TYPE_U8, 2, shape, c->mask, NULL,
                          "why a pixel is not used: 1 beam stop, 2 dead, 4 hot, 8 saturated, 16 by the user, "
                          "32 NaN",
                          err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "mean", VTR_TYPE_F64, 2, shape, c->mean, "counts",
                                   "mean pattern of the sample", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "maximum", VTR_TYPE_F64, 2, shape, c->maximum, "counts",
                                   "maximum of the sample", err);
    return status;
}

/* Every ring's values as attributes of VTR_STANDARD_RINGS_MAX numbers, NAN where there is no ring. */
static vtr_status write_rings(const vtr_standard_calibration *found, vtr_mapfile *file, vtr_error *err)
{
    enum { MAX = VTR_STANDARD_RINGS_MAX };
    double k[MAX], radius[MAX], error[MAX], residual[MAX];
    for (size_t i = 0; i < MAX; i++) {
        bool is_ring = i < found->n_rings;
        k[i] = is_ring ? found->rings[i].k_inv_angstrom : NAN;
        radius[i] = is_ring ? found->rings[i].radius_px : NAN;
        error[i] = is_ring ? found->rings[i].radius_error_px : NAN;
        residual[i] = is_ring ? found->rings[i].residual : NAN;
    }
    const entry entries[] = {{"standard_k_inv_angstrom", MAX, k},
                             {"standard_radius_px", MAX, radius},
                             {"standard_radius_error_px", MAX, error},
                             {"standard_residual", MAX, residual}};
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < sizeof entries / sizeof *entries; i++)
        status = vtr_mapfile_write_numbers(file, group, NULL, entries[i].name, entries[i].n,
                                           entries[i].values, err);
    return status;
}

vtr_status vtr_standard_pattern_write(const vtr_standard_pattern *standard, vtr_mapfile *file, vtr_error *err)
{
    const vtr_calibration *c = standard->pattern;
    const vtr_standard_calibration *f = &standard->found;
    double n_sampled = (double)c->n_sampled, n_used = (double)f->n_used;
    const entry entries[] = {{"n_sampled", 1, &n_sampled},
                             {"n_used", 1, &n_used},
                             {"centre_x_px", 1, &f->centre_x_px},
                             {"centre_y_px", 1, &f->centre_y_px},
                             {"centre_error_px", 2, f->centre_error_px},
                             {"wxx", 1, &f->wxx},
                             {"wyy", 1, &f->wyy},
                             {"wxy", 1, &f->wxy},
                             {"axis_ratio_error", 1, &f->axis_ratio_error},
                             {"axis_angle_error_degrees", 1, &f->angle_error_degrees},
                             {"k_step_inv_angstrom", 1, &f->k_step_inv_angstrom},
                             {"k_step_error", 1, &f->k_step_error},
                             {"chi2", 1, &f->chi2},
                             {"beam_energy_kev", 1, &c->beam_energy_kev}};
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK) status = write_images(c, file, err);
    if (status == VTR_OK) status = vtr_mapfile_write_text(file, group, NULL, "standard", standard->name, err);
    for (size_t i = 0; status == VTR_OK && i < sizeof entries / sizeof *entries; i++)
        status = vtr_mapfile_write_numbers(file, group, NULL, entries[i].name, entries[i].n,
                                           entries[i].values, err);
    if (status == VTR_OK) status = write_rings(f, file, err);
    return status;
}

vtr_status vtr_k_scale_read(double *k_step_inv_angstrom, const char *path, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    double k_step = NAN;
    vtr_status status = vtr_mapfile_open(&file, path, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_numbers(file, group, NULL, "k_step_inv_angstrom", 1, &k_step, err);
    vtr_mapfile_close(&file);
    if (status != VTR_OK) return status;
    if (!(k_step > 0)) return vtr_fail(err, VTR_ERR_NO_DATA, "the calibration '%s' holds no k scale", path);
    *k_step_inv_angstrom = k_step;
    return VTR_OK;
}
