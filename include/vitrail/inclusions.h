/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_INCLUSIONS_H
#define VITRAIL_INCLUSIONS_H

/* Eshelby inclusions in maps of strain: found by their quadrupolar field, fitted, and put in order along shear bands.
 * docs/methods/inclusions.md has the mathematics. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"

VTR_BEGIN_DECLS

/* How the eigenstrain fills an inclusion: alike up to the radius, or as exp(-(r/radius)^2), which far away is the
 * same. */
typedef enum vtr_inclusion_core { VTR_CORE_HARD, VTR_CORE_GAUSSIAN } vtr_inclusion_core;

typedef struct vtr_inclusions_params {
    double poisson;      /* NAN: that of the strain map, else 0.33 */
    int core;            /* vtr_inclusion_core */
    double radius_nm[2]; /* of the inclusions looked for; NAN: 1 step, and an eighth of the shorter side */
    double probe_nm;     /* side of the square over which a position averages; 0: much smaller than a step */
    double false_alarms; /* expected in a map without inclusions */
    double significance; /* amplitudes below this many errors are no inclusions */
    bool keep_bands;     /* look for no bands, and leave their steps in the map */
} vtr_inclusions_params;

VTR_API extern const vtr_parameter_table vtr_inclusions_parameters;
VTR_API vtr_inclusions_params vtr_inclusions_default_params(void);

/* Maps [n_y][n_x] in the scan's frame turned by axis_degrees; NAN is no data. The caller's. */
typedef struct vtr_strain_maps {
    size_t n_y, n_x;
    const float *exx, *eyy, *exy;
    const float *exx_errors, *eyy_errors, *exy_errors;
    const float *trace_errors; /* of exx + eyy; NULL: exx and eyy are taken as independent */
    double step_nm[2];         /* y, x */
    double axis_degrees;
    double poisson; /* NAN: not known */
} vtr_strain_maps;

/* In this order in covariances. */
enum {
    VTR_INCLUSION_Y,
    VTR_INCLUSION_X,
    VTR_INCLUSION_RADIUS,
    VTR_INCLUSION_C,
    VTR_INCLUSION_S,
    VTR_INCLUSION_D
};
enum { VTR_INCLUSION_N = 6 };

/* One inclusion: position (0, 0) of the scan lies at (0, 0) nm, angles are in the scan's frame. Its eigenstrain is
 * shear (2 n n^T - I) + dilation I, n along `angle_degrees`: c = shear cos 2 angle, s = shear sin 2 angle. */
typedef struct vtr_inclusion {
    double y_nm, x_nm, radius_nm, shear, angle_degrees, dilation;
    double y_error_nm, x_error_nm, radius_error_nm, shear_error, angle_error_degrees, dilation_error;
    double covariance[VTR_INCLUSION_N]
                     [VTR_INCLUSION_N]; /* of (y, x, radius, c, s, dilation), nm and fractions */
    double chi2;                 /* that the maps lose with it: 3 degrees of freedom where there is none */
    bool is_elliptical;          /* an ellipse takes significantly more out of the maps than a disc: */
    double ellipse_chi2;         /* this much; 2 degrees of freedom where it is a disc */
    double aspect, aspect_error; /* half axes a/b, ab = radius^2; 1 of a disc, */
    double long_axis_degrees, long_axis_error_degrees; /* and NAN: from +x of the scan towards +y */
    double ellipticity[2],
        ellipticity_covariance[3]; /* (a - b)/(a + b) (cos, sin) of twice that; 11, 22, 12 */
    double volumetric, deviatoric; /* strain at its core, mean over the positions there */
    double volumetric_error, deviatoric_error;
    int band;        /* index of its band, -1: on none */
    double along_nm; /* place along that band's line, from the line's point */
} vtr_inclusion;

