/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SERIES_H
#define VITRAIL_SERIES_H

/* The same field of view recorded several times, at several thicknesses or states of annealing: registered from the maps
 * themselves, and what is compared then (docs/methods/series.md has the mathematics).
 *
 * Places are in nm, position (0, 0) of a scan at (0, 0); angles in degrees from +x towards +y. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/line_profile.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"

VTR_BEGIN_DECLS

/* --- maps --------------------------------------------------------------------------------------------------------- */

/* How a quantity changes when the frame is turned: not at all, or with the one after it in the list, as the components of
 * a vector (Bx, By) or of a director ((exx - eyy)/2, exy). */
typedef enum vtr_series_kind { VTR_SERIES_SCALAR, VTR_SERIES_VECTOR, VTR_SERIES_DIRECTOR } vtr_series_kind;

enum { VTR_SERIES_FIELDS = 8 };

typedef struct vtr_series_field {
    vtr_series_kind kind; /* of both components alike */
    float *values;        /* [n_y][n_x], NAN = no data */
    float *errors;        /* [n_y][n_x], standard deviations of noise that positions do not share */
} vtr_series_field;

/* Maps of one recording, which register it. Its arrays are its own (vtr_malloc) where it was read. */
typedef struct vtr_series_maps {
    size_t n_y, n_x, n_fields;
    double step_nm[2]; /* y, x */
    vtr_series_field field[VTR_SERIES_FIELDS];
} vtr_series_maps;

/* exx + eyy and the director ((exx - eyy)/2, exy) of /entry/strain, or the maps of `names` ("volumetric", "adf",
 * "group/name"), each with its errors; Bx, By after each other are a vector. VTR_ERR_NOT_FOUND: not there, or without
 * errors; VTR_ERR_ARGUMENT: a file without steps in nm. */
VTR_API vtr_status vtr_series_maps_read(vtr_series_maps *out, const vtr_mapfile *file,
                                        const char *const *names, size_t n_names, vtr_error *err);
VTR_API void vtr_series_maps_release(vtr_series_maps *maps);

/* --- registration ------------------------------------------------------------------------------------------------- */

typedef struct vtr_series_params {
    double smoothing_nm;          /* standard deviation of the Gaussian; NAN: 1.5 of the coarser step */
    double largest_angle_degrees; /* looked for to either side */
    double least_overlap;         /* share of the smaller map */
    double false_alarms;          /* maps with nothing in common that are registered all the same */
} vtr_series_params;

VTR_API extern const vtr_parameter_table vtr_series_parameters; /* of vtr_series_params */
VTR_API vtr_series_params vtr_series_default_params(void);

/* The place r of a recording lies at centre + shift + R(angle)(r - centre) of the reference; [0] is y, [1] x. */
typedef struct vtr_series_transform {
    double centre_nm[2], shift_nm[2], angle_degrees;
    double covariance[3][3]; /* of shift y, shift x (nm), angle (degrees) */
} vtr_series_transform;

VTR_API void vtr_series_apply(const vtr_series_transform *transform, const double from_nm[2],
                              double to_nm[2]);
/* The way back, and the same transform written about another centre; both carry the covariance. */
VTR_API vtr_series_transform vtr_series_inverse(const vtr_series_transform *transform);
VTR_API vtr_series_transform vtr_series_about(const vtr_series_transform *transform,
                                              const double centre_nm[2]);

typedef struct vtr_series_registration {
    vtr_series_transform transform; /* about the middle of the recording */
    /* contrast of the recording over that of the reference, of every field (a pair shares one); the noise of the reference
     * is taken out */
    double scale[VTR_SERIES_FIELDS], scale_error[VTR_SERIES_FIELDS];
    double offset[VTR_SERIES_FIELDS]; /* recording less scaled reference */
    double smoothing_nm;              /* as used */
    double overlap;                   /* share of the smaller map */
    double chi2;                      /* of the smoothed difference over what the error bars make of it */
    double significance, threshold;   /* chi-squared of what both maps share, and what chance may reach */
    size_t n_positions;
} vtr_series_registration;

/* The recording's place in the reference: both maps are smoothed alike (local linear fits in a Gaussian window, so holes
 * and edges do not shift them), the start is the highest normalised cross-correlation over shifts and angles, and weighted
 * least squares in shift, angle, scale and offset follow; errors by the covariance that smoothing gives the noise of both
 * maps. Errors: VTR_ERR_NO_DATA: a map without data, or too little of it; VTR_ERR_ARGUMENT: other fields, or the same
 * values twice (their noise would be taken for what they share); VTR_ERR_NOT_FOUND: nothing in common beyond chance. */
VTR_API vtr_status vtr_series_register(vtr_series_registration *out, const vtr_series_maps *reference,
                                       const vtr_series_maps *recording, const vtr_series_params *params,
                                       vtr_error *err);

