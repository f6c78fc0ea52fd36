/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_VIEWER_SESSION_H
#define VITRAIL_VIEWER_SESSION_H

/* The files that are looked at, opened to be read and never written. Shared by every thread of the server. */

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/quantity.h"
#include "vitrail/calibration.h"
#include "vitrail/dataset.h"
#include "vitrail/field.h"
#include "vitrail/mapfile.h"

typedef struct view_session {
    vtr_dataset *recording; /* NULL: a map file alone */
    vtr_mapfile *map;       /* NULL: a recording alone */
    const char *recording_path, *map_path;
    vtr_calibration *calibration; /* of the map file; NULL: none */
    size_t n_y, n_x;              /* of the scan; 0 x 0 where there is none (a calibration file) */
    size_t det_y, det_x;          /* of the patterns; 0 x 0: not known */
    double step_nm[2];            /* y, x; NAN: not known */
    cli_names names;              /* of the maps in the map file */
    int threads;
    bool is_filling;      /* positions are missing: the pass may still be at work */
    unsigned long n_read; /* how often the map file was opened */
    dev_t device;         /* of the map file that is open */
    ino_t inode;

    pthread_mutex_t making;              /* held while the image of a virtual detector is made */
    pthread_mutex_t lock;                /* of what follows */
    cli_quantity *loaded[CLI_MAX_NAMES]; /* read when first asked for */
    vtr_field *trial;                    /* of trial.h; NULL: none yet */
    char trial_key[160];                 /* the settings that made it */
    size_t n_users;                      /* between view_session_use and view_session_leave */
    bool is_closing;                     /* nobody waits for answers any more */
    unsigned long virtual_turn;          /* the newest virtual detector asked for */
    double virtual_done;                 /* how far it is, 0 to 1 */
    float *sample_mean;                  /* of a recording without map file; NULL: not made yet */
    double sample_centre_px[2];          /* x, y */
} view_session;

/* Opens a map file, a recording, or one of each in any order. VTR_ERR_ARGUMENT: two of a kind; VTR_ERR_SHAPE: files that
 * do not belong together. On success the caller closes the session. */
vtr_status view_session_open(view_session **out, const char *const *paths, size_t n, int threads,
                             vtr_error *err);
void view_session_close(view_session *session);
/* Ends what is being computed: before the server is stopped, which waits for it. */
void view_session_cancel(view_session *session);
bool view_session_is_cancelled(view_session *session);

/* Whoever reads the session's members or calls what follows does so between these two. */
void view_session_use(view_session *session);
void view_session_leave(view_session *session);
/* Opens the map file anew where another one has taken its name, as a pass that follows a recording does, unless somebody
 * uses the session at the moment: then a later call does it. What cannot be opened, or is of another scan, is left
 * alone, and the one that is open stays. Not between use and leave. */
void view_session_refresh(view_session *session);

/* The map number `index` of names, read once; it stays the session's. */
vtr_status view_session_quantity(const cli_quantity **out, view_session *session, size_t index,
                                 vtr_error *err);
/* The index of "group/name"; VTR_ERR_NOT_FOUND. */
vtr_status view_session_find(size_t *index, const view_session *session, const char *path, vtr_error *err);
/* Mean pattern [det_y][det_x] and rough centre (x, y) of a few patterns of a recording that has no calibration, made
 * once; it stays the session's. */
vtr_status view_session_sample(const float **mean, double centre_px[2], view_session *session,
                               vtr_error *err);

#endif
