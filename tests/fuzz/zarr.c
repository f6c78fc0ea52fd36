/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "dataset/dataset_internal.h"
#include "fuzz.h"
#include "recording_open.h"

/* Zarr in zip files. The reader stops at an entry whose checksum is wrong, so that changed bytes would never come to what
 * reads JSON and chunks: here the checksums are made right first. */

enum { END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30 };

static size_t get(const uint8_t *at, size_t n)
{
    return (size_t)vtr_bytes_to_unsigned(at, n, false);
}

static bool is_within(size_t at, size_t n, size_t size)
{
    return at <= size && n <= size - at;
}

/* That of the bytes that the entry's packed ones stand for; of what cannot be unpacked, it does not matter. */
static uint32_t checksum(const uint8_t *packed, size_t n_packed, size_t n, size_t method)
{
    static uint8_t plain[1 << 16];
    size_t got = 0;
    if (method == 0) return libdeflate_crc32(0, packed, n_packed);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    if (d == NULL || n > sizeof plain ||
        libdeflate_deflate_decompress(d, packed, n_packed, plain, n, &got) != LIBDEFLATE_SUCCESS)
        got = 0;
    libdeflate_free_decompressor(d);
    return libdeflate_crc32(0, plain, got);
}

static void mend_checksums(uint8_t *zip, size_t size)
{
    size_t end = size;
    while (end >= END_BYTES && memcmp(zip + end - END_BYTES, "PK\5\6", 4) != 0)
        end--;
    if (end < END_BYTES) return;
    size_t at = get(zip + end - END_BYTES + 16, 4);
    while (is_within(at, ENTRY_BYTES, size) && memcmp(zip + at, "PK\1\2", 4) == 0) {
        uint8_t *entry = zip + at;
        size_t local = get(entry + 42, 4), n_packed = get(entry + 20, 4);
        if (is_within(local, LOCAL_BYTES, size)) {
            size_t from = local + LOCAL_BYTES + get(zip + local + 26, 2) + get(zip + local + 28, 2);
            if (is_within(from, n_packed, size)) {
                uint32_t sum = checksum(zip + from, n_packed, get(entry + 24, 4), get(entry + 10, 2));
                for (int i = 0; i < 4; i++)
                    entry[16 + i] = (uint8_t)(sum >> (8 * i));
            }
        }
        at += ENTRY_BYTES + get(entry + 28, 2) + get(entry + 30, 2) + get(entry + 32, 2);
    }
}

int fuzz_one(const uint8_t *data, size_t size)
{
    uint8_t *zip = malloc(size + 1);
    if (zip == NULL) return 0;
    if (size > 0) memcpy(zip, data, size);
    mend_checksums(zip, size);
    fuzz_open_recording(zip, size);
    free(zip);
    return 0;
}