/* --- what is compared --------------------------------------------------------------------------------------------- */

/* One map of a recording. */
typedef struct vtr_series_map {
    size_t n_y, n_x;
    double step_nm[2];
    const float *values, *errors; /* errors may be NULL: then contrast is not known */
} vtr_series_map;

/* contrast  standard deviation of the smoothed map over `used`, beyond the noise that its error bars leave in it
 * noise     root of the mean square of the error bars, of single positions
 * snr       contrast/noise
 * Errors are those of the noise alone: the same field recorded again, not another field. NAN where the map does not vary
 * beyond its noise. VTR_ERR_NO_DATA: fewer than 10 positions. */
typedef struct vtr_series_contrast {
    size_t n_positions;
    double contrast, contrast_error, noise, snr, snr_error;
} vtr_series_contrast;
VTR_API vtr_status vtr_series_contrast_compute(vtr_series_contrast *out, const vtr_series_map *map,
                                               const uint8_t *used, double smoothing_nm, vtr_error *err);

/* `used` [n_y][n_x] of map `which`: 1 where all maps have data at the same place. transforms[i] takes places of map i to the
 * reference. */
VTR_API void vtr_series_common(uint8_t *used, const vtr_series_map *maps,
                               const vtr_series_transform *transforms, size_t n_maps, size_t which);

/* The map at the places of a grid [grid->n_y][grid->n_x] of the reference, by linear interpolation: values and errors
 * (NULL: not wanted), NAN where it has no data. */
VTR_API void vtr_series_resample(float *values, float *errors, const vtr_series_map *grid,
                                 const vtr_series_map *map, const vtr_series_transform *transform);

/* Components of a vector or director (first, second) [n] in a frame turned by -angle: those of a recording in the frame of
 * the reference, with their errors (taken as independent; may be NULL). */
VTR_API void vtr_series_turn(size_t n, vtr_series_kind kind, double angle_degrees, float *first,
                             float *second, float *first_errors, float *second_errors);

/* --- all of it ---------------------------------------------------------------------------------------------------- */

enum { VTR_SERIES_RECORDINGS = 16, VTR_SERIES_QUANTITIES = 8 };

/* What is asked: maps as "group/name". */
typedef struct vtr_series_request {
    const char *const *by; /* [n_by], register by them; none: by the strain */
    size_t n_by;
    const char *const *quantities; /* [n_quantities], compare these */
    size_t n_quantities;
    vtr_series_params params;
} vtr_series_request;

/* A quantity of a recording. */
typedef struct vtr_series_reading {
    vtr_line_map
        map; /* strain and vectors in the frame of the first recording; error bars of strain as they were */
    uint8_t *common; /* [n_y][n_x], where all recordings have data */
    vtr_series_contrast contrast;
    /* of the whole map, the part that neighbours share (vtr_correlation): standard deviation and where its autocorrelation
     * has fallen to 1/e, with the errors of one sample of an endless specimen; NAN where there is none */
    double spread, spread_error, length_nm, length_error_nm;
} vtr_series_reading;

typedef struct vtr_series_recording {
    vtr_series_registration registration; /* of the first: no shift, no errors, scale 1 */
    /* the matrix away from shear bands, where `vitrail bands` has been run; NAN */
    double matrix_strain, matrix_strain_error, matrix_length_nm, matrix_length_error_nm;
    vtr_series_reading reading[VTR_SERIES_QUANTITIES];
} vtr_series_recording;

typedef struct vtr_series {
    size_t n, n_quantities, n_fields; /* n_fields: maps registered by */
    double smoothing_nm;
    vtr_series_recording recording[VTR_SERIES_RECORDINGS];
} vtr_series;

/* Registers all recordings to the first, and reads the quantities. The window is the same for all of them, 1.5 of the coarsest
 * step unless given. VTR_ERR_ARGUMENT: fewer than two recordings, too many, or a direction among the quantities (it has no
 * contrast); those of vtr_series_register. `*out` is released with vtr_series_free. */
VTR_API vtr_status vtr_series_compare(vtr_series **out, const vtr_mapfile *const *files, size_t n_files,
                                      const vtr_series_request *request, vtr_error *err);
VTR_API void vtr_series_free(vtr_series *series);

/* A line of the first recording as it lies in another. */
VTR_API vtr_line vtr_series_line(const vtr_series_transform *transform, const vtr_line *line);

/* /entry/series, replaced if there is one: the numbers [recording] with their errors; and /entry/series/NAME, of each
 * quantity the maps [recording][y][x] on the grid of the first, and its numbers. `labels` [n]. */
VTR_API vtr_status vtr_series_write(vtr_mapfile *file, const vtr_series *series, const char *const *labels,
                                    vtr_error *err);

VTR_END_DECLS

#endif
