/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_PASS_SUPPORT_RESUME_H
#define VITRAIL_TEST_PASS_SUPPORT_RESUME_H

/* Passes in processes of their own, to be ended at any time. This process never uses threads itself, because a copy of
 * it could not. */

#include <sys/types.h>

#include "support_pass.h"

typedef struct resume_job {
    const char *input, *output;
    const char *calibration; /* NULL: measured */
    const char *settings;
    bool resume, force;
    int threads;
    double interval_s;
    size_t profile_step; /* px; 0: 1 */
    size_t file_limit;   /* bytes that a file may have; 0: no limit */
    size_t cancel_after; /* reports; 0: never */
    double pause_s;      /* after each report */
    bool has_disc;       /* the direct beam, fitted as one */
    bool grows;          /* the recording does; what is there is shown as OUTPUT every `interval_s` */
    double timeout_s;    /* of these, until the rest is missing */
} resume_job;

/* Makes a recording of 64 x 64 positions of 48 x 48 px, and its calibration; of `type`. */
void resume_scene(const char *name, vtr_type type, const char *input, const char *calibration);
/* Starts a pass; the process ends with the status of its failure, whose sentence is in OUTPUT.said. */
pid_t resume_start(const resume_job *job);
/* Waits for it: a vtr_status, or -1 where a signal ended it. */
int resume_wait(pid_t process);
int resume_run(const resume_job *job);
/* What it said: in a buffer of the next call. */
const char *resume_said(const resume_job *job);
/* Fails unless both files hold the same bytes. */
void assert_same_file(const char *a, const char *b);
void resume_sleep(double seconds);

#endif
