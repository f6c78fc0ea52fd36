/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BANDS_H
#define VITRAIL_BANDS_H

/* Shear bands in maps of strain: straight or gently curved lines with an antisymmetric step across them or a symmetric ridge
 * along them, found at all angles or drawn, and fitted; the network that they make, and the matrix between them.
 * docs/methods/bands.md has the mathematics. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/inclusions.h"
#include "vitrail/line_profile.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"

VTR_BEGIN_DECLS

typedef struct vtr_bands_params {
    double false_alarms; /* bands expected in a map without any; also bands called early that are plain */
    bool only_drawn;     /* look for no bands */
} vtr_bands_params;

VTR_API extern const vtr_parameter_table vtr_bands_parameters;
VTR_API vtr_bands_params vtr_bands_default_params(void);

enum { VTR_BANDS_MAX = 32, VTR_BAND_POINTS_MAX = 128, VTR_BAND_SPACINGS_MAX = 64, VTR_BAND_DIRECTIONS = 18 };

/* One band. Position (0, 0) of the scan lies at (0, 0) nm; angles are in the scan's frame, from +x towards +y. The
 * distance d from the line is positive on the side of +y of a line along +x, and the strain across it
 *
 *   [step tanh(d/width) + ridge] exp(-|d|/decay),
 *
 * decay that of d's side, beside a constant. Errors are standard deviations; NAN where the data do not determine a
 * parameter (a width far below the scan's step, the side of a band that lies outside of the map). */
typedef struct vtr_band {
    bool is_drawn;                     /* its first line was given */
    bool is_ridge;                     /* a ridge without a step; width, step are NAN then */
    double y_nm, x_nm, place_error_nm; /* middle of its line in the map, and the error across the line */
    double angle_degrees, angle_error_degrees; /* (-90, 90], at its middle */
    double curvature_inv_nm,
        curvature_error_inv_nm; /* by which the angle in rad grows along it, as measured ... */
    bool is_curved;             /* ... and whether the line was given it */
    double length_nm, length_error_nm, end_y_nm[2], end_x_nm[2]; /* of the line within the map */
    double end_error_nm[2]; /* along the line, of an end that lies in the map; NAN: the band leaves the map */
    double width_nm, width_error_nm;
    double decay_nm[2], decay_error_nm[2]; /* of the sides d < 0, d > 0: the affected zone */
    double volumetric, volumetric_error;   /* step of exx + eyy; of a ridge its height */
    double normal, normal_error;           /* of (e_along - e_across)/2 */
    double shear, shear_error;             /* of e_along_across, in the band's frame */
    double other_volumetric,
        other_volumetric_error; /* height of the ridge beside a step; step beside a ridge */
    double other_normal, other_normal_error;
    double other_shear, other_shear_error;
    bool has_other;                    /* it is significant and part of the fit */
    double chi2;                       /* that the three steps, or ridges, take out of the maps */
    double period_nm, period_error_nm; /* of the strain along the line; NAN: the line is too short */
    double amplitude_volumetric,
        amplitude_volumetric_error; /* root of the summed squares of its three harmonics */
    double amplitude_deviatoric, amplitude_deviatoric_error;
    double period_chi2,
        period_threshold; /* that the period takes out along the line; 18 degrees of freedom */
    bool is_early;        /* period_chi2 > period_threshold: periodic; else mature */
} vtr_band;

/* Places along the line of a band, `n` of them from its first end to its last; at least 2. */
VTR_API void vtr_band_places(const vtr_band *band, size_t n, double *y_nm, double *x_nm);

/* Where two bands meet. */
typedef struct vtr_band_point {
    double y_nm, x_nm, y_error_nm, x_error_nm;
    bool is_branch;       /* the first ends at the second; else they cross */
    size_t first, second; /* indices of the bands */
} vtr_band_point;

