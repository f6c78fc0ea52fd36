/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FUZZ_RECORDING_OPEN_H
#define VITRAIL_FUZZ_RECORDING_OPEN_H

#include <stddef.h>
#include <stdint.h>

/* Opens the bytes as a recording and reads its first and last frames. */
void fuzz_open_recording(const uint8_t *data, size_t size);

#endif
