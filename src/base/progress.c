/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/progress.h"

#include <stdarg.h>
#include <stdio.h>

void vtr_progress_report(const vtr_progress *progress, const char *task, double done, double total,
                         const char *unit)
{
    if (progress != NULL && progress->report != NULL)
        progress->report(progress->user, task, done, total, unit);
}

void vtr_progress_warn(const vtr_progress *progress, const char *format, ...)
{
    if (progress == NULL || progress->warn == NULL) return;
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    progress->warn(progress->user, sentence);
}

bool vtr_progress_cancelled(const vtr_progress *progress)
{
    return progress != NULL && progress->cancelled != NULL && progress->cancelled(progress->user);
}
