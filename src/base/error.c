/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

vtr_status vtr_fail(vtr_error *error, vtr_status status, const char *format, ...)
{
    if (error == NULL) return status;
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

vtr_status vtr_fail_context(vtr_error *error, vtr_status status, const char *format, ...)
{
    if (error == NULL) return status;
    char inner[sizeof error->message];
    memcpy(inner, error->message, sizeof inner);
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (n >= 0 && (size_t)n < sizeof error->message)
        snprintf(error->message + n, sizeof error->message - (size_t)n, ": %s", inner);
    error->status = status;
    return status;
}

const char *vtr_status_text(vtr_status status)
{
    switch (status) {
#define VTR_STATUS_CASE(code, text)                                                                          \
    case code:                                                                                               \
        return text;
        VTR_STATUS_LIST(VTR_STATUS_CASE)
#undef VTR_STATUS_CASE
    }
    return "unknown status";
}
