/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zarr stores written key by key with known numbers: folders and zip files, every type, order and codec, chunks that reach beyond
 * the edges, chunks that were never written, and what is damaged. */
#define _XOPEN_SOURCE 700 /* mkdir */
#include <blosc.h>
#include <libdeflate.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/base_internal.h"
#include "support_dataset.h"

enum { MOST_KEYS = 200, MOST_CHUNK = 4096 };

/* A store as a list of keys, to be written as a folder or as a zip file. */
typedef struct store {
    char keys[MOST_KEYS][64];
    unsigned char bytes[MOST_KEYS][MOST_CHUNK];
    size_t sizes[MOST_KEYS], n;
} store;

static store now;

static void put(const char *key, const void *bytes, size_t n)
{
    assert_true(now.n < MOST_KEYS && n <= MOST_CHUNK);
    snprintf(now.keys[now.n], sizeof now.keys[0], "%s", key);
    memcpy(now.bytes[now.n], bytes, n);
    now.sizes[now.n++] = n;
}

static void put_text(const char *key, const char *text)
{
    put(key, text, strlen(text));
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static void make_folders(const char *path)
{
    char part[4096];
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdir(part, 0777);
    }
}

static const char *write_folder(const char *name)
{
    static char path[4096];
    char file[4200];
    snprintf(path, sizeof path, "%s", test_folder_path(name));
    for (size_t i = 0; i < now.n; i++) {
        snprintf(file, sizeof file, "%s/%s", path, now.keys[i]);
        make_folders(file);
        FILE *out = fopen(file, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(now.bytes[i], 1, now.sizes[i], out), now.sizes[i]);
        fclose(out);
    }
    return path;
}

static void add(unsigned char *file, size_t *n, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        file[(*n)++] = i < sizeof value ? (unsigned char)(value >> 8 * i) : 0;
}

static void add_bytes(unsigned char *file, size_t *n, const void *bytes, size_t size)
{
    memcpy(file + *n, bytes, size);
    *n += size;
}

/* What a local header and the directory say alike. Sizes of a large file stand behind the name. */
static void add_entry(unsigned char *file, size_t *n, size_t i, bool is_deflated, bool is_large,
                      size_t packed)
{
    add(file, n, 45, 2);
    add(file, n, 0, 2);
    add(file, n, is_deflated ? 8 : 0, 2);
    add(file, n, 0, 4); /* time, date */
    add(file, n, libdeflate_crc32(0, now.bytes[i], now.sizes[i]), 4);
    add(file, n, is_large ? UINT32_MAX : packed, 4);
    add(file, n, is_large ? UINT32_MAX : now.sizes[i], 4);
    add(file, n, strlen(now.keys[i]), 2);
}

static size_t zip(unsigned char *file, bool is_deflated, bool is_large)
{
    size_t n = 0, places[MOST_KEYS], packed[MOST_KEYS];
    for (size_t i = 0; i < now.n; i++) {
        unsigned char small[2 * MOST_CHUNK];
        struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
        packed[i] = is_deflated
                        ? libdeflate_deflate_compress(c, now.bytes[i], now.sizes[i], small, sizeof small)
                        : now.sizes[i];
        libdeflate_free_compressor(c);
        places[i] = n;
        add_bytes(file, &n, "PK\3\4", 4);
        add_entry(file, &n, i, is_deflated, false, packed[i]);
        add(file, &n, 3, 2); /* an extra field, here only */
        add_bytes(file, &n, now.keys[i], strlen(now.keys[i]));
        add(file, &n, 0, 3);
        add_bytes(file, &n, is_deflated ? small : now.bytes[i], packed[i]);
    }
    size_t directory = n;
    for (size_t i = 0; i < now.n; i++) {
        add_bytes(file, &n, "PK\1\2", 4);
        add(file, &n, 45, 2);
        add_entry(file, &n, i, is_deflated, is_large, packed[i]);
        add(file, &n, is_large ? 28 : 0, 2);
        add(file, &n, 0, 10); /* comment, part, attributes */
        add(file, &n, is_large ? UINT32_MAX : places[i], 4);
        add_bytes(file, &n, now.keys[i], strlen(now.keys[i]));
        if (!is_large) continue;
        add(file, &n, 1, 2);
        add(file, &n, 24, 2);
        add(file, &n, now.sizes[i], 8);
        add(file, &n, packed[i], 8);
        add(file, &n, places[i], 8);
    }
    size_t bytes = n - directory, end = n;
    if (is_large) {
        add_bytes(file, &n, "PK\6\6", 4);
        add(file, &n, 44, 8);
        add(file, &n, 45, 2);
        add(file, &n, 45, 2);
        add(file, &n, 0, 8);
        add(file, &n, now.n, 8);
        add(file, &n, now.n, 8);
        add(file, &n, bytes, 8);
        add(file, &n, directory, 8);
        add_bytes(file, &n, "PK\6\7", 4);
        add(file, &n, 0, 4);
        add(file, &n, end, 8);
        add(file, &n, 1, 4);
    }
    add_bytes(file, &n, "PK\5\6", 4);
    add(file, &n, 0, 4);
    add(file, &n, is_large ? 65535 : now.n, 2);
    add(file, &n, is_large ? 65535 : now.n, 2);
    add(file, &n, is_large ? UINT32_MAX : bytes, 4);
    add(file, &n, is_large ? UINT32_MAX : directory, 4);
    add(file, &n, 4, 2);
    add_bytes(file, &n, "note", 4);
    return n;
}

