/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TWIN_INTERNAL_H
#define VITRAIL_TWIN_INTERNAL_H

/* The plan of a specimen, and what its files share. */

#include "base/base_internal.h"
#include "twin/phase_internal.h"
#include "twin/speckle_internal.h"
#include "vitrail/mapfile.h"
#include "vitrail/scattering.h"
#include "vitrail/twin.h"

/* Radial tables in px with this many steps a pixel, read by linear interpolation. */
enum { VTR_TWIN_STEPS_PER_PX = 32 };

/* What of a pattern depends on |u| alone, each times its own factor. */
typedef struct vtr_twin_radial {
    float mean_f2, mean_f_squared, background, beam;
} vtr_twin_radial;

struct vtr_twin {
    vtr_twin_params params;
    vtr_twin_info info;
    vtr_composition composition;
    size_t n_positions, n_pixels, n_radial;
    vtr_twin_radial *radial; /* [n_radial] */
    float *structure;        /* [n_radial], s */
    float *structure_change; /* [n_radial], s_1 - s_0; NULL where there is one structure */
    size_t n_phases;
    vtr_twin_phase phase[VTR_TWIN_PHASES_MAX];
    float *induction_angle;  /* [scan_y][scan_x], rad; NULL where there is no induction */
    float *solid_fraction;   /* [scan_y][scan_x]; NULL where there is one structure */
    char *kept_text[4];      /* strings of the parameters, which may go before the plan does */
    uint64_t first_stream;   /* of the random numbers of frames and centres: each thickness has its own */
    double background_scale; /* Å^2 */
    double beam_scale;       /* D(0), so that D adds to 1 over the plane */
    double elastic_sum, background_sum; /* over the reference pattern */
    unsigned char *reasons;             /* [det_y][det_x], beam stop, hot, dead */
    vtr_speckle *speckle;
    float *strain[3]; /* [scan_y][scan_x]: exx, eyy, exy */
    size_t n_inclusions, n_bands;
    vtr_twin_inclusion *inclusions;
    vtr_twin_band *bands;
};

/* What a preset sets where the parameters leave it open. */
typedef struct vtr_twin_preset {
    const char *name, *summary, *composition;
    double ring_k;
    size_t scan[2]; /* y, x */
    double scan_step_nm, matrix_strain, matrix_length_nm;
    double descan_px;
    double half_width_Q; /* at the pattern's border, 1/Å; 0: the ring at 0.47 of the way */
    /* Makes the structures, before anything else, and sets what of composition and ring follows; NULL: closed form. */
    vtr_status (*structures)(vtr_twin *twin, vtr_error *err);
    /* Adds bands and inclusions to the plan; NULL: none. */
    vtr_status (*build)(vtr_twin *twin, vtr_error *err);
} vtr_twin_preset;
const vtr_twin_preset *vtr_twin_find_preset(const char *name);

/* The independent streams of random numbers of one seed. */
typedef enum vtr_twin_purpose {
    VTR_TWIN_FOR_FRAMES,
    VTR_TWIN_FOR_CENTRES,
    VTR_TWIN_FOR_SPECKLE,
    VTR_TWIN_FOR_MATRIX,
    VTR_TWIN_FOR_PIXELS,
    VTR_TWIN_FOR_INCLUSIONS,
    VTR_TWIN_FOR_FRACTION,
    VTR_TWIN_FOR_NETWORK,
    VTR_TWIN_FOR_PLACEMENT,
} vtr_twin_purpose;
void vtr_twin_random(vtr_random *random, const vtr_twin_params *params, vtr_twin_purpose purpose,
                     uint64_t stream);

/* Checks parameters that the table's ranges cannot; fills in nothing. */
vtr_status vtr_twin_check_params(const vtr_twin_params *params, vtr_error *err);

/* S - 1 of the model glass at k = x * ring_k. */
double vtr_twin_structure_function(double x);
/* The background's form over x = k / ring_k, 1 at x = 1. */
double vtr_twin_background_form(double x);
/* The same for patterns out to high angles, where it falls like the atoms' own intensity, k^-4. */
double vtr_twin_steep_background_form(double x);
/* The direct beam's disc, 1 in the middle, soft over about a pixel. */
double vtr_twin_beam_form(double radius_px, double beam_radius_px);

