/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataset/tiff_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"

#if TIFFLIB_VERSION >= 20221213 /* 4.5.0: handlers of one handle, not of the whole process */

/* libtiff says only that it could not write. */
static bool is_of_the_disk(int reason)
{
    return reason == EIO || reason == ENOSPC || reason == EDQUOT || reason == EFBIG || reason == EINTR;
}

/* Keeps the first message: it names the cause. */
static int keep_error(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments)
{
    int system = errno;
    (void)tiff;
    (void)module;
    vtr_tiff_reason *reason = user;
    if (reason->text[0] != '\0') return 1;
    if (is_of_the_disk(system))
        snprintf(reason->text, sizeof reason->text, "%s", strerror(system));
    else
        vsnprintf(reason->text, sizeof reason->text, format, arguments);
    return 1;
}

static int drop_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments)
{
    (void)tiff;
    (void)user;
    (void)module;
    (void)format;
    (void)arguments;
    return 1;
}

TIFF *vtr_tiff_open(const char *path, const char *mode, vtr_tiff_reason *reason)
{
    reason->text[0] = '\0';
    errno = 0;
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (options == NULL) {
        snprintf(reason->text, sizeof reason->text, "out of memory");
        return NULL;
    }
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_error, reason);
    TIFFOpenOptionsSetWarningHandlerExtR(options, drop_warning, NULL);
    TIFF *tiff = TIFFOpenExt(path, mode, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

#else

TIFF *vtr_tiff_open(const char *path, const char *mode, vtr_tiff_reason *reason)
{
    snprintf(reason->text, sizeof reason->text, "%s", "damaged, or of a kind that libtiff does not know");
    TIFFErrorHandler on_error = TIFFSetErrorHandler(NULL), on_warning = TIFFSetWarningHandler(NULL);
    TIFF *tiff = TIFFOpen(path, mode);
    (void)on_error;
    (void)on_warning;
    return tiff;
}

#endif

const char *vtr_tiff_silence(void)
{
    return vtr_memory_was_short() ? "out of memory" : "libtiff gives no reason";
}
