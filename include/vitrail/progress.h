/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PROGRESS_H
#define VITRAIL_PROGRESS_H

#include <stdbool.h>

#include "vitrail/api.h"

VTR_BEGIN_DECLS

/* How long work tells its caller where it stands and asks whether to go on. Every member may be NULL, and so may
 * a pointer to the whole. `report` is called from one thread at a time, now and then, with `done` <= `total` in
 * `unit` ("patterns"); `warn` gets one finished sentence; `cancelled` returning true ends the work with
 * VTR_ERR_INTERRUPTED. */
typedef struct vtr_progress {
    void (*report)(void *user, const char *task, double done, double total, const char *unit);
    void (*warn)(void *user, const char *sentence);
    bool (*cancelled)(void *user);
    void *user;
} vtr_progress;

VTR_API void vtr_progress_report(const vtr_progress *progress, const char *task, double done, double total,
                                 const char *unit);
VTR_API void vtr_progress_warn(const vtr_progress *progress, const char *format, ...) VTR_PRINTF_LIKE(2, 3);
VTR_API bool vtr_progress_cancelled(const vtr_progress *progress);

VTR_END_DECLS

#endif
