/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* symlink */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
#include "support_dataset.h"
#include "vitrail/dataset.h"

/* Every row of formats/expected.csv, the table of what independent readers found in real files, against what is read
 * here: shape, type, extremes, sum, place of the first largest value, steps of the calibrated axes. A row is read and
 * right, refused with the words listed below, or the test fails. */

enum { MAX_LINE = 4096, N_FIELDS = 11, MAX_AXES = 8 };
enum { FIELD_FILE, FIELD_INDEX, FIELD_TITLE, FIELD_SHAPE, FIELD_TYPE, FIELD_LEAST, FIELD_LARGEST, FIELD_SUM };
enum { FIELD_PLACE = 8, FIELD_AXES, FIELD_READER };

/* What a row needs beside its own words. */
typedef struct special {
    const char *file;
    int index;               /* of the row's second column; -1: any */
    const char *datasets[2]; /* in the file, where the row's title is none; of two, the values together */
    size_t scan[2];          /* --scan-shape */
    const char *refusal;     /* words of the error that is right here */
    bool is_reordered;       /* that reader changed the order of the axes: place and axes are not compared */
    const char *known;       /* what is not yet as in the row */
    bool is_grey;            /* colours, which are read as one grey: only rows and columns are compared */
    bool is_alone;           /* the row leaves out what stands beside the file */
} special;

/* one line a row */
/* clang-format off */
#define SLICES "/4DSTEM_simulation/data/realslices/"
#define CUBES "/4DSTEM_simulation/data/datacubes/"
static const special specials[] = {
    {"dm/2d_type03.dm3", -1, .refusal = "complex or colour"},
    {"dm/2d_type13.dm4", -1, .refusal = "complex or colour"},
    {"dm/2d_type23.dm3", -1, .refusal = "complex or colour"},
    {"emd/Acquisition_18.emd", -1, .is_reordered = true}, /* axes X, Y are columns, rows */
    /* that reader joins the slices of one quantity and turns its axes round */
    {"emd/Si100_2D_3D_DPC_potential_2slices.emd", 0, {SLICES "DPC_CoM_depth0000", SLICES "DPC_CoM_depth0001"}, .is_reordered = true},
    {"emd/Si100_2D_3D_DPC_potential_2slices.emd", 1, {SLICES "annular_detector_depth0000", SLICES "annular_detector_depth0001"}, .is_reordered = true},
    {"emd/Si100_2D_3D_DPC_potential_2slices.emd", 2, {SLICES "ppotential"}, .is_reordered = true},
    {"emd/Si100_2D_3D_DPC_potential_2slices.emd", 3, {SLICES "virtual_detector_depth0000", SLICES "virtual_detector_depth0001"}, .is_reordered = true},
    {"emd/Si100_3D.emd", -1, .is_reordered = true},
    {"emd/Si100_4D.emd", -1, {CUBES "CBED_array_depth0000", CUBES "CBED_array_depth0001"}, .is_reordered = true},
    {"merlin/001_4x2_6bit.mib", -1, .scan = {2, 4}},
    {"mrc/emd_3001.map.gz", -1, .refusal = "gunzip"},
    /* the halves of one recording, each as the sequence that it is; together they are read by test_dataset_seq_halves */
    {"seq/celeritas_64x64_Prebuffer256/test_Bottom_14-13-42.822.seq", -1, .is_alone = true},
    {"seq/celeritas_64x64_Prebuffer256/test_Top_14-13-42.780.seq", -1, .is_alone = true},
    {"tia/16x16_STEM_BF_DF_acquire.emi", 1, {"16x16_STEM_BF_DF_acquire_2.ser"}},
    {"tia/16x16x5_STEM_BF_DF_preview.emi", 1, {"16x16x5_STEM_BF_DF_preview_2.ser"}},
    {"tiff/flower-rgb-contig-16.tif", -1, .is_grey = true},
    {"tiff/flower-rgb-planar-16.tif", -1, .is_grey = true},
    {"tiff/olympus_SIS.tif", -1, .is_grey = true},
    {"tiff/quad-lzw.tif", -1, .is_grey = true},
    {"tiff/quad-tile.tif", -1, .is_grey = true},
};
/* clang-format on */