/* Two bands that are neighbours across the mean direction: the mean distance, and over how much of the map they are. */
typedef struct vtr_band_spacing {
    size_t first, second;
    double spacing_nm, extent_nm;
} vtr_band_spacing;

/* The random strain of the matrix away from the bands: covariance variance[j] exp(-(distance/length)^power) of the trace, of
 * (exx - eyy)/2 and of exy, beyond the error bars; from distances of a step and more, so that the size of the error bars has no
 * part in it. NAN: too little of the map lies away from bands. */
typedef struct vtr_bands_matrix {
    double variance[3], variance_error[3];
    double strain,
        strain_error; /* sqrt(<exx^2 + eyy^2 + 2 exy^2>/4): of a component, where all have the same */
    double length_nm, length_error_nm;
    int power;          /* 1 or 2 */
    double part;        /* of the positions with data that lie away from the bands */
    double decays_away; /* farther than so many of its decay lengths from every band */
} vtr_bands_matrix;

typedef struct vtr_bands {
    size_t n;
    vtr_band list[VTR_BANDS_MAX]; /* those drawn, in their order; then those found, the strongest first */
    double density_inv_nm, density_error_inv_nm; /* length of all of them over the area that has data */
    size_t n_points;
    vtr_band_point points[VTR_BAND_POINTS_MAX];
    double direction_degrees, direction_spread_degrees;      /* mean and scatter, weighted by length */
    double direction_length_nm[VTR_BAND_DIRECTIONS];         /* in each 10 degrees from -90 */
    double spacing_nm, spacing_error_nm, spacing_scatter_nm; /* along lines perpendicular to that direction */
    size_t n_spacings;
    vtr_band_spacing spacings[VTR_BAND_SPACINGS_MAX];
    vtr_bands_matrix matrix;
    double error_factor
        [3]; /* that errors of exx + eyy, (exx - eyy)/2, exy were multiplied by: see the methods */
    size_t n_y, n_x;
    double step_nm[2];
    vtr_bands_params params; /* as used */
} vtr_bands;

/* Fits the `n_lines` lines drawn, of two points each, then finds and fits others. `lines` and `params` may be NULL. A
 * map without bands gives an empty list. Errors: VTR_ERR_ARGUMENT: steps not known, or lines that are none or too
 * many; VTR_ERR_RANGE: a line outside of the map; VTR_ERR_NO_DATA: too few positions have strain with error bars.
 * `out` is untouched on failure. */
VTR_API vtr_status vtr_bands_find(vtr_bands *out, const vtr_strain_maps *maps, const vtr_line *lines,
                                  size_t n_lines, const vtr_bands_params *params, vtr_error *err);

/* /entry/bands, replaced if there is one: a table with one entry a band, each quantity with its errors; the numbers of
 * vtr_bands_numbers as attributes; below it, where there are any, `points` and `spacings`. */
VTR_API vtr_status vtr_bands_write(vtr_mapfile *file, const vtr_bands *bands, vtr_error *err);
/* The bands as text, one a line. */
VTR_API vtr_status vtr_bands_write_csv(const char *path, const vtr_bands *bands, bool force, vtr_error *err);
/* Where they meet, one point a line. */
VTR_API vtr_status vtr_bands_write_points_csv(const char *path, const vtr_bands *bands, bool force,
                                              vtr_error *err);

/* Numbers of the whole network and of the matrix, as attributes of /entry/bands and members of JSON, at most `room`; how many
 * there are. */
VTR_API size_t vtr_bands_numbers(const vtr_bands *bands, vtr_mapfile_attribute *out, size_t room);

/* A quantity of the table: a number of a band with its error. */
typedef struct vtr_band_quantity {
    const char *name, *unit, *long_name;
    double (*value)(const vtr_band *band);
    double (*error)(const vtr_band *band); /* NULL: none */
} vtr_band_quantity;
VTR_API extern const vtr_band_quantity vtr_band_quantities[];
VTR_API extern const size_t vtr_n_band_quantities;

VTR_END_DECLS

#endif
