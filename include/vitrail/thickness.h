/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_THICKNESS_H
#define VITRAIL_THICKNESS_H

/* Thickness of a foil from an unfiltered image and one of the electrons without energy loss: t = lambda ln(It/I0), lambda the
 * mean free path between losses (R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed.,
 * eq. 5.1). Formulas, ranges and where they fail: docs/methods/thickness.md. */

#include <stdbool.h>

#include "vitrail/parameters.h"
#include "vitrail/region.h"
#include "vitrail/scattering.h"

VTR_BEGIN_DECLS

typedef enum vtr_mean_free_path_model {
    VTR_MEAN_FREE_PATH_IAKOUBOVSKII, /* from the density; known to some 10 % */
    VTR_MEAN_FREE_PATH_MALIS,        /* from the atomic number; known to some 20 % */
} vtr_mean_free_path_model;

/* Mean free path of inelastic scattering in nm by K. Iakoubovskii, K. Mitsuishi, Y. Nakayama, K. Furuya, Microsc. Res.
 * Tech. 71, 626 (2008), eq. 9; half-angles of the probe and of what enters the spectrometer. An infinite collection
 * angle: all is collected. */
VTR_API double vtr_mean_free_path_iakoubovskii_nm(double beam_energy_kev, double density_g_per_cm3,
                                                  double convergence_mrad, double collection_mrad);
/* By T. Malis, S. C. Cheng, R. F. Egerton, J. Electron Microsc. Tech. 8, 193 (1988); a parallel beam, and collection
 * angles of at most some 15 mrad. NAN where the logarithm is not positive. */
VTR_API double vtr_mean_free_path_malis_nm(double beam_energy_kev, double atomic_number,
                                           double collection_mrad);
/* The atomic number that stands for a compound in it: sum f Z^1.3/sum f Z^0.3 (Egerton, eq. 5.4). */
VTR_API double vtr_effective_atomic_number(const vtr_composition *composition);

typedef struct vtr_thickness_params {
    int model; /* vtr_mean_free_path_model */
    double beam_energy_kev;
    double density_g_per_cm3;                 /* of the specimen; for Iakoubovskii's */
    const char *composition;                  /* of the specimen; for Malis's */
    double convergence_mrad, collection_mrad; /* half-angles; NAN: a parallel beam, all collected */
    double mean_free_path_nm;                 /* NAN: by the model */
    double mean_free_path_error;              /* relative; NAN: 0.1, 0.2 of the models, 0 of a given one */
    double counts_per_electron; /* of both images; NAN: from what neighbouring pixels differ by */
    double exposure_ratio;      /* exposure of the unfiltered image over that of the zero-loss image */
    double background[2];       /* counts of a pixel without electrons: unfiltered, zero-loss */
    const char *vacuum;         /* a region (region.h) without specimen, where t is zero; NULL: none */
    vtr_text_list regions;      /* definitions as of region.h, whose mean thickness is given */
} vtr_thickness_params;
VTR_API extern const vtr_parameter_table vtr_thickness_parameters;
VTR_API vtr_thickness_params vtr_thickness_default_params(void);

/* Two images of one field, [n_y][n_x], in counts; NAN: no data. */
typedef struct vtr_thickness_images {
    size_t n_y, n_x;
    const float *unfiltered, *zero_loss;
} vtr_thickness_images;

/* Mean over a region with its two errors. */
typedef struct vtr_thickness_region {
    char name[VTR_REGION_NAME];
    size_t n; /* positions with a value */
    double mean_nm, error_nm;
    double
        spread_nm; /* standard deviation of the positions, less that of their noise; NAN where noise is all */
} vtr_thickness_region;

typedef struct vtr_thickness_map {
    size_t n_y, n_x, n_valid;
    /* [n_y][n_x], NAN where one of the images has no electrons; standard deviations of the counting alone */
    float *ratio, *ratio_errors;            /* t/lambda */
    float *thickness_nm, *thickness_errors; /* t */
    double mean_free_path_nm, mean_free_path_error_nm;
    double counts_per_electron[2]; /* as used: unfiltered, zero-loss */
    double exposure_ratio;         /* as used: given, or from the vacuum */
    double ratio_error;            /* of t/lambda, common to all positions: of the vacuum's mean */
    size_t n_regions;
    vtr_thickness_region *regions;
} vtr_thickness_map;

/* t/lambda = ln(It/I0) - ln(exposure ratio), the bias of the logarithm of few counts taken out to first order. The error
 * of a position is that of the counts; all share that of the mean free path, which is a factor, and that of the
 * vacuum. VTR_ERR_ARGUMENT: what the mean free path needs is not given; VTR_ERR_NO_DATA: no pixel has electrons in both
 * images; VTR_ERR_RANGE: no mean free path at this collection angle; as vtr_region_parse. `out` is untouched on
 * failure and released with vtr_thickness_map_release. `params` may not be NULL: beam and specimen have no default. */
VTR_API vtr_status vtr_thickness_compute(vtr_thickness_map *out, const vtr_thickness_images *images,
                                         const vtr_thickness_params *params, vtr_error *err);
VTR_API void vtr_thickness_map_release(vtr_thickness_map *map);

VTR_END_DECLS

#endif
