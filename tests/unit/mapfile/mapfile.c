/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* setrlimit, truncate */
#include "vitrail/mapfile.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support.h"

enum { N_Y = 6, N_X = 5, N_K = 4 };

static void write_maps(vtr_mapfile *file, const char *group)
{
    vtr_error err;
    const size_t shape[] = {N_Y, N_X, N_K};
    float map[N_Y * N_X], cube[N_Y * N_X * N_K];
    double scan_y[N_Y], scan_x[N_X];
    uint32_t flags[N_Y * N_X];
    for (int i = 0; i < N_Y * N_X; i++) {
        map[i] = i == 3 ? NAN : (float)i / 8;
        flags[i] = i == 3 ? VTR_FLAG_NO_RING : 0;
    }
    for (int i = 0; i < N_Y * N_X * N_K; i++)
        cube[i] = (float)i;
    for (int i = 0; i < N_Y; i++)
        scan_y[i] = 2.5 * i;
    for (int i = 0; i < N_X; i++)
        scan_x[i] = 3.5 * i;
    const char *axes[] = {"scan_y", "scan_x"};
    const double reference[] = {0, 4, 1, 3};
    assert_ok(vtr_mapfile_group(file, group, &err));
    assert_ok(vtr_mapfile_write(file, group, "exx", VTR_TYPE_F32, 2, shape, map, "", "strain along x", &err));
    assert_ok(vtr_mapfile_write(file, group, "eyy", VTR_TYPE_F32, 2, shape, map, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write(file, group, "eyy_errors", VTR_TYPE_F32, 2, shape, map, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write(file, group, "flags", VTR_TYPE_U32, 2, shape, flags, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write(file, group, "cube", VTR_TYPE_F32, 3, shape, cube, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write(file, group, "scan_y", VTR_TYPE_F64, 1, shape, scan_y, "nm", "scan y", &err));
    assert_ok(
        vtr_mapfile_write(file, group, "scan_x", VTR_TYPE_F64, 1, shape + 1, scan_x, "nm", "scan x", &err));
    assert_ok(vtr_mapfile_axes(file, group, 2, axes, &err));
    assert_ok(vtr_mapfile_signal(file, group, "exx", &err));
    assert_ok(vtr_mapfile_signal(file, group, "eyy", &err));
    assert_ok(vtr_mapfile_signal(file, group, "flags", &err));
    assert_ok(vtr_mapfile_write_text(file, group, NULL, "frame", "scan", &err));
    assert_ok(vtr_mapfile_write_numbers(file, group, NULL, "reference", 4, reference, &err));
    assert_ok(vtr_mapfile_write_numbers(file, group, "exx", "scale", 1, reference + 1, &err));
}

static const char *make_file(const char *name)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    static char path[4096];
    strcpy(path, test_folder_path(name));
    assert_ok(vtr_mapfile_create(&file, path, false, &err));
    write_maps(file, "strain");
    assert_false(test_file_exists(path));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_null(file);
    assert_true(test_file_exists(path));
    assert_false(test_file_exists(test_folder_path("map.h5.partial")));
    return path;
}

static void count_visits(void *user, const char *group, const char *name)
{
    char *text = user;
    strcat(text, group);
    strcat(text, "/");
    strcat(text, name);
    strcat(text, " ");
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, make_file("map.h5"), &err));
    assert_true(vtr_mapfile_has(file, "strain", "exx"));
    assert_true(vtr_mapfile_has(file, "strain", NULL));
    assert_false(vtr_mapfile_has(file, "strain", "e1"));
    assert_false(vtr_mapfile_has(file, "pdf/none", "G"));
    size_t rank = 0, shape[8];
    vtr_type type = VTR_TYPE_U8;
    assert_ok(vtr_mapfile_shape(file, "strain", "cube", &rank, shape, &type, &err));
    assert_int_equal(rank, 3);
    assert_int_equal(shape[0], N_Y);
    assert_int_equal(shape[2], N_K);
    assert_int_equal(type, VTR_TYPE_F32);
    double map[N_Y * N_X], reference[4], block[2 * 3 * 2];
    assert_ok(vtr_mapfile_read(file, "strain", "exx", VTR_TYPE_F64, N_Y * N_X, map, &err));
    assert_true(isnan(map[3]));
    assert_near(map[17], 17 / 8.0, 0);
    const size_t start[] = {1, 2, 2}, count[] = {2, 3, 2};
    assert_ok(vtr_mapfile_read_block(file, "strain", "cube", VTR_TYPE_F64, 3, start, count, block, &err));
    assert_near(block[0], (1 * N_X + 2) * N_K + 2, 0);
    assert_near(block[11], (2 * N_X + 4) * N_K + 3, 0);
    char text[32], visited[256] = "";
    assert_ok(vtr_mapfile_read_text(file, "strain", NULL, "frame", text, sizeof text, &err));
    assert_string_equal(text, "scan");
    assert_ok(vtr_mapfile_read_text(file, "strain", "exx", "long_name", text, sizeof text, &err));
    assert_string_equal(text, "strain along x");
    assert_ok(vtr_mapfile_read_numbers(file, "strain", NULL, "reference", 4, reference, &err));
    assert_near(reference[3], 3, 0);
    assert_ok(vtr_mapfile_list(file, count_visits, visited, &err));
    assert_string_equal(visited, "strain/exx strain/eyy strain/eyy_errors strain/flags ");
    vtr_mapfile_close(&file);
}

/* What is told of each item, as "group/name@attribute", and of numbers their shape. */
static void describe_item(void *user, const vtr_mapfile_item *item)
{
    char *text = user;
    size_t n = strlen(text);
    assert_true(item->rank == 0 || item->n == item->shape[0] * (item->rank > 1 ? item->shape[1] : 1) *
                                                  (item->rank > 2 ? item->shape[2] : 1));
    snprintf(text + n, 4096 - n, "%s%s%s%s%s%s ", item->group, item->name != NULL ? "/" : "",
             item->name != NULL ? item->name : "", item->attribute != NULL ? "@" : "",
             item->attribute != NULL ? item->attribute : "",
             item->is_number ? "#"
             : item->is_text ? ""
                             : ":");
}

static void contents_are_whole(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    char text[4096] = "";
    assert_ok(vtr_mapfile_open(&file, make_file("whole.h5"), &err));
    assert_ok(vtr_mapfile_contents(file, describe_item, text, &err));
    vtr_mapfile_close(&file);
    const char *const parts[] = {
        " strain: ",           " strain@NX_class ",      " strain@frame ",
        " strain@reference# ", " strain/cube# ",         " strain/exx# ",
        " strain/exx@scale# ", " strain/exx@long_name ", " strain/scan_x@units ",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(text, parts[i]));
    /* a group before its attributes and before what is in it */
    assert_true(strstr(text, " strain: ") < strstr(text, " strain@frame "));
    assert_true(strstr(text, " strain: ") < strstr(text, " strain/cube# "));
    assert_true(strstr(text, " strain/exx# ") < strstr(text, " strain/exx@scale# "));
}

static void wrong_questions_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    double map[N_Y * N_X];
    const size_t start[] = {5, 0, 0}, count[] = {2, 1, 1};
    char text[4];
    assert_ok(vtr_mapfile_open(&file, make_file("map.h5"), &err));
    assert_fails(vtr_mapfile_read(file, "strain", "e9", VTR_TYPE_F64, 3, map, &err), VTR_ERR_NOT_FOUND,
                 "has no '/entry/strain/e9'");
    assert_fails(vtr_mapfile_read(file, "pdf", "G", VTR_TYPE_F64, 3, map, &err), VTR_ERR_NOT_FOUND,
                 "/entry/pdf/G");
    assert_fails(vtr_mapfile_read(file, "strain", "exx", VTR_TYPE_F64, 7, map, &err), VTR_ERR_SHAPE,
                 "holds 30 values, expected 7");
    assert_fails(vtr_mapfile_read(file, "strain", NULL, VTR_TYPE_F64, 7, map, &err), VTR_ERR_NOT_FOUND,
                 "a group");
    assert_fails(vtr_mapfile_read_block(file, "strain", "cube", VTR_TYPE_F64, 3, start, count, map, &err),
                 VTR_ERR_RANGE, "2 from 5 is outside the 6 of dimension 0");
    assert_fails(vtr_mapfile_read_block(file, "strain", "exx", VTR_TYPE_F64, 3, start, count, map, &err),
                 VTR_ERR_SHAPE, "has 2 dimensions, expected 3");
    assert_fails(vtr_mapfile_read_text(file, "strain", NULL, "none", text, 4, &err), VTR_ERR_NOT_FOUND,
                 "'none'");
    assert_fails(vtr_mapfile_read_text(file, "strain", NULL, "frame", text, 4, &err), VTR_ERR_SHAPE,
                 "longer than 3");
    assert_fails(vtr_mapfile_read_text(file, "strain", NULL, "reference", text, 4, &err), VTR_ERR_TYPE,
                 "not one text");
    assert_fails(vtr_mapfile_read_numbers(file, "strain", NULL, "frame", 1, map, &err), VTR_ERR_TYPE,
                 "not a number");
    assert_fails(vtr_mapfile_read_numbers(file, "strain", NULL, "reference", 2, map, &err), VTR_ERR_SHAPE,
                 "holds 4 numbers, expected 2");
    assert_fails(vtr_mapfile_group(file, "x", &err), VTR_ERR_ARGUMENT, "open to read only");
    vtr_mapfile_close(&file);
    vtr_mapfile_close(&file);
}

