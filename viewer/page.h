/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_VIEWER_PAGE_H
#define VITRAIL_VIEWER_PAGE_H

/* The page's files, made part of the program by embed.cmake. */

#include <stddef.h>

typedef struct view_page_file {
    const char *path; /* "" is the page itself */
    const char *type;
    const unsigned char *bytes;
    size_t n;
} view_page_file;

extern const view_page_file view_page_files[];
extern const size_t view_n_page_files;

#endif