/* Radial tables and the dose's sums. */
vtr_status vtr_twin_build_tables(vtr_twin *twin, vtr_error *err);
vtr_status vtr_twin_build_mask(vtr_twin *twin, vtr_error *err);
/* twin->strain of every position from bands, inclusions, matrix and the uniform part. */
vtr_status vtr_twin_build_strain(vtr_twin *twin, vtr_error *err);
vtr_status vtr_twin_build_model(vtr_twin *twin, vtr_error *err);
vtr_status vtr_twin_build_mixture(vtr_twin *twin, vtr_error *err);
/* twin->solid_fraction of every position. */
vtr_status vtr_twin_build_fraction(vtr_twin *twin, vtr_error *err);
/* Copies `text` to where it lives as long as the plan, and points *member at the copy. */
vtr_status vtr_twin_keep_text(vtr_twin *twin, const char **member, const char *text, vtr_error *err);
vtr_status vtr_twin_build_fe_band(vtr_twin *twin, vtr_error *err);
vtr_status vtr_twin_build_zr_band(vtr_twin *twin, vtr_error *err);
vtr_status vtr_twin_build_lorentz(vtr_twin *twin, vtr_error *err);
vtr_status vtr_twin_build_thickness(vtr_twin *twin, vtr_error *err);
/* What thickness does, to nothing and to the foil of the preset thickness. */
vtr_twin_foil vtr_twin_bulk(void);
vtr_twin_foil vtr_twin_thin_foil(const vtr_twin_params *params);
/* Where of the specimen's field of view a position of the scan lies. */
void vtr_twin_place(const vtr_twin *twin, size_t position, double *y_nm, double *x_nm);
/* exx, eyy, exy of the specimen's field in the frame of the scan, which is turned against it. */
void vtr_twin_turn_strain(const vtr_twin *twin, double strain[3]);
/* The matrix's random strain as a field of the specimen, at the places of the scan. */
vtr_status vtr_twin_add_shared_matrix(vtr_twin *twin, vtr_error *err);
vtr_status vtr_twin_build_network(vtr_twin *twin, vtr_error *err);
/* The state's random strain of the matrix, where the parameters leave it open. */
void vtr_twin_network_matrix(vtr_twin_params *params);
/* Copies the list into the plan. */
vtr_status vtr_twin_add_bands(vtr_twin *twin, const vtr_twin_band *bands, size_t n, vtr_error *err);
/* Distance from a band's line and arc length along it, from its point; the place at an arc length; length within the field. */
void vtr_twin_band_coordinates(const vtr_twin_band *band, double y_nm, double x_nm, double *distance_nm,
                               double *along_nm);
void vtr_twin_band_place(const vtr_twin_band *band, double along_nm, double place_yx[2]);
double vtr_twin_band_length(const vtr_twin *twin, const vtr_twin_band *band);
/* twin->induction_angle of every position, from the strain. */
vtr_status vtr_twin_build_domains(vtr_twin *twin, vtr_error *err);
/* Sets the induction of a position and moves its centre by the deflection. */
void vtr_twin_deflect(const vtr_twin *twin, size_t index, vtr_twin_position *position);
/* Maps of the induction in the truth's group. */
vtr_status vtr_twin_write_induction(const vtr_twin *twin, vtr_mapfile *file, vtr_error *err);

/* A = (I + e_det) W and W for one position, as the pattern needs them: matrices [xx, xy, yx, yy]. */
void vtr_twin_matrices(const vtr_twin *twin, const vtr_twin_position *position, double ring[4]);

/* N and M of one position. */
void vtr_twin_scales(const vtr_twin *twin, const vtr_twin_position *position, double *n, double *m);

/* One row of recorded values from expected electrons; `values` [det_x] is scratch, `row` the frame's row of
 * info.type. */
void vtr_twin_record_row(const vtr_twin *twin, vtr_random *random, size_t y, const float *expected,
                         float *values, void *row);

/* What of the truth file is of the structures: their functions, and maps of the mixture. */
vtr_status vtr_twin_write_phases(const vtr_twin *twin, vtr_mapfile *file, vtr_error *err);
/* The truth file (see vtr_twin_write). */
vtr_status vtr_twin_write_truth(const vtr_twin *twin, const char *path, const vtr_twin_write_params *params,
                                vtr_error *err);

#endif