static const special *special_of(const char *file, int index)
{
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (strcmp(specials[i].file, file) == 0 && (specials[i].index < 0 || specials[i].index == index))
            return &specials[i];
    static const special nothing;
    return &nothing;
}

/* Whole numbers of a text, up to eight. */
static size_t numbers_of(const char *text, size_t numbers[MAX_AXES])
{
    size_t n = 0;
    while (*text != '\0' && n < MAX_AXES) {
        if (isdigit((unsigned char)*text)) {
            char *end;
            numbers[n++] = (size_t)strtoull(text, &end, 10);
            text = end;
        } else {
            text++;
        }
    }
    return n;
}

typedef struct found {
    double least, largest, sum, set_bits;
    size_t n, place;
} found;

/* Adds a recording's values to what was found in the one before. */
static void add_values(found *f, vtr_dataset *dataset)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t n = info->n_frames * info->shape[2] * info->shape[3];
    void *values = test_read_all(dataset);
    for (size_t i = 0; i < n; i++) {
        double value = test_value(values, info->type, i);
        if (value < f->least) f->least = value;
        if (value > f->largest) {
            f->largest = value;
            f->place = f->n + i;
        }
        if (value >= 0 && value < 4e9)
            for (uint32_t bits = (uint32_t)value; bits != 0; bits &= bits - 1)
                f->set_bits++;
        f->sum += value;
    }
    f->n += n;
    vtr_free(values);
}

static bool is_same(double a, double b)
{
    return isnan(b) || fabs(a - b) <= 1e-9 * fabs(b) + 1e-9;
}

/* Sizes but for those of 1, in order. */
static size_t without_ones(size_t *sizes, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (sizes[i] != 1) sizes[kept++] = sizes[i];
    return kept;
}

static bool has_shape(const vtr_dataset_info *info, size_t n_values, const char *text, bool is_reordered)
{
    size_t there[4], wanted[MAX_AXES], n_wanted = numbers_of(text, wanted), product = 1;
    memcpy(there, info->shape, sizeof there);
    size_t n_there = without_ones(there, 4);
    for (size_t i = 0; i < n_wanted; i++)
        product *= wanted[i];
    n_wanted = without_ones(wanted, n_wanted);
    if (n_values != product) return false;
    /* a scan that a file beside it gives, or one that no file gives */
    if (is_reordered || n_there != n_wanted) return is_reordered || n_there + n_wanted == 7;
    return memcmp(there, wanted, n_there * sizeof *there) == 0;
}

/* Types as this program delivers them: booleans u8, 64-bit integers f64. */
static bool has_type(const vtr_dataset_info *info, const char *name)
{
    static const struct {
        const char *name;
        vtr_type type;
    } names[] = {
        {"uint8", VTR_TYPE_U8},    {"uint16", VTR_TYPE_U16},  {"uint32", VTR_TYPE_U32},
        {"int8", VTR_TYPE_I8},     {"int16", VTR_TYPE_I16},   {"int32", VTR_TYPE_I32},
        {"float32", VTR_TYPE_F32}, {"float64", VTR_TYPE_F64}, {"int64", VTR_TYPE_F64},
        {"uint64", VTR_TYPE_F64},  {"bool", VTR_TYPE_U8},
    };
    /* fewer bits than a byte's multiple become f32 */
    if (info->type == VTR_TYPE_F32 && strcmp(info->format, "TIFF") == 0) return true;
    /* Velox stores 16-bit integers; that reader makes them float64 */
    if (strcmp(name, "float64") == 0 && strstr(info->format, "Velox") != NULL) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i].name) == 0) return info->type == names[i].type;
    return false;
}

/* "name:size*step+offset unit; ...": steps of the last four axes with a unit that the axis can have. */
static bool has_axes(const vtr_dataset_info *info, char *text)
{
    char *axes[MAX_AXES];
    size_t n = 0;
    for (char *part = strtok(text, ";"); part != NULL && n < MAX_AXES; part = strtok(NULL, ";"))
        axes[n++] = part;
    for (size_t i = 0; i < n; i++) {
        const char *star = strchr(axes[i], '*');
        char *end;
        int axis = 4 - (int)(n - i);
        if (star == NULL || axis < 0) continue;
        double step = strtod(star + 1, &end), factor;
        strtod(end, &end); /* the offset */
        vtr_unit_kind kind = vtr_unit_parse(end, &factor);
        double here = axis < 2 ? info->scan_step_nm[axis] : info->k_step_inv_angstrom[axis - 2];
        if ((axis < 2 && kind == VTR_UNIT_LENGTH) || (axis >= 2 && kind == VTR_UNIT_RECIPROCAL))
            if (!(fabs(here - fabs(step) * factor) <= 1e-6 * fabs(step) * factor)) return false;
    }
    return true;
}

