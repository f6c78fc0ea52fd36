/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base_internal.h"
#include "fuzz.h"

/* Runs a harness over every file of the folders named, and over ROUNDS changed copies of each: changed always in the same
 * way, so that what fails here fails everywhere. VITRAIL_FUZZ_ROUNDS sets another number. */

enum { ROUNDS = 200, MAX_INPUT = 1 << 20, MAX_CHANGES = 6 };

typedef struct replay {
    long rounds;
    size_t n_files, n_inputs;
} replay;

/* Overwrites, puts in, takes out or doubles a few bytes; `data` has room for MAX_INPUT. Returns the new size. */
static size_t change(vtr_random *random, uint8_t *data, size_t size)
{
    static const uint8_t liked[] = {0, 1, '-', '.', '9', 'e', ':', ',', '\n', 0x7f, 0x80, 0xff};
    uint32_t changes = 1 + vtr_random_u32(random) % MAX_CHANGES;
    for (uint32_t i = 0; i < changes && size > 0; i++) {
        size_t at = vtr_random_u32(random) % size, length = 1 + vtr_random_u32(random) % 16;
        if (length > size - at) length = size - at;
        switch (vtr_random_u32(random) % 5) {
        case 0:
            data[at] = (uint8_t)vtr_random_u32(random);
            break;
        case 1:
            data[at] = liked[vtr_random_u32(random) % sizeof liked];
            break;
        case 2:
            data[at] ^= (uint8_t)(1u << vtr_random_u32(random) % 8);
            break;
        case 3:
            memmove(data + at, data + at + length, size - at - length);
            size -= length;
            break;
        default:
            if (size + length > MAX_INPUT) break;
            memmove(data + at + length, data + at, size - at);
            size += length;
            break;
        }
    }
    return vtr_random_u32(random) % 8 == 0 && size > 0 ? vtr_random_u32(random) % size : size;
}

static void run_file(replay *run, const char *path)
{
    static uint8_t original[MAX_INPUT], copy[MAX_INPUT];
    FILE *file = fopen(path, "rb");
    if (file == NULL) return;
    size_t size = fread(original, 1, sizeof original, file);
    fclose(file);
    run->n_files++;
    run->n_inputs += 1 + (size_t)run->rounds;
    fuzz_one(original, size);
    for (long round = 0; round < run->rounds; round++) {
        vtr_random random;
        vtr_random_start(&random, size, (uint64_t)round);
        memcpy(copy, original, size);
        size_t changed = change(&random, copy, size);
        fuzz_one(copy, changed);
    }
}

static void run_folder(replay *run, const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char path[4096];
        struct stat state;
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && stat(path, &state) == 0) {
            if (S_ISDIR(state.st_mode))
                run_folder(run, path);
            else
                run_file(run, path);
        }
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

int main(int argc, char **argv)
{
    const char *rounds = getenv("VITRAIL_FUZZ_ROUNDS");
    replay run = {.rounds = rounds != NULL ? strtol(rounds, NULL, 10) : ROUNDS};
    for (int i = 1; i < argc; i++) {
        size_t before = run.n_files;
        struct stat state;
        if (stat(argv[i], &state) == 0 && S_ISDIR(state.st_mode))
            run_folder(&run, argv[i]);
        else
            run_file(&run, argv[i]);
        if (run.n_files == before) {
            fprintf(stderr, "%s: nothing to run\n", argv[i]);
            return 1;
        }
    }
    printf("%zu files, %zu inputs\n", run.n_files, run.n_inputs);
    return run.n_files > 0 ? 0 : 1;
}
