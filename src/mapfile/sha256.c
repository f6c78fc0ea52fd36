/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* pread */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapfile/mapfile_internal.h"

/* FIPS 180-4, Secure Hash Standard (2015), sections 4.1.2, 4.2.2, 5.3.3 and 6.2; symbols as there. */

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void process_block(uint32_t H[8], const unsigned char block[64])
{
    uint32_t W[64];
    for (int t = 0; t < 16; t++)
        W[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(W[t - 15], 7) ^ rotate(W[t - 15], 18) ^ W[t - 15] >> 3;
        uint32_t s1 = rotate(W[t - 2], 17) ^ rotate(W[t - 2], 19) ^ W[t - 2] >> 10;
        W[t] = s1 + W[t - 7] + s0 + W[t - 16];
    }
    uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
    for (int t = 0; t < 64; t++) {
        uint32_t S1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        uint32_t T1 = h + S1 + ((e & f) ^ (~e & g)) + K[t] + W[t];
        uint32_t S0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        uint32_t T2 = S0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + T1, d = c, c = b, b = a, a = T1 + T2;
    }
    H[0] += a, H[1] += b, H[2] += c, H[3] += d, H[4] += e, H[5] += f, H[6] += g, H[7] += h;
}

void vtr_sha256_start(vtr_sha256 *sha)
{
    *sha = (vtr_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                                  0x1f83d9ab, 0x5be0cd19}};
}

void vtr_sha256_add(vtr_sha256 *sha, const void *data, size_t n)
{
    const unsigned char *bytes = data;
    while (n > 0) {
        size_t filled = sha->n_bytes % 64, part = 64 - filled < n ? 64 - filled : n;
        memcpy(sha->block + filled, bytes, part);
        sha->n_bytes += part;
        bytes += part;
        n -= part;
        if (filled + part == 64) process_block(sha->state, sha->block);
    }
}

void vtr_sha256_finish(vtr_sha256 *sha, char hex[65])
{
    uint64_t n_bits = sha->n_bytes * 8;
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(n_bits >> (56 - 8 * i));
    vtr_sha256_add(sha, "\x80", 1);
    while (sha->n_bytes % 64 != 56)
        vtr_sha256_add(sha, "", 1);
    vtr_sha256_add(sha, length, sizeof length);
    for (int i = 0; i < 8; i++)
        snprintf(hex + 8 * i, 9, "%08x", (unsigned)sha->state[i]);
}

static int add_end(vtr_sha256 *sha, int file, uint64_t from, uint64_t n, unsigned char *buffer)
{
    for (uint64_t done = 0; done < n;) {
        ssize_t got = pread(file, buffer + done, n - done, (off_t)(from + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0 ? EIO : errno;
        done += (uint64_t)got;
    }
    vtr_sha256_add(sha, buffer, n);
    return 0;
}

int vtr_file_checksum(const char *path, uint64_t *size, char hex[65])
{
    enum { END_BYTES = 1 << 20 };
    struct stat info;
    if (stat(path, &info) != 0) return errno;
    if (!S_ISREG(info.st_mode)) return EISDIR;
    uint64_t n = (uint64_t)info.st_size, part = n < END_BYTES ? n : END_BYTES;
    unsigned char *buffer = vtr_malloc(END_BYTES, 1), length[8];
    if (buffer == NULL) return ENOMEM;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    int failed = file < 0 ? errno : 0;
    if (!failed) {
        vtr_sha256 sha;
        vtr_sha256_start(&sha);
        for (int i = 0; i < 8; i++)
            length[i] = (unsigned char)(n >> 8 * i);
        vtr_sha256_add(&sha, length, sizeof length);
        failed = add_end(&sha, file, 0, part, buffer);
        if (!failed) failed = add_end(&sha, file, n - part, part, buffer);
        if (!failed) vtr_sha256_finish(&sha, hex);
        close(file);
    }
    vtr_free(buffer);
    if (!failed) *size = n;
    return failed;
}