static double number_or_nan(const char *text)
{
    return *text == '\0' || strchr(text, 'j') != NULL ? (double)NAN : strtod(text, NULL);
}

/* Where the row counts bits or words frame by frame, their total. */
static double total_of(const char *text)
{
    double sum = 0;
    while (*text != '\0') {
        if (isdigit((unsigned char)*text)) {
            char *end;
            sum += strtod(text, &end);
            text = end;
        } else {
            text++;
        }
    }
    return sum;
}

/* NULL when all is as the row says; otherwise what is not. */
static const char *compare(const vtr_dataset_info *info, const found *f, char *fields[N_FIELDS],
                           const special *extra)
{
    size_t place[MAX_AXES], sizes[MAX_AXES], at = 0;
    size_t n_place = numbers_of(fields[FIELD_PLACE], place), n = numbers_of(fields[FIELD_SHAPE], sizes);
    if (strcmp(fields[FIELD_TYPE], "object") == 0) return NULL; /* that reader failed */
    if (strcmp(fields[FIELD_TYPE], "packed") == 0)
        return f->set_bits == total_of(fields[FIELD_SUM]) && info->n_frames == sizes[0] ? NULL : "set bits";
    if (extra->is_grey)
        return info->shape[2] * info->shape[3] * 3 == sizes[0] * sizes[1] * sizes[2] ? NULL : "shape";
    if (!has_shape(info, f->n, fields[FIELD_SHAPE], extra->is_reordered)) return "shape";
    if (strstr(fields[FIELD_SUM], "frame sums") != NULL)
        return f->sum == total_of(fields[FIELD_SUM]) ? NULL : "sum";
    if (!has_type(info, fields[FIELD_TYPE])) return "type";
    if (!is_same(f->least, number_or_nan(fields[FIELD_LEAST]))) return "least value";
    if (!is_same(f->largest, number_or_nan(fields[FIELD_LARGEST]))) return "largest value";
    if (!is_same(f->sum, number_or_nan(fields[FIELD_SUM]))) return "sum";
    if (extra->is_reordered || n_place == 0 || n_place != n) return NULL;
    for (size_t i = 0; i < n; i++)
        at = at * sizes[i] + place[i];
    if (f->place != at) return "place of the largest value";
    return has_axes(info, fields[FIELD_AXES]) ? NULL : "calibration";
}

typedef enum outcome { IS_RIGHT, IS_REFUSED, IS_WRONG, IS_MISSING } outcome;

/* Whether the words of an error are those that the row calls for. */
static bool is_right_refusal(const vtr_error *err, char *fields[N_FIELDS], const special *extra)
{
    size_t sizes[MAX_AXES];
    const char *words = extra->refusal;
    if (words == NULL && numbers_of(fields[FIELD_SHAPE], sizes) == 1) words = "dimension";
    return words != NULL && strstr(err->message, words) != NULL;
}

/* The same file under a name that belongs to no other's. */
static const char *alone(const char *path)
{
    const char *name = test_folder_path("alone.seq");
    unlink(name);
    assert_int_equal(symlink(path, name), 0);
    return name;
}