static void wrong_writes_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    const size_t shape[] = {2, 0, 1, 1, 1, 1, 1, 1, 1};
    const double value[2] = {1, 2};
    const char *path = make_file("map.h5");
    assert_fails(vtr_mapfile_create(&file, path, false, &err), VTR_ERR_EXISTS, "--force");
    assert_fails(vtr_mapfile_create(&file, test_folder_path("no/map.h5"), false, &err), VTR_ERR_IO, "no");
    assert_ok(vtr_mapfile_create(&file, test_folder_path("other.h5"), false, &err));
    assert_fails(vtr_mapfile_write(file, "none", "x", VTR_TYPE_F64, 1, shape, value, NULL, NULL, &err),
                 VTR_ERR_NOT_FOUND, "no group '/entry/none'");
    assert_ok(vtr_mapfile_group(file, "a", &err));
    assert_fails(vtr_mapfile_write(file, "a", "x", VTR_TYPE_F64, 2, shape, value, NULL, NULL, &err),
                 VTR_ERR_SHAPE, "dimension 1 is 0");
    assert_fails(vtr_mapfile_write(file, "a", "x", VTR_TYPE_F64, 9, shape, value, NULL, NULL, &err),
                 VTR_ERR_SHAPE, "9 dimensions");
    assert_fails(vtr_mapfile_write(file, "a", "x/y", VTR_TYPE_F64, 1, shape, value, NULL, NULL, &err),
                 VTR_ERR_ARGUMENT, "x/y");
    assert_fails(vtr_mapfile_group(file, "../x/", &err), VTR_ERR_ARGUMENT, "../x/");
    assert_fails(vtr_mapfile_signal(file, "a", "x", &err), VTR_ERR_NOT_FOUND, "/entry/a/x");
    vtr_mapfile_close(&file);
    assert_false(test_file_exists(test_folder_path("other.h5")));
    assert_false(test_file_exists(test_folder_path("other.h5.partial")));
}

