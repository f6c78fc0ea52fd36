/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_API_H
#define VITRAIL_API_H

/* Marks what the shared library exports; everything else is hidden. */
#if defined(__GNUC__)
#define VTR_API __attribute__((visibility("default")))
#define VTR_PRINTF_LIKE(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#else
#define VTR_API
#define VTR_PRINTF_LIKE(format_index, first_argument)
#endif

/* Version of the library, as in "0.1.0". */
VTR_API const char *vtr_version(void);

#endif