static unsigned char zipped[MOST_KEYS * (MOST_CHUNK + 256)];

/* --- arrays ------------------------------------------------------------------------------------------------------- */

typedef struct kind {
    const char *dtype;
    vtr_type type;
    size_t bytes;
} kind;

static const kind kinds[] = {{"|u1", VTR_TYPE_U8, 1},  {"|i1", VTR_TYPE_I8, 1},  {"<u2", VTR_TYPE_U16, 2},
                             {">u2", VTR_TYPE_U16, 2}, {"<i2", VTR_TYPE_I16, 2}, {"<u4", VTR_TYPE_U32, 4},
                             {">i4", VTR_TYPE_I32, 4}, {"<f4", VTR_TYPE_F32, 4}, {">f4", VTR_TYPE_F32, 4},
                             {"<f8", VTR_TYPE_F64, 8}, {"<i8", VTR_TYPE_F64, 8}, {">u8", VTR_TYPE_F64, 8}};
static const char *const codecs[] = {
    "null", "{\"id\": \"zlib\", \"level\": 1}", "{\"id\": \"gzip\", \"level\": 5}",
    "{\"id\": \"zstd\", \"level\": 1}",
    "{\"id\": \"blosc\", \"cname\": \"lz4\", \"clevel\": 5, \"shuffle\": 1}"};
enum { N_KINDS = sizeof kinds / sizeof *kinds, N_CODECS = sizeof codecs / sizeof *codecs };

static size_t pack(unsigned char *to, const unsigned char *from, size_t n, size_t codec, size_t item)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t got = n;
    if (codec == 0) memcpy(to, from, n);
    if (codec == 1) got = libdeflate_zlib_compress(c, from, n, to, MOST_CHUNK);
    if (codec == 2) got = libdeflate_gzip_compress(c, from, n, to, MOST_CHUNK);
    if (codec == 3) got = ZSTD_compress(to, MOST_CHUNK, from, n, 1);
    if (codec == 4) got = (size_t)blosc_compress_ctx(5, 1, item, n, from, to, MOST_CHUNK, "lz4", 0, 1);
    libdeflate_free_compressor(c);
    assert_true(got > 0 && got <= MOST_CHUNK);
    return got;
}

/* Number i of the array, as it is stored. */
static void store_number(unsigned char *to, const kind *k, size_t i)
{
    uint64_t bits = i;
    if (k->dtype[1] == 'f' && k->bytes == 4) {
        float value = (float)i;
        uint32_t small;
        memcpy(&small, &value, sizeof small);
        bits = small;
    } else if (k->dtype[1] == 'f') {
        double value = (double)i;
        memcpy(&bits, &value, sizeof bits);
    }
    for (size_t b = 0; b < k->bytes; b++)
        to[k->dtype[0] == '>' ? k->bytes - 1 - b : b] = (unsigned char)(bits >> 8 * b);
}