static outcome check_row(char *fields[N_FIELDS], const special *extra, char why[256])
{
    const char *path = test_real_file(fields[FIELD_FILE]);
    if (path == NULL) return IS_MISSING;
    if (extra->is_alone) path = alone(path);
    vtr_dataset_params params = test_params();
    char name[300];
    snprintf(name, sizeof name, "/%s", fields[FIELD_TITLE]);
    const char *first = strcmp(fields[FIELD_READER], "h5py") == 0 ? name : extra->datasets[0];
    memcpy(params.scan_shape, extra->scan, sizeof extra->scan);
    found f = {.least = INFINITY, .largest = -INFINITY};
    vtr_dataset_info info;
    for (int i = 0; i < 2 && (i == 0 || extra->datasets[i] != NULL); i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        params.dataset = i == 0 ? first : extra->datasets[i];
        if (vtr_dataset_open(&dataset, path, &params, &err) != VTR_OK) {
            snprintf(why, 256, "%.250s", err.message);
            return is_right_refusal(&err, fields, extra) ? IS_REFUSED : IS_WRONG;
        }
        add_values(&f, dataset);
        info = *vtr_dataset_get_info(dataset);
        vtr_dataset_close(&dataset);
    }
    const char *wrong = extra->refusal != NULL ? "not refused" : compare(&info, &f, fields, extra);
    snprintf(why, 256, "%s", wrong != NULL ? wrong : info.format);
    return wrong == NULL ? IS_RIGHT : IS_WRONG;
}

static void every_row_is_right_or_refused(void **state)
{
    (void)state;
    static const char *const words[] = {"right", "refused", "WRONG", "missing"};
    const char *table = test_real_file("expected.csv");
    if (table == NULL) skip();
    FILE *file = fopen(table, "r");
    assert_non_null(file);
    char line[MAX_LINE];
    size_t counts[4] = {0};
    while (fgets(line, sizeof line, file) != NULL) {
        char *fields[N_FIELDS] = {line}, why[256] = "";
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '#' || strncmp(line, "file,", 5) == 0) continue;
        size_t n = 1;
        for (char *c = line; *c != '\0' && n < N_FIELDS; c++)
            if (*c == ',') {
                *c = '\0';
                fields[n++] = c + 1;
            }
        assert_int_equal(n, N_FIELDS);
        outcome o = check_row(fields, special_of(fields[FIELD_FILE], atoi(fields[FIELD_INDEX])), why);
        counts[o]++;
        print_message("%-8s %s %s: %s\n", words[o], fields[FIELD_FILE], fields[FIELD_TITLE], why);
    }
    fclose(file);
    print_message("%zu right, %zu refused, %zu wrong, %zu missing\n", counts[IS_RIGHT], counts[IS_REFUSED],
                  counts[IS_WRONG], counts[IS_MISSING]);
    assert_int_equal(counts[IS_WRONG], 0);
}

/* Files that the table has no row of: what they open as, or the words of their refusal. */
static void other_files_open_or_say_why_not(void **state)
{
    (void)state;
    static const struct {
        const char *file, *format, *refusal;
    } files[] = {
        {"dectris/test_00.h5", NULL, "two to four dimensions"},
        {"dectris/test_00_master.h5", "HDF5: NeXus", NULL},
        {"dectris/MEA_ptycho_15_master.h5", NULL, "MEA_ptycho_15_data_000001.h5"},
        {"dm/nion_ref_F_0_1.dm5", NULL, "two to four dimensions"},
        {"empad/map4x4.xml", "EMPAD", NULL},
        {"empad/scan_x4_y4.raw", "EMPAD", NULL},
        {"empad/map128x128_version1.2.0.xml", NULL, "scan_x128_y128.raw"},
        {"hdf5/bitshuffle_regression_0.1.3.h5", NULL, "two to four dimensions"},
        {"merlin/001_4x2_6bit.hdr", NULL, "no format that is known"},
        {"mrc/20241021_00405_info.txt", NULL, "no format that is known"},
        {"seq/de_test.seq.metadata", NULL, "no format that is known"},
        {"seq/de_test.seq.Config.Metadata.xml", NULL, "no format that is known"},
        {"tvips/test_tvips_2345_split_001.tvips", NULL, "_000.tvips"},
        {"tvips/test_tvips_2345_split_002.tvips", NULL, "_000.tvips"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        const char *path = test_real_file(files[i].file);
        if (path == NULL) continue;
        vtr_status status = vtr_dataset_open(&dataset, path, NULL, &err);
        if (files[i].refusal != NULL) {
            assert_int_not_equal(status, VTR_OK);
            assert_non_null(strstr(err.message, files[i].refusal));
        } else {
            assert_ok(status);
            assert_string_equal(vtr_dataset_get_info(dataset)->format, files[i].format);
        }
        vtr_dataset_close(&dataset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_is_right_or_refused),
                                       cmocka_unit_test(other_files_open_or_say_why_not)};
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
