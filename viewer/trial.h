/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_VIEWER_TRIAL_H
#define VITRAIL_VIEWER_TRIAL_H

/* The strain with another reference region or axis than in the map file, kept until another one is asked for. */

#include "session.h"
#include "vitrail/field.h"

/* A copy of one of its maps as it is shown, with its errors, both freed with cli_quantity_release. */
typedef struct view_trial_map {
    cli_quantity values, errors;
} view_trial_map;

/* `name` of the strain group; `reference` "Y0:Y1,X0:X1" and `axis` in degrees, NULL: as in the map file, as all other
 * settings are. *box, where not NULL, is the region. VTR_ERR_NOT_FOUND: no strain in the map file, or no such map. */
vtr_status view_trial_read(view_trial_map *out, vtr_box *box, view_session *session, const char *name,
                           const char *reference, const char *axis, vtr_error *err);
void view_trial_map_release(view_trial_map *map);

#endif