/* Numbers 0, 1, 2 ... (below 100) in chunks; those beyond the edges are 77. The chunk `without` is not written. */
static void put_array(const char *group, const size_t *shape, const size_t *chunk, size_t rank, const kind *k,
                      size_t codec, char separator, size_t without)
{
    char text[1024], key[64], sizes[2][128] = {"", ""};
    size_t s[4] = {1, 1, 1, 1}, c[4] = {1, 1, 1, 1}, grid[4], number = 0;
    for (size_t i = 0; i < rank; i++) {
        const size_t values[2] = {s[4 - rank + i] = shape[i], c[4 - rank + i] = chunk[i]};
        for (int j = 0; j < 2; j++)
            snprintf(sizes[j] + strlen(sizes[j]), 32, "%s%zu", i > 0 ? ", " : "", values[j]);
    }
    for (int i = 0; i < 4; i++)
        grid[i] = (s[i] + c[i] - 1) / c[i];
    snprintf(text, sizeof text,
             "{\"chunks\": [%s], \"compressor\": %s, \"dimension_separator\": \"%c\", \"dtype\": \"%s\", "
             "\"fill_value\": 9, \"filters\": null, \"order\": \"C\", \"shape\": [%s], \"zarr_format\": 2}",
             sizes[1], codecs[codec], separator, k->dtype, sizes[0]);
    snprintf(key, sizeof key, "%s.zarray", group);
    put_text(key, text);
    for (size_t at = 0; at < grid[0] * grid[1] * grid[2] * grid[3]; at++) {
        const size_t g[4] = {at / grid[3] / grid[2] / grid[1], at / grid[3] / grid[2] % grid[1],
                             at / grid[3] % grid[2], at % grid[3]};
        unsigned char plain[MOST_CHUNK], packed[MOST_CHUNK];
        size_t n = 0;
        for (size_t i = 0; i < c[0] * c[1] * c[2] * c[3]; i++) {
            const size_t p[4] = {g[0] * c[0] + i / c[3] / c[2] / c[1], g[1] * c[1] + i / c[3] / c[2] % c[1],
                                 g[2] * c[2] + i / c[3] % c[2], g[3] * c[3] + i % c[3]};
            bool is_in = p[0] < s[0] && p[1] < s[1] && p[2] < s[2] && p[3] < s[3];
            store_number(plain + n, k,
                         is_in ? (((p[0] * s[1] + p[1]) * s[2] + p[2]) * s[3] + p[3]) % 100 : 77);
            n += k->bytes;
        }
        size_t used = (size_t)snprintf(key, sizeof key, "%s", group);
        for (size_t i = 4 - rank; i < 4; i++)
            used +=
                (size_t)snprintf(key + used, sizeof key - used, "%.*s%zu", i > 4 - rank, &separator, g[i]);
        if (number++ != without) put(key, packed, pack(packed, plain, n, codec, k->bytes));
    }
}

static void assert_counts(const char *path, const size_t shape[4], vtr_type type)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_memory_equal(info->shape, shape, 4 * sizeof *shape);
    assert_int_equal(info->type, type);
    assert_string_equal(info->format, "Zarr");
    void *values = test_read_all(dataset);
    for (size_t i = 0; i < shape[0] * shape[1] * shape[2] * shape[3]; i++)
        assert_true(test_value(values, type, i) == (double)(i % 100));
    vtr_free(values);
    vtr_dataset_close(&dataset);
}

static const size_t shape_4d[4] = {3, 5, 7, 6}, chunk_4d[4] = {2, 2, 4, 6};
enum { NONE = 1000 };

static void every_type_and_codec_is_read(void **state)
{
    (void)state;
    for (size_t codec = 0; codec < N_CODECS; codec++)
        for (size_t k = 0; k < N_KINDS; k++) {
            now.n = 0;
            put_array("", shape_4d, chunk_4d, 4, &kinds[k], codec, '.', NONE);
            assert_counts(write_folder("a.zarr"), shape_4d, kinds[k].type);
            test_folder_remove();
            test_folder_make();
        }
}

static void zip_files_are_read(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        now.n = 0;
        put_text(".zgroup", "{\"zarr_format\": 2}");
        put_text("any/0.0.0.0", "an older one, which holds no more");
        put_array("any/", shape_4d, chunk_4d, 4, &kinds[3], 4, '.', NONE);
        size_t n = zip(zipped, i % 2 == 1, i / 2 == 1);
        assert_counts(test_write_file("a.zip", zipped, n), shape_4d, VTR_TYPE_U16);
    }
}

