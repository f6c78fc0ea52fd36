/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/eshelby_internal.h"
#include "twin/gaussian_field_internal.h"
#include "twin/twin_internal.h"
#include "vitrail/constants.h"

/* Strain of the step across a band, [exx, eyy, exy] in the scan frame. With d the distance from the line,
 * positive on the side of its normal, the step is tanh(d / width) exp(-|d| / decay); its deviatoric part has
 * its tensile axis at 45 degrees to the band as it runs there, where the shear of the band puts it. At an end of the
 * band the step goes to 0 over twice the width. */
static void add_band(const vtr_twin_band *band, double y_nm, double x_nm, double strain[3])
{
    double d, along;
    vtr_twin_band_coordinates(band, y_nm, x_nm, &d, &along);
    double angle = band->angle_degrees * VTR_RADIANS_PER_DEGREE + along * band->curvature_inv_nm;
    double step = tanh(d / band->width_nm) * exp(-fabs(d) / band->decay_nm);
    if (isfinite(band->first_nm)) step *= 0.5 * (1 + tanh((along - band->first_nm) / band->width_nm));
    if (isfinite(band->last_nm)) step *= 0.5 * (1 + tanh((band->last_nm - along) / band->width_nm));
    double axis = 2 * (angle + 0.25 * VTR_PI);
    double deviatoric = band->deviatoric * step, half = 0.5 * band->volumetric * step;
    strain[0] += half + deviatoric * cos(axis);
    strain[1] += half - deviatoric * cos(axis);
    strain[2] += deviatoric * sin(axis);
}

static void strain_at(const vtr_twin *twin, size_t position, double strain[3])
{
    double scale = twin->params.strain_scale * twin->info.foil.relaxation;
    double y_nm, x_nm, sum[3] = {0};
    vtr_twin_place(twin, position, &y_nm, &x_nm);
    for (size_t i = 0; i < twin->n_bands; i++)
        add_band(&twin->bands[i], y_nm, x_nm, sum);
    for (size_t i = 0; i < twin->n_inclusions; i++) {
        double elastic[3];
        const vtr_twin_inclusion *inclusion = &twin->inclusions[i];
        vtr_eshelby_elastic_strain(inclusion, y_nm - inclusion->centre_y_nm, x_nm - inclusion->centre_x_nm,
                                   elastic);
        for (int j = 0; j < 3; j++)
            sum[j] += elastic[j];
    }
    if (twin->info.foil.turn_degrees != 0) vtr_twin_turn_strain(twin, sum);
    strain[0] = twin->params.exx + scale * sum[0];
    strain[1] = twin->params.eyy + scale * sum[1];
    strain[2] = twin->params.exy + scale * sum[2];
}

/* The matrix's inhomogeneity: an independent Gaussian field for each component, not required to be
 * compatible. */
static vtr_status add_matrix(vtr_twin *twin, float *field, vtr_error *err)
{
    double length = twin->params.matrix_length_nm / twin->info.scan_step_nm;
    for (size_t j = 0; j < 3; j++) {
        vtr_random random;
        vtr_twin_random(&random, &twin->params, VTR_TWIN_FOR_MATRIX, j);
        vtr_status status =
            vtr_gaussian_field(field, twin->info.shape[0], twin->info.shape[1], length, &random, err);
        if (status != VTR_OK) return status;
        for (size_t i = 0; i < twin->n_positions; i++)
            twin->strain[j][i] += (float)twin->params.matrix_strain * field[i];
    }
    return VTR_OK;
}

vtr_status vtr_twin_build_strain(vtr_twin *twin, vtr_error *err)
{
    float *field = vtr_malloc(twin->n_positions, sizeof(float));
    bool has_memory = field != NULL;
    for (int j = 0; j < 3; j++) {
        twin->strain[j] = vtr_malloc(twin->n_positions, sizeof(float));
        has_memory = has_memory && twin->strain[j] != NULL;
    }
    vtr_status status = VTR_OK;
    if (!has_memory) {
        status =
            vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the strain of %zu positions", twin->n_positions);
        goto cleanup;
    }
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < twin->n_positions; i++) {
        double strain[3];
        strain_at(twin, i, strain);
        for (int j = 0; j < 3; j++)
            twin->strain[j][i] = (float)strain[j];
    }
    if (twin->params.matrix_strain > 0)
        status = twin->info.foil.thickness_nm > 0 ? vtr_twin_add_shared_matrix(twin, err)
                                                  : add_matrix(twin, field, err);
cleanup:
    vtr_free(field);
    return status;
}
