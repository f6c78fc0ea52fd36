/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_SUPPORT_REFERENCE_H
#define VITRAIL_TEST_SUPPORT_REFERENCE_H

#include <stddef.h>

/* The n doubles of an .npy file below VITRAIL_TEST_DATA, to be released with free; NULL where it is missing. */
double *reference_load(const char *relative, size_t n);

#endif