/* Stacks and single patterns, chunks of several patterns, of parts of one, separated by "/". */
static void every_rank_is_read(void **state)
{
    (void)state;
    static const size_t stack[3] = {11, 6, 5}, few[3] = {4, 6, 5}, parts[3] = {1, 4, 3}, image[2] = {9, 8},
                        square[2] = {4, 4};
    now.n = 0;
    put_array("", stack, few, 3, &kinds[2], 4, '.', NONE);
    assert_counts(write_folder("stack"), (const size_t[4]){1, 11, 6, 5}, VTR_TYPE_U16);
    now.n = 0;
    put_array("", stack, parts, 3, &kinds[2], 1, '/', NONE);
    assert_counts(write_folder("parts"), (const size_t[4]){1, 11, 6, 5}, VTR_TYPE_U16);
    now.n = 0;
    put_array("", image, square, 2, &kinds[7], 3, '.', NONE);
    assert_counts(write_folder("image"), (const size_t[4]){1, 1, 9, 8}, VTR_TYPE_F32);
}

static void chunks_that_were_never_written_hold_the_fill_value(void **state)
{
    (void)state;
    vtr_error err;
    for (size_t k = 0; k < N_KINDS; k++) {
        now.n = 0;
        put_array("", shape_4d, (const size_t[4]){1, 1, 7, 6}, 4, &kinds[k], 0, '.', 4);
        vtr_dataset *dataset = NULL;
        assert_ok(vtr_dataset_open(&dataset, write_folder("a"), NULL, &err));
        void *values = test_read_all(dataset);
        for (size_t i = 0; i < 3 * 5 * 42; i++)
            assert_true(test_value(values, kinds[k].type, i) == (i / 42 == 4 ? 9 : (double)(i % 100)));
        vtr_free(values);
        vtr_dataset_close(&dataset);
        test_folder_remove();
        test_folder_make();
    }
}

/* The largest array of two to four dimensions, or the one that is asked for; HyperSpy's axes beside it. */
static void axes_are_taken_and_the_largest_array(void **state)
{
    (void)state;
    vtr_error err;
    static const size_t small[2] = {2, 3};
    now.n = 0;
    put_text(".zgroup", "{\"zarr_format\": 2}");
    put_array("a/small/", small, small, 2, &kinds[0], 0, '.', NONE);
    put_array("e/x/data/", shape_4d, chunk_4d, 4, &kinds[0], 0, '.', NONE);
    put_array("z/long/", (const size_t[1]){5000}, (const size_t[1]){3000}, 1, &kinds[0], 0, '.', NONE);
    put_text("e/x/axis-0/.zattrs", "{\"scale\": 2.5, \"units\": \"nm\", \"navigate\": true}");
    put_text("e/x/axis-1/.zattrs", "{\"scale\": 0.003, \"units\": \"\\u00b5m\", \"navigate\": true}");
    put_text("e/x/axis-2/.zattrs", "{\"scale\": 0.01, \"units\": \"1/\\u00c5\", \"navigate\": false}");
    put_text("e/x/axis-3/.zattrs", "{\"scale\": 0.2, \"units\": \"1/nm\", \"navigate\": false}");
    put_text("e/x/metadata/Acquisition_instrument/TEM/.zattrs", "{\"beam_energy\": 200}");
    const char *path = write_folder("a.zspy");
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_string_equal(info->dataset, "/e/x/data");
    assert_near(info->scan_step_nm[0], 2.5, 0);
    assert_near(info->scan_step_nm[1], 3, 1e-12);
    assert_near(info->k_step_inv_angstrom[0], 0.01, 1e-15);
    assert_near(info->k_step_inv_angstrom[1], 0.02, 1e-15);
    assert_near(info->beam_energy_kev, 200, 0);
    vtr_dataset_close(&dataset);
    vtr_dataset_params params = test_params();
    params.dataset = "/a/small";
    assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->shape[3], 3);
    vtr_dataset_close(&dataset);
    params.dataset = "/none";
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_FORMAT, "'/none' is not there");
    params.dataset = "/z/long";
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_SHAPE, "1 dimensions");
}

