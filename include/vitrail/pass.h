/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_H
#define VITRAIL_PASS_H

/* Step 2 of the flow: one streaming pass over a recording computes everything that needs raw pixels, and writes the
 * map file. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/calibration.h"
#include "vitrail/checkpoint.h"
#include "vitrail/dataset.h"
#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"
#include "vitrail/ranks.h"
#include "vitrail/ring.h"

VTR_BEGIN_DECLS

/* The likelihood fit of src/ring, or the fits of one pattern by itself (ring.h). */
typedef enum vtr_fit_method { VTR_FIT_LIKELIHOOD, VTR_FIT_SECTORS, VTR_FIT_THRESHOLD } vtr_fit_method;

/* How the direct beam is found: centre of mass, its disc's edge by maximum likelihood, or the match with the recording's
 * mean disc (beam.h). */
typedef enum vtr_beam_method { VTR_BEAM_CENTRE_OF_MASS, VTR_BEAM_DISC, VTR_BEAM_CORRELATE } vtr_beam_method;

typedef struct vtr_map_params {
    int fit;                             /* vtr_fit_method */
    int beam;                            /* vtr_beam_method */
    vtr_ring_threshold_params threshold; /* of VTR_FIT_THRESHOLD */
    double profile_step_px;              /* distance of the profile's samples */
    bool no_profile;                     /* leave the radial profiles out */
    size_t sectors;                      /* radial profiles of so many azimuthal sectors too; 0: none */
    vtr_text_list virtual_images;        /* NAME=LO:HI, px in circle coordinates; none: bf, adf and haadf */
    double scan_rotation;                /* degrees: detector = R(rotation) diag(1, flip ? -1 : 1) scan */
    bool flip;
} vtr_map_params;

VTR_API extern const vtr_parameter_table vtr_map_parameters;

/* What the pass did. */
typedef struct vtr_map_summary {
    size_t n_positions, n_missing, n_fitted, n_flagged; /* flagged: frame there, no ring */
    size_t n_resumed;                                   /* of n_positions, from the checkpoint */
    double seconds, bytes;                              /* without these */
    double median_error; /* of exx as fitted, from the covariance; NAN where nothing was fitted */
} vtr_map_summary;

/* Runs the pass and fills `file` with the groups ring, profile, sectors, beam, virtual, mean and calibration.
 * Positions whose frame is not there are flagged as missing, and said through progress->warn. `params` and `summary`
 * may be NULL. The result has the same bits for any number of threads, and with any kernel.
 *
 * Flags of the ring: those of the fit; VTR_FLAG_INVALID for NaN or infinite used pixels, and for negative ones of a
 * counting camera; VTR_FLAG_SATURATED (the values are kept) where a used pixel of the ring's annulus, moved by the
 * descan to whole pixels, reaches the calibration's saturation. A position with VTR_FLAG_INVALID has no profile; one
 * without a ring has the profile about the calibrated centre.
 *
 * profile: each position's own centre and strain are taken out, and the calibration's ellipse. sectors [scan_y][scan_x]
 * [angle][k]: only centre and ellipse are, so that the strain can be measured from them; the angles are those of the
 * sectors' middles in the scan's frame, ascending. Opposite sectors hold the same speckle (Friedel). A sector without
 * a used pixel at a radius is NaN there. */
VTR_API vtr_status vtr_map(vtr_mapfile *file, vtr_dataset *dataset, const vtr_calibration *calibration,
                           const vtr_map_params *params, int threads, vtr_map_summary *summary,
                           const vtr_progress *progress, vtr_error *err);

/* How a recording is followed that is still being written (vtr_dataset_grow). */
typedef struct vtr_follow_params {
    double timeout_s; /* when nothing has come for so long, the positions that are not there are missing */
    const char
        *path; /* where the map of what is there appears again and again, without profiles; NULL: nowhere */
    double interval_s; /* of these, at least */
} vtr_follow_params;

/* How it is run; none of it changes the result. */
typedef struct vtr_pass_options {
    int threads;                /* of this rank; 0: all processors */
    vtr_checkpoint *checkpoint; /* gone on from, and kept; NULL: none */
    const vtr_progress *progress;
    const vtr_follow_params *follow; /* waits for frames that are not there yet; one rank; NULL: does not */
    vtr_ranks *ranks;                /* that share the work, each of which calls the function; NULL: one */
} vtr_pass_options;

/* The same with these options, which may be NULL. VTR_ERR_EXISTS where the checkpoint was begun with another
 * calibration.
 *
 * With several ranks the scan's blocks of 256 positions go to whoever is free, and each rank reads its own. Rank 0 alone
 * has the map file and the checkpoint, reports, and fills the summary; the others give NULL. Every rank gives its
 * own dataset and the same calibration (vtr_calibration_share), and gets the same status. `cancelled` of any rank ends
 * the pass of all. */
VTR_API vtr_status vtr_map_with(vtr_mapfile *file, vtr_dataset *dataset, const vtr_calibration *calibration,
                                const vtr_map_params *params, const vtr_pass_options *options,
                                vtr_map_summary *summary, vtr_error *err);

VTR_END_DECLS

#endif