static void wrong_files_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    const char *path = make_file("map.h5");
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_fails(vtr_mapfile_open(&file, test_folder_path("none.h5"), &err), VTR_ERR_NOT_FOUND,
                 "no such file");
    assert_fails(vtr_mapfile_open(&file, test_folder_path("."), &err), VTR_ERR_IO, "folder");
    assert_int_equal(truncate(path, info.st_size / 2), 0);
    assert_fails(vtr_mapfile_open(&file, path, &err), VTR_ERR_FORMAT, "truncated");
    assert_fails(vtr_mapfile_edit(&file, path, &err), VTR_ERR_FORMAT, "truncated");
    assert_int_equal(truncate(path, 0), 0);
    assert_fails(vtr_mapfile_open(&file, path, &err), VTR_ERR_FORMAT, "not an HDF5 file");
    FILE *text = fopen(path, "wb");
    fputs("these are not the maps you are looking for", text);
    fclose(text);
    assert_fails(vtr_mapfile_open(&file, path, &err), VTR_ERR_FORMAT, "not an HDF5 file");
    assert_fails(vtr_mapfile_edit(&file, path, &err), VTR_ERR_FORMAT, "not an HDF5 file");
    const char *foreign = test_data_path("formats/hdf5/fpd_file_test.hdf5");
    if (foreign != NULL)
        assert_fails(vtr_mapfile_open(&file, foreign, &err), VTR_ERR_FORMAT, "not a map file");
    assert_null(file);
}

