/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_API_H
#define VITRAIL_API_H

/* Marks what the shared library exports; everything else is hidden. */
#if defined(__GNUC__)
#define VTR_API __attribute__((visibility("default")))
#define VTR_PRINTF_LIKE(format_index, first_argument)                                                        \
    __attribute__((format(printf, format_index, first_argument)))
#else
#define VTR_API
#define VTR_PRINTF_LIKE(format_index, first_argument)
#endif

/* Around the declarations of every public header, so that C++ programs can include them as they are. */
#ifdef __cplusplus
#define VTR_BEGIN_DECLS extern "C" {
#define VTR_END_DECLS }
#else
#define VTR_BEGIN_DECLS
#define VTR_END_DECLS
#endif

VTR_BEGIN_DECLS

/* Version of the library, as in "0.1.0". */
VTR_API const char *vtr_version(void);

VTR_END_DECLS

#endif