/* A straight band: the line through (y_nm, x_nm). */
typedef struct vtr_inclusion_band {
    double y_nm, x_nm, angle_degrees, angle_error_degrees;
    double offset_rms_nm; /* of the inclusions from the line; NAN with fewer than two */
    size_t n_inclusions;
    bool has_step;        /* a step of the strain was found across it ... */
    double step_chi2;     /* ... with this chi^2 (3 degrees of freedom), */
    double step_decay_nm; /* and one of a few decay lengths that fitted best */
} vtr_inclusion_band;

/* Where the director of tau_max turns most one way between two neighbours. Its curl has the sign of the director that points
 * along the band, towards growing x (along +y in bands along y): positive where it turns from +x to +y on its own way.
 * NAN where the direction is nowhere known. */
typedef struct vtr_inclusion_rotation {
    double y_nm, x_nm,
        position_error_nm; /* along the band: half of where the curl is within an error of this one */
    double curl_inv_nm, curl_error_inv_nm;
    double significance;     /* curl over its error */
    bool is_above_the_noise; /* noise has as much anywhere in the gap in one case of 100 */
} vtr_inclusion_rotation;

/* Two neighbours along a band. `curl` is the magnitude of the curl of the director of tau_max half way. */
typedef struct vtr_inclusion_gap {
    size_t first, second;
    int band;
    double spacing_nm, spacing_error_nm;
    double curl_inv_nm, curl_error_inv_nm;
    vtr_inclusion_rotation rotation[2]; /* of the largest and of the least curl */
} vtr_inclusion_gap;

/* The random strain of the matrix: covariance variance[j] exp(-(distance/length)^power) of trace, (exx - eyy)/2 and exy,
 * on top of the error bars; `error_factor` is what scatters from position to position over the error bars. */
typedef struct vtr_matrix_strain {
    double variance[3], length_nm;
    int power;
    double error_factor;
} vtr_matrix_strain;

typedef struct vtr_inclusions {
    size_t n, n_bands, n_gaps;
    vtr_inclusion *list; /* by band and place along it; those on no band last, by chi^2 */
    vtr_inclusion_band *bands;
    vtr_inclusion_gap *gaps;
    size_t n_y, n_x;
    double step_nm[2];
    double axis_degrees;
    float *residual[3]; /* exx, eyy, exy less the inclusions', frame of the maps given; [n_y][n_x] */
    vtr_matrix_strain matrix;
    double threshold;             /* of chi^2 with 3 degrees of freedom */
    double threshold_on_lines;    /* the same on the lines of bands with a step */
    size_t n_trials;              /* places and radii that were tried */
    vtr_inclusions_params params; /* as used */
} vtr_inclusions;

/* Finds and fits. `params` and `progress` may be NULL. A map without inclusions gives an empty list.
 * Errors: VTR_ERR_ARGUMENT: steps not known; VTR_ERR_NO_DATA: no position has strain with error bars, or too few.
 * `out` is untouched on failure, and released with vtr_inclusions_release. */
VTR_API vtr_status vtr_inclusions_find(vtr_inclusions *out, const vtr_strain_maps *maps,
                                       const vtr_inclusions_params *params, const vtr_progress *progress,
                                       vtr_error *err);
VTR_API void vtr_inclusions_release(vtr_inclusions *inclusions);

/* The maps of /entry/strain, released with vtr_strain_maps_release. VTR_ERR_NOT_FOUND where there is none. */
VTR_API vtr_status vtr_strain_maps_read(vtr_strain_maps *maps, const vtr_mapfile *file, vtr_error *err);
VTR_API void vtr_strain_maps_release(vtr_strain_maps *maps);

/* /entry/inclusions, replaced if there is one: the residual maps with the errors of `maps`, and below it, where there
 * are any, `catalogue`, `bands` and `gaps`, each quantity with its errors. */
VTR_API vtr_status vtr_inclusions_write(vtr_mapfile *file, const vtr_inclusions *inclusions,
                                        const vtr_strain_maps *maps, vtr_error *err);
/* The catalogue as text, one inclusion a line. */
VTR_API vtr_status vtr_inclusions_write_csv(const char *path, const vtr_inclusions *inclusions, bool force,
                                            vtr_error *err);

VTR_END_DECLS

#endif