/* Large and noisy maps of ranks whose chunks cut the first, the middle and the last dimension. */
static void chunked_data_come_back(void **state)
{
    (void)state;
    static const struct {
        size_t rank, shape[4];
        vtr_type type;
    } cases[] = {{2, {701, 503}, VTR_TYPE_F32},
                 {3, {40, 31, 333}, VTR_TYPE_F32},
                 {4, {3, 2, 257, 301}, VTR_TYPE_F64},
                 {1, {400001}, VTR_TYPE_F32},
                 {2, {3, 200003}, VTR_TYPE_U16}};
    vtr_error err;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        size_t n = 1, item = vtr_type_size(cases[c].type);
        for (size_t d = 0; d < cases[c].rank; d++)
            n *= cases[c].shape[d];
        unsigned char *data = vtr_malloc(n, item), *back = vtr_calloc(n, item);
        vtr_random random;
        vtr_random_start(&random, 5, c);
        for (size_t i = 0; i < n * item; i++)
            data[i] = (unsigned char)(i % item == item - 1 ? 64 : vtr_random_u32(&random));
        vtr_mapfile *file = NULL;
        const char *path = test_folder_path("large.h5");
        assert_ok(vtr_mapfile_create(&file, path, true, &err));
        assert_ok(vtr_mapfile_group(file, "a", &err));
        assert_ok(vtr_mapfile_write(file, "a", "x", cases[c].type, cases[c].rank, cases[c].shape, data, NULL,
                                    NULL, &err));
        assert_ok(vtr_mapfile_commit(&file, &err));
        assert_ok(vtr_mapfile_open(&file, path, &err));
        assert_ok(vtr_mapfile_read(file, "a", "x", cases[c].type, n, back, &err));
        assert_memory_equal(data, back, n * item);
        vtr_mapfile_close(&file);
        vtr_free(data);
        vtr_free(back);
    }
}

static void write_large(vtr_mapfile *file, unsigned seed)
{
    enum { N = 600 };
    vtr_error err;
    const size_t shape[] = {N, N};
    float *map = vtr_malloc(N * N, sizeof *map);
    vtr_random random;
    vtr_random_start(&random, seed, 0);
    for (size_t i = 0; i < N * N; i++)
        map[i] = (float)vtr_random_normal(&random);
    assert_ok(vtr_mapfile_group(file, "large", &err));
    assert_ok(vtr_mapfile_write(file, "large", "map", VTR_TYPE_F32, 2, shape, map, NULL, NULL, &err));
    vtr_free(map);
}

/* A byte changed within the compressed numbers: an error that names dataset and file, not wrong numbers. */
static void damaged_numbers_are_named(void **state)
{
    (void)state;
    enum { N = 600 * 600 };
    vtr_error err;
    vtr_mapfile *file = NULL;
    char path[4096];
    strcpy(path, test_folder_path("map.h5"));
    assert_ok(vtr_mapfile_create(&file, path, false, &err));
    write_large(file, 5);
    assert_ok(vtr_mapfile_commit(&file, &err));
    FILE *damaged = fopen(path, "r+b");
    fseek(damaged, 0, SEEK_END);
    long size = ftell(damaged);
    for (long at = size / 4; at < 3 * (size / 4); at += 5000) {
        fseek(damaged, at, SEEK_SET);
        fputc(0x5a, damaged);
        fputc(0xa5, damaged);
    }
    fclose(damaged);
    float *map = vtr_malloc(N, sizeof *map);
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_fails(vtr_mapfile_read(file, "large", "map", VTR_TYPE_F32, N, map, &err), VTR_ERR_IO,
                 "/entry/large/map");
    test_assert_contains(err.message, path);
    vtr_mapfile_close(&file);
    vtr_free(map);
}