static void threads_share_the_chunks(void **state)
{
    (void)state;
    enum { N = 15, PIXELS = 42 };
    vtr_error err;
    now.n = 0;
    put_array("", shape_4d, chunk_4d, 4, &kinds[2], 4, '.', NONE);
    const char *path = write_folder("a");
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    int wrong = 0;
#pragma omp parallel for num_threads(4) schedule(dynamic) reduction(+ : wrong)
    for (int i = 0; i < 40 * N; i++) {
        uint16_t values[PIXELS];
        size_t frame = (size_t)(7 * i) % N;
        wrong += vtr_dataset_read(dataset, frame, 1, values, NULL) != VTR_OK;
        for (size_t k = 0; k < PIXELS; k++)
            wrong += values[k] != (frame * PIXELS + k) % 100;
    }
    assert_int_equal(wrong, 0);
    vtr_dataset_close(&dataset);
}

static void replace(const char *key, const char *from, const char *to)
{
    for (size_t i = 0; i < now.n; i++)
        if (strcmp(now.keys[i], key) == 0) {
            char text[MOST_CHUNK + 1], changed[MOST_CHUNK];
            memcpy(text, now.bytes[i], now.sizes[i]);
            text[now.sizes[i]] = '\0';
            char *at = strstr(text, from);
            assert_non_null(at);
            int n =
                snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
            memcpy(now.bytes[i], changed, (size_t)n);
            now.sizes[i] = (size_t)n;
        }
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"\"zarr_format\": 2", "\"zarr_format\": 3", "version of Zarr that is not read: 3"},
        {"\"order\": \"C\"", "\"order\": \"F\"", "Fortran order"},
        {"\"filters\": null", "\"filters\": [{\"id\": \"delta\"}]", "filters"},
        {"\"compressor\": null", "\"compressor\": {\"id\": \"lzma\"}", "lzma"},
        {"<u2", "<c8", "type that is not read: <c8"},
        {"<u2", "<f2", "type that is not read: <f2"},
        {"[2, 2, 4, 6]", "[2, 2, 4]", "shape and chunks"},
        {"[2, 2, 4, 6]", "[2, 2, 0, 6]", "chunks of a size"},
        {"[2, 2, 4, 6]", "[99999999999, 2, 4, 6]", "chunks of a size"},
        {"[2, 2, 4, 6]", "[2, -2, 4, 6]", "shape and chunks"},
        {"[3, 5, 7, 6]", "[3, 0, 7, 6]", "holds nothing"},
        {"[3, 5, 7, 6]", "[999999999999999, 999999999999999, 7, 6]", "which no recording has"},
        {"[3, 5, 7, 6]", "{\"a\": 1}", "shape and chunks"},
        {"\"fill_value\": 9", "\"fill_value\": \"x\"", "fill value that is no number: x"},
        {"{", "", "is not JSON"},
    };
    vtr_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        now.n = 0;
        vtr_dataset *dataset = NULL;
        put_array("", shape_4d, chunk_4d, 4, &kinds[2], 0, '.', NONE);
        replace(".zarray", cases[i][0], cases[i][1]);
        vtr_status status = vtr_dataset_open(&dataset, write_folder("a.zarr"), NULL, &err);
        if (status != VTR_ERR_FORMAT && status != VTR_ERR_SHAPE)
            fail_msg("%s: status %d", cases[i][1], (int)status);
        test_assert_contains(err.message, cases[i][2]);
        test_assert_contains(err.message, "a.zarr");
        assert_null(strchr(err.message, '\n'));
        test_folder_remove();
        test_folder_make();
    }
}

