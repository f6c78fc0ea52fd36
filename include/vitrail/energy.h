/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_ENERGY_H
#define VITRAIL_ENERGY_H

/* Elastic energy stored in a foil, from maps of in-plane strain in plane stress:
 *
 *   u = E/(4 (1 - nu)) (exx + eyy)^2 + E/(1 + nu) [((exx - eyy)/2)^2 + exy^2]     J/m^3
 *
 * A square of a noisy strain is too large by the noise's own: that is subtracted from every position with its covariance, so that
 * the mean over noise alone is zero. docs/methods/energy.md has the mathematics. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/inclusions.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/region.h"

VTR_BEGIN_DECLS

typedef struct vtr_energy_params {
    double young_gpa, poisson; /* NAN: those of the strain map */
    double thickness_nm;       /* NAN: not known */
    double error_factor;       /* the strain's errors are multiplied by it */
    vtr_text_list regions;     /* as vtr_region_parse reads them */
} vtr_energy_params;

VTR_API extern const vtr_parameter_table vtr_energy_parameters;
VTR_API vtr_energy_params vtr_energy_default_params(void);

typedef struct vtr_energy_value {
    double value, error;
} vtr_energy_value;

/* What a region stores; NAN where something that it needs is not known. */
typedef struct vtr_energy_region {
    char name[VTR_REGION_NAME];
    char definition[256];
    size_t n;                     /* positions with strain and its errors */
    double area_nm2;              /* of all its positions */
    vtr_energy_value density;     /* J/m^3, mean over the positions */
    vtr_energy_value volumetric;  /* the part of exx + eyy, J/m^3 */
    vtr_energy_value deviatoric;  /* the other part, J/m^3 */
    double noise;                 /* that was subtracted from the mean, J/m^3 */
    vtr_energy_value per_area;    /* of the foil: density times thickness, J/m^2 */
    vtr_energy_value total;       /* density times area times thickness, J */
    double band_length_nm;        /* of a band in the map; NAN: the region is not a band's */
    vtr_energy_value of_band;     /* per area of the band's plane: density times area over length, J/m^2 */
    vtr_energy_value excess_band; /* the same of what the density exceeds that of the region "matrix" by */
} vtr_energy_region;

typedef struct vtr_energy {
    size_t n_y, n_x;
    double step_nm[2];
    float *density, *density_errors; /* [n_y][n_x] J/m^3, of single positions: negative ones are noise */
    size_t n_regions;                /* the first is "all", every position */
    vtr_energy_region *regions;
    vtr_energy_params params; /* as used */
} vtr_energy;

/* `reference_errors` (NULL: none): the errors of exx, eyy, exy that all positions share through the reference region.
 * `regions` are `n` sets of positions of the map, of which "matrix", where there is one, is what bands are compared with;
 * `band_lengths_nm` [n] (NULL: none) are NAN where the region is no band's.
 * Errors: VTR_ERR_ARGUMENT: moduli not known; VTR_ERR_SHAPE: a region of another size; VTR_ERR_NO_DATA: no position has
 * strain with errors. `out` is untouched on failure and released with vtr_energy_release. */
VTR_API vtr_status vtr_energy_compute(vtr_energy *out, const vtr_strain_maps *maps,
                                      const double reference_errors[3], const vtr_region *regions,
                                      const double *band_lengths_nm, size_t n,
                                      const vtr_energy_params *params, vtr_error *err);
/* Of a map file with /entry/strain: the regions of `params`, and where the file has bands or inclusions also @SB1-zone and
 * so on, @inclusions, @between and @matrix, under the names SB1, inclusions, between and matrix unless these are given. */
VTR_API vtr_status vtr_energy_of_file(vtr_energy *out, const vtr_mapfile *file,
                                      const vtr_energy_params *params, vtr_error *err);
VTR_API void vtr_energy_release(vtr_energy *energy);

/* A column of the table of regions. */
typedef struct vtr_energy_column {
    const char *name, *unit, *long_name;
    vtr_energy_value (*value)(const vtr_energy_region *region);
    bool has_error;
} vtr_energy_column;
VTR_API extern const vtr_energy_column vtr_energy_columns[];
VTR_API extern const size_t vtr_n_energy_columns;

/* /entry/energy, replaced if there is one: the map `density`; below it `regions`, a table with one entry a region, whose
 * names are its attribute `names`, separated by ';'. */
VTR_API vtr_status vtr_energy_write(vtr_mapfile *file, const vtr_energy *energy, vtr_error *err);
/* The table as text, one region a line. */
VTR_API vtr_status vtr_energy_write_csv(const char *path, const vtr_energy *energy, bool force,
                                        vtr_error *err);

VTR_END_DECLS

#endif
