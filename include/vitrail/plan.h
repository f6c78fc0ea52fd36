/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PLAN_H
#define VITRAIL_PLAN_H

/* Before the beam time: what a recording would tell, without making one. The fit that maps a recording is set up for the
 * expected pattern of a specimen, its camera and its speckle, and states the errors it would have. */

#include "vitrail/parameters.h"
#include "vitrail/twin.h"

VTR_BEGIN_DECLS

typedef struct vtr_plan_params {
    double frames_per_second;  /* of the camera; NAN: not given */
    double thickness_nm;       /* of the film, for the induction; NAN: not given */
    size_t positions_averaged; /* a value of interest is a mean over so many positions */
} vtr_plan_params;
VTR_API extern const vtr_parameter_table vtr_plan_parameters;

/* Standard deviations of one position. */
typedef struct vtr_plan_errors {
    double strain[3]; /* exx, eyy, exy in the frame of the scan */
    double volumetric,
        deviatoric; /* of exx + eyy, also the density's; of the two components (exx - eyy)/2 and exy, root
                                      of the mean of their variances */
    double centre_px[2]; /* x, y of the ring */
} vtr_plan_errors;

typedef struct vtr_plan {
    double ring_k, ring_radius_px, ring_width_px,
        annulus_px[2];      /* 1/Å; full width at half maximum; what is fitted */
    double visible;         /* share of the annulus that falls on the detector and not behind a beam stop */
    double electrons;       /* in the annulus */
    double contrast;        /* of the speckle in the annulus, background included */
    vtr_plan_errors errors; /* as vtr_map will state them */
    vtr_plan_errors
        counting; /* of the counted electrons and the camera alone: the bound of Cramer and Rao for this fit */
    double beam_px[2];               /* centre of mass of the direct beam; NAN: none */
    double induction_t;              /* from these, a component; NAN: no beam, no thickness, no scale */
    double dose_per_square_angstrom; /* all electrons that come, over a step's area */
    double field_nm[2];              /* y, x */
    double seconds;                  /* of the recording; NAN: frames_per_second not given */
    double bytes;
} vtr_plan;

/* `preset` and `specimen` as of vtr_twin_open; strain, descan and jitter of the specimen are left out. `params` may be NULL.
 * VTR_ERR_NO_DATA: no ring stands out of the expected pattern; failures of vtr_twin_open. */
VTR_API vtr_status vtr_plan_compute(vtr_plan *out, const char *preset, const vtr_twin_params *specimen,
                                    const vtr_plan_params *params, vtr_error *err);

VTR_END_DECLS

#endif
