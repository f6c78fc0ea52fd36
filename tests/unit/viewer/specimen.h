/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_VIEWER_SPECIMEN_H
#define VITRAIL_TEST_VIEWER_SPECIMEN_H

#include "support.h"
#include "viewer/routes.h"

/* A scan of 3 x 4 positions with patterns of 8 x 6 px: pixel i of position p holds 100 p + i. Its map file has
 * /entry/strain/exx = 0.001 p with errors 0.0001 and angle = 80 or -88 by turns, a ring at each position but the last, which has the flags NO_RING and
 * POOR_FIT, and a profile of 5 samples p + j with variance 4. */
enum { SPECIMEN_Y = 3, SPECIMEN_X = 4, SPECIMEN_DET_Y = 8, SPECIMEN_DET_X = 6, SPECIMEN_K = 5 };

/* Writes scan.npy and map.h5 into the test's folder. */
void specimen_write(void);
/* Puts another map.h5 in the place of the one that is there: exx times `scale`, and the last position's flag MISSING where
 * it `is_filling`. */
void specimen_rewrite(float scale, bool is_filling);
/* Opens both; the caller closes the session. */
view_session *specimen_open(void);
/* Opens scan.npy alone. */
view_session *specimen_open_recording(void);

/* GET of api/... through the right gate; `arguments` ends with NULL and may be NULL. */
void specimen_ask(view_answer *answer, view_session *session, const char *path, const char *const *arguments);
/* The same by POST. */
void specimen_post(view_answer *answer, view_session *session, const char *path,
                   const char *const *arguments);
extern const view_gate specimen_gate;
/* The description of an answer of arrays, to be freed, and where its arrays begin. */
char *specimen_description(const view_answer *answer, const char **arrays);

#endif
