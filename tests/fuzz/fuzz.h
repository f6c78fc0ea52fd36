/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FUZZ_H
#define VITRAIL_FUZZ_H

/* A harness is one file that gives fuzz_one: it takes any bytes, hands them to one reader and comes back. The same file
 * is linked to libFuzzer (make fuzz) and to replay.c, which runs the stored inputs and changed copies of them in the
 * ordinary tests. */

#include <stddef.h>
#include <stdint.h>

int fuzz_one(const uint8_t *data, size_t size);

/* Puts the bytes into a file that lies in memory; its path is valid until the next call. NULL: no such file can be made,
 * and the input is to be passed over. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* The bytes as text with a zero at the end, in a buffer that holds until the next call. */
const char *fuzz_text(const uint8_t *data, size_t size);
/* A failed call owes its caller a sentence: ends the process where there is none. */
void fuzz_check_sentence(int status, const char *message);

#endif