static void damaged_chunks_are_named(void **state)
{
    (void)state;
    vtr_error err;
    for (size_t codec = 0; codec < N_CODECS; codec++) {
        now.n = 0;
        put_array("", shape_4d, chunk_4d, 4, &kinds[2], codec, '.', NONE);
        for (size_t i = 0; i < now.n; i++)
            if (strcmp(now.keys[i], "0.1.1.0") == 0) now.sizes[i] -= 1;
        vtr_dataset *dataset = NULL;
        uint16_t values[4 * 42];
        assert_ok(vtr_dataset_open(&dataset, write_folder("a"), NULL, &err));
        assert_ok(vtr_dataset_read(dataset, 0, 2, values, &err));
        assert_fails(vtr_dataset_read(dataset, 1, 3, values, &err), VTR_ERR_IO, "0.1.1.0");
        assert_fails(vtr_dataset_read(dataset, 2, 1, values, &err), VTR_ERR_IO, "damaged");
        assert_ok(vtr_dataset_read(dataset, 4, 1, values, &err));
        vtr_dataset_close(&dataset);
        test_folder_remove();
        test_folder_make();
    }
}

/* Cut anywhere, any byte of the directory changed: a sentence, or the right numbers. */
static void damaged_zip_files_are_refused(void **state)
{
    (void)state;
    vtr_error err;
    now.n = 0;
    put_array("", shape_4d, chunk_4d, 4, &kinds[2], 0, '.', NONE);
    size_t n = zip(zipped, true, false), n_refused = 0, n_right = 0;
    for (size_t cut = 5; cut < n; cut += 97) {
        vtr_dataset *dataset = NULL;
        assert_fails(vtr_dataset_open(&dataset, test_write_file("cut.zip", zipped, n - cut), NULL, &err),
                     VTR_ERR_FORMAT, "cut.zip");
    }
    for (size_t i = n - 5; i > 4; i -= 4) {
        vtr_dataset *dataset = NULL;
        zipped[i] ^= 0x15;
        vtr_status status = vtr_dataset_open(&dataset, test_write_file("x.zip", zipped, n), NULL, &err);
        uint16_t values[15 * 42];
        if (status == VTR_OK) status = vtr_dataset_read(dataset, 0, 15, values, &err);
        for (size_t k = 0; status == VTR_OK && k < 15 * 42; k++)
            if (values[k] != k % 100 && values[k] != 9)
                fail_msg("byte %zu: number %zu is %u", i, k, values[k]);
        n_right += status == VTR_OK;
        n_refused += status != VTR_OK;
        if (status != VTR_OK) assert_true(err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
        zipped[i] ^= 0x15;
        vtr_dataset_close(&dataset);
    }
    /* dates, versions and sizes that are given twice are looked at once; a chunk with another name was never written */
    print_message("%zu refused, %zu read\n", n_refused, n_right);
    assert_true(n_refused > n_right);
    vtr_dataset *dataset = NULL;
    now.n = 0;
    put_text("a.txt", "no array");
    n = zip(zipped, false, false);
    assert_fails(vtr_dataset_open(&dataset, test_write_file("other.zip", zipped, n), NULL, &err),
                 VTR_ERR_FORMAT, "no array of Zarr's version 2");
}

static void short_memory_is_a_failure_without_a_leak(void **state)
{
    (void)state;
    now.n = 0;
    put_array("", shape_4d, chunk_4d, 4, &kinds[2], 4, '.', NONE);
    const char *paths[2] = {write_folder("a"), test_write_file("a.zip", zipped, zip(zipped, true, false))};
    for (int p = 0; p < 2; p++)
        for (long n = 0;; n++) {
            vtr_error err;
            vtr_dataset *dataset = NULL;
            uint16_t values[42];
            vtr_memory_fail_after(n);
            vtr_status status = vtr_dataset_open(&dataset, paths[p], NULL, &err);
            if (status == VTR_OK) status = vtr_dataset_read(dataset, 14, 1, values, &err);
            vtr_memory_fail_after(-1);
            vtr_dataset_close(&dataset);
            if (status == VTR_OK) break;
            assert_int_equal(status, VTR_ERR_MEMORY);
            assert_true(n < 100);
        }
}

static int make_folder(void **state)
{
    (void)state;
    test_folder_make();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        CASE(every_type_and_codec_is_read),
        CASE(zip_files_are_read),
        CASE(every_rank_is_read),
        CASE(chunks_that_were_never_written_hold_the_fill_value),
        CASE(axes_are_taken_and_the_largest_array),
        CASE(threads_share_the_chunks),
        CASE(what_cannot_be_read_is_named),
        CASE(damaged_chunks_are_named),
        CASE(damaged_zip_files_are_refused),
        CASE(short_memory_is_a_failure_without_a_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
