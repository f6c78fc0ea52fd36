/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_SUPPORT_DATASET_H
#define VITRAIL_TEST_SUPPORT_DATASET_H

#include <stdint.h>

#include "support.h"
#include "vitrail/dataset.h"

/* A shape and a type with unknown calibration. */
vtr_dataset_info test_info(size_t scan_y, size_t scan_x, size_t det_y, size_t det_x, vtr_type type);
/* Parameters at their defaults. */
vtr_dataset_params test_params(void);
/* Writes n bytes to a file of the test's folder; returns its path. */
const char *test_write_file(const char *name, const void *bytes, size_t n);
/* The whole of a recording in one piece of memory; the caller frees it with vtr_free. */
void *test_read_all(vtr_dataset *dataset);
/* Value i of an array of a type. */
double test_value(const void *values, vtr_type type, size_t i);
void test_set_value(void *values, vtr_type type, size_t i, double value);
/* n values that differ, reach the type's limits and have a sign where the type has one. */
void *test_ramp(vtr_type type, size_t n);
/* Path of a real file ("dm/x.dm3"): of all in the folder of test data, of a few in the checkout; else NULL. */
const char *test_real_file(const char *file);
/* Writes a recording from memory. */
void test_write_recording(const char *path, const vtr_dataset_info *info, const void *values);

#endif