static off_t edited_size(const char *path, unsigned seed)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    struct stat info;
    assert_ok(vtr_mapfile_edit(&file, path, &err));
    write_large(file, seed);
    write_maps(file, "strain");
    assert_ok(vtr_mapfile_provenance(file, "strain", "vitrail strain map.h5", "axis = 0", NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

static void editing_again_and_again_does_not_grow(void **state)
{
    (void)state;
    const char *path = make_file("map.h5");
    edited_size(path, 1);
    off_t second = edited_size(path, 2), last = 0;
    for (unsigned i = 3; i < 13; i++)
        last = edited_size(path, i);
    if (last > second + second / 10) fail_msg("grew from %ld to %ld bytes", (long)second, (long)last);
}

static void an_edit_through_a_link_is_of_the_file(void **state)
{
    (void)state;
    vtr_error err = {0};
    vtr_mapfile *file = NULL;
    struct stat info;
    char *path = vtr_strdup(test_folder_path("map.h5")), *link = vtr_strdup(test_folder_path("link.h5"));
    assert_ok(vtr_mapfile_create(&file, path, true, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_int_equal(symlink(path, link), 0);
    assert_ok(vtr_mapfile_edit(&file, link, &err));
    assert_ok(vtr_mapfile_group(file, "added", &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_true(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_true(vtr_mapfile_has(file, "added", NULL));
    vtr_mapfile_close(&file);
    vtr_free(path);
    vtr_free(link);
}

static void an_edit_given_up_changes_nothing(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL, *other = NULL;
    const char *path = make_file("map.h5");
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    assert_ok(vtr_mapfile_edit(&file, path, &err));
    assert_fails(vtr_mapfile_edit(&other, path, &err), VTR_ERR_IO, "another program");
    assert_ok(vtr_mapfile_group(file, "strain", &err));
    assert_false(vtr_mapfile_has(file, "strain", "exx"));
    vtr_mapfile_close(&file);
    assert_false(test_file_exists(test_folder_path("map.h5.partial")));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_mtime, after.st_mtime);
    assert_int_equal(before.st_size, after.st_size);
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_true(vtr_mapfile_has(file, "strain", "exx"));
    vtr_mapfile_close(&file);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* Wherever the disk fills up, there is an error that says so, no file under the name, and no partial file. */
static void a_full_disk_is_reported(void **state)
{
    (void)state;
    enum { N = 300000 };
    signal(SIGXFSZ, SIG_IGN);
    const size_t shape[] = {N};
    double *data = vtr_malloc(N, sizeof *data);
    vtr_random random;
    vtr_random_start(&random, 9, 0);
    for (int i = 0; i < N; i++)
        data[i] = vtr_random_normal(&random);
    char full[4096];
    const char *path = strcpy(full, test_folder_path("full.h5"));
    for (rlim_t limit = 0; limit < 2 << 20; limit += 200001) {
        vtr_error err = {0};
        vtr_mapfile *file = NULL;
        limit_file_size(limit);
        vtr_status status = vtr_mapfile_create(&file, path, false, &err);
        if (status == VTR_OK) status = vtr_mapfile_group(file, "a", &err);
        if (status == VTR_OK)
            status = vtr_mapfile_write(file, "a", "x", VTR_TYPE_F64, 1, shape, data, NULL, NULL, &err);
        if (status == VTR_OK) status = vtr_mapfile_commit(&file, &err);
        vtr_mapfile_close(&file);
        limit_file_size(RLIM_INFINITY);
        assert_int_equal(status, VTR_ERR_IO);
        test_assert_contains(err.message, "full.h5");
        test_assert_contains(err.message, "File too large");
        assert_false(test_file_exists(path));
        assert_false(test_file_exists(test_folder_path("full.h5.partial")));
    }
    vtr_error err;
    vtr_mapfile *file = NULL;
    path = make_file("map.h5");
    limit_file_size(1000);
    assert_fails(vtr_mapfile_edit(&file, path, &err), VTR_ERR_IO, "File too large");
    limit_file_size(RLIM_INFINITY);
    assert_ok(vtr_mapfile_open(&file, path, &err));
    vtr_mapfile_close(&file);
    vtr_free(data);
}

static void provenance_is_kept(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    const char *path = make_file("map.h5"), *input = test_folder_path("in.raw");
    FILE *raw = fopen(input, "wb");
    fputs("abc", raw);
    fclose(raw);
    assert_ok(vtr_mapfile_edit(&file, path, &err));
    assert_ok(vtr_mapfile_provenance(file, "map", "vitrail map in.raw", "fit = likelihood\n", input, &err));
    assert_ok(vtr_mapfile_provenance(file, "strain", "vitrail strain", NULL, NULL, &err));
    assert_ok(vtr_mapfile_provenance(file, "map", "vitrail map --again", NULL, test_folder_path("."), &err));
    assert_fails(vtr_mapfile_provenance(file, "map", "x", NULL, "/no/such", &err), VTR_ERR_IO, "checksum");
    char text[64];
    double index = 0;
    assert_ok(vtr_mapfile_read_text(file, "process/map", "command", NULL, text, sizeof text, &err));
    assert_string_equal(text, "vitrail map --again");
    assert_ok(vtr_mapfile_read(file, "process/map", "sequence_index", VTR_TYPE_F64, 1, &index, &err));
    assert_near(index, 3, 0);
    assert_ok(vtr_mapfile_read_text(file, "process/strain", "version", NULL, text, sizeof text, &err));
    assert_string_equal(text, vtr_version());
    assert_fails(vtr_mapfile_read(file, "process/map", "command", VTR_TYPE_F64, 1, &index, &err),
                 VTR_ERR_TYPE, "does not hold numbers");
    vtr_mapfile_close(&file);
}

static void h5py_finds_nexus(void **state)
{
    (void)state;
    if (system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) skip();
    vtr_error err;
    vtr_mapfile *file = NULL;
    const char *path = test_folder_path("map.h5");
    assert_ok(vtr_mapfile_create(&file, path, false, &err));
    write_maps(file, "virtual/bf");
    write_maps(file, "strain");
    write_large(file, 3);
    assert_ok(vtr_mapfile_provenance(file, "map", "vitrail map", "a = 1\n",
                                     test_source_path("CMakeLists.txt"), &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    char command[1024];
    snprintf(command, sizeof command, "/usr/bin/python3 '%s' '%s'",
             test_source_path("tests/unit/mapfile/nexus.py"), path);
    assert_int_equal(system(command), 0);
}

/* Whatever allocation fails: a status, no leak (seen by the sanitizers), nothing left behind. */
static void short_memory_is_survived(void **state)
{
    (void)state;
    const char *path = make_file("map.h5");
    for (long n = 0; n < 12; n++) {
        vtr_error err = {0};
        vtr_mapfile *file = NULL;
        vtr_memory_fail_after(n);
        vtr_status status = vtr_mapfile_edit(&file, path, &err);
        if (status == VTR_OK) status = vtr_mapfile_signal(file, "strain", "cube", &err);
        if (status == VTR_OK) status = vtr_mapfile_commit(&file, &err);
        vtr_memory_fail_after(-1);
        if (status != VTR_OK) assert_true(err.message[0] != '\0');
        vtr_mapfile_close(&file);
        assert_false(test_file_exists(test_folder_path("map.h5.partial")));
        assert_ok(vtr_mapfile_open(&file, path, &err));
        vtr_mapfile_close(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(contents_are_whole, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(wrong_questions_are_named, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(wrong_writes_are_named, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(wrong_files_are_named, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(chunked_data_come_back, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(damaged_numbers_are_named, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(editing_again_and_again_does_not_grow, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(an_edit_given_up_changes_nothing, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(an_edit_through_a_link_is_of_the_file, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_reported, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(provenance_is_kept, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(h5py_finds_nexus, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(short_memory_is_survived, test_folder_setup, test_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
