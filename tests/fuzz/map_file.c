/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "vitrail/calibration.h"
#include "vitrail/field.h"
#include "vitrail/inclusions.h"
#include "vitrail/line_profile.h"
#include "vitrail/magnetic.h"
#include "vitrail/mapfile.h"
#include "vitrail/pdf_positions.h"
#include "vitrail/region.h"
#include "vitrail/ring_map.h"

/* A sound map file (MAP_FILE, made by make_map) in which things are taken away, put in again with another type or shape,
 * or made not finite, and then everything that commands read from such a file. An input is a byte that says what is
 * read, and a row of changes of eight bytes. */

enum { MAX_OBJECTS = 256, MAX_ATTRIBUTES = 512, NAME = 128, CHANGE = 8, MAX_CHANGES = 8, MAX_VALUES = 4096 };

typedef struct attribute {
    size_t object;
    char name[NAME];
} attribute;

static struct {
    uint8_t *bytes;
    size_t size, n_objects, n_attributes;
    char objects[MAX_OBJECTS][NAME]; /* paths; groups and datasets */
    attribute attributes[MAX_ATTRIBUTES];
} original;

static herr_t note_attribute(hid_t place, const char *name, const H5A_info_t *info, void *user)
{
    (void)place, (void)info, (void)user;
    if (original.n_attributes == MAX_ATTRIBUTES) return 1;
    attribute *a = &original.attributes[original.n_attributes++];
    a->object = original.n_objects - 1;
    snprintf(a->name, sizeof a->name, "%s", name);
    return 0;
}

static herr_t note_object(hid_t root, const char *name, const H5O_info_t *info, void *user)
{
    (void)info, (void)user;
    if (original.n_objects == MAX_OBJECTS || strlen(name) >= NAME) return 1;
    strcpy(original.objects[original.n_objects++], name);
    hid_t object = H5Oopen(root, name, H5P_DEFAULT);
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, note_attribute, NULL);
    H5Oclose(object);
    return 0;
}

static void load_original(void)
{
    FILE *file = fopen(MAP_FILE, "rb");
    if (file == NULL) abort();
    fseek(file, 0, SEEK_END);
    original.size = (size_t)ftell(file);
    original.bytes = malloc(original.size);
    rewind(file);
    if (original.bytes == NULL || fread(original.bytes, 1, original.size, file) != original.size) abort();
    fclose(file);
    hid_t h5 = H5Fopen(MAP_FILE, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (h5 < 0 || H5Ovisit2(h5, H5_INDEX_NAME, H5_ITER_INC, note_object, NULL, H5O_INFO_BASIC) != 0) abort();
    H5Fclose(h5);
}

/* HDF5 wants a file with a name. */
static char copy_path[64];

static void remove_copy(void)
{
    unlink(copy_path);
}

static const char *put_original(void)
{
    static int descriptor = -1;
    if (descriptor < 0) {
        snprintf(copy_path, sizeof copy_path, "%s/vitrail-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        descriptor = mkstemp(copy_path);
        if (descriptor < 0) abort();
        atexit(remove_copy);
    }
    if (ftruncate(descriptor, 0) != 0 ||
        pwrite(descriptor, original.bytes, original.size, 0) != (ssize_t)original.size)
        abort();
    return copy_path;
}

/* --- changes ---------------------------------------------------------------------------------------------------- */

static double liked_value(uint8_t which)
{
    static const double liked[] = {0,     1,      -1,     NAN,          INFINITY, -INFINITY,
                                   1e300, -1e300, 1e-300, 4294967296.0, 0.5,      65};
    return which < sizeof liked / sizeof *liked ? liked[which] : (double)which - 128;
}

static hid_t type_of(uint8_t which)
{
    switch (which % 6) {
    case 0:
        return H5Tcopy(H5T_NATIVE_FLOAT);
    case 1:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    case 2:
        return H5Tcopy(H5T_NATIVE_UINT8);
    case 3:
        return H5Tcopy(H5T_NATIVE_INT32);
    case 4:
        return H5Tcopy(H5T_NATIVE_UINT64);
    default: {
        hid_t text = H5Tcopy(H5T_C_S1);
        H5Tset_size(text, which / 6 % 2 == 0 ? H5T_VARIABLE : 1 + which % 40u);
        return text;
    }
    }
}

/* A space of rank 0 to 5 and short sides, one of which may be so long that it fits no memory. */
static hid_t space_of(const uint8_t *change)
{
    hsize_t shape[5];
    int rank = change[3] % 6;
    for (int i = 0; i < rank; i++) {
        uint8_t side = (uint8_t)(change[4 + i % 4] >> (i / 4));
        shape[i] = side == 255 ? (hsize_t)1 << 40 : side % 16;
    }
    return rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, shape, NULL);
}

static void replace_dataset(hid_t file, const char *path, const uint8_t *change)
{
    H5Ldelete(file, path, H5P_DEFAULT);
    hid_t type = type_of(change[2]), space = space_of(change), creation = H5Pcreate(H5P_DATASET_CREATE);
    if (H5Tget_class(type) == H5T_FLOAT || H5Tget_class(type) == H5T_INTEGER) {
        double value = liked_value(change[7]);
        H5Pset_fill_value(creation, H5T_NATIVE_DOUBLE, &value);
    }
    H5Pset_alloc_time(creation, H5D_ALLOC_TIME_LATE);
    hid_t made = H5Dcreate2(file, path, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (made >= 0) H5Dclose(made);
    H5Pclose(creation);
    H5Sclose(space);
    H5Tclose(type);
}

/* From one value on, some values of a dataset become another one. */
static void overwrite_values(hid_t file, const char *path, const uint8_t *change)
{
    static double values[MAX_VALUES];
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    if (dataset < 0) return;
    hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    hssize_t n = H5Sget_simple_extent_npoints(space);
    H5T_class_t class = H5Tget_class(type);
    if (n > 0 && n <= MAX_VALUES && (class == H5T_FLOAT || class == H5T_INTEGER) &&
        H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0) {
        hssize_t first = change[3] * n / 256, last = first + 1 + change[4] * n / 256;
        for (hssize_t i = first; i < last && i < n; i++)
            values[i] = liked_value(change[7]);
        H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    }
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(dataset);
}

static void replace_attribute(hid_t file, const attribute *a, const uint8_t *change)
{
    hid_t object = H5Oopen(file, original.objects[a->object], H5P_DEFAULT);
    if (object < 0) return;
    H5Adelete(object, a->name);
    if (change[0] % 6 != 3) {
        hsize_t n = change[3] % 9;
        double values[9];
        const char *texts[9];
        for (int i = 0; i < 9; i++) {
            values[i] = liked_value(i % 2 == 0 ? change[7] : change[6]);
            texts[i] = change[5] % 2 == 0 ? "nan" : "-1e9,%n\xff<";
        }
        bool is_text = change[2] % 4 == 0;
        hid_t type = H5Tcopy(is_text ? H5T_C_S1 : H5T_NATIVE_DOUBLE);
        if (is_text) H5Tset_size(type, H5T_VARIABLE);
        hid_t space = n == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, NULL);
        hid_t made = H5Acreate2(object, a->name, type, space, H5P_DEFAULT, H5P_DEFAULT);
        if (made >= 0) {
            H5Awrite(made, type, is_text ? (const void *)texts : (const void *)values);
            H5Aclose(made);
        }
        H5Sclose(space);
        H5Tclose(type);
    }
    H5Oclose(object);
}

static void make_change(hid_t file, const uint8_t *change)
{
    const char *path = original.objects[change[1] % original.n_objects];
    const attribute *a = &original.attributes[(change[1] + 256u * change[4]) % original.n_attributes];
    switch (change[0] % 6) {
    case 0:
        H5Ldelete(file, path, H5P_DEFAULT);
        break;
    case 1:
        replace_dataset(file, path, change);
        break;
    case 2:
        overwrite_values(file, path, change);
        break;
    default:
        replace_attribute(file, a, change);
        break;
    }
}

/* --- what commands read ----------------------------------------------------------------------------------------- */

static void read_strain(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_ring_map rings = {0};
    vtr_status status = vtr_ring_map_read(&rings, file, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) {
        vtr_field field;
        vtr_field_params params;
        vtr_parameters_default(&vtr_field_parameters, &params);
        err = (vtr_error){0};
        status = vtr_field_compute(&field, &rings, &params, &err);
        fuzz_check_sentence(status, err.message);
        if (status == VTR_OK) vtr_field_release(&field);
        vtr_ring_map_release(&rings);
    }
    vtr_strain_maps maps;
    err = (vtr_error){0};
    status = vtr_strain_maps_read(&maps, file, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_strain_maps_release(&maps);
}

static void read_beam(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_beam_map beam;
    vtr_status status = vtr_beam_map_read(&beam, file, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_beam_map_release(&beam);
    vtr_field_params settings;
    err = (vtr_error){0};
    fuzz_check_sentence(vtr_magnetic_strain_settings(&settings, file, &err), err.message);
    vtr_calibration *calibration = NULL;
    err = (vtr_error){0};
    fuzz_check_sentence(vtr_calibration_read(&calibration, file, &err), err.message);
    vtr_calibration_free(calibration);
}

static void read_lines_and_regions(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_line_map map;
    vtr_status status = vtr_line_map_read(&map, file, "strain", "exx", &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_line_map_release(&map);
    vtr_region region;
    err = (vtr_error){0};
    status = vtr_region_parse(&region, "r=exx>0&!density<0", file, 6, 5, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_region_release(&region);
}

static void read_pdfs(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_pdf_positions *positions = NULL;
    vtr_status status = vtr_pdf_positions_open(&positions, file, NULL, NULL, &err);
    fuzz_check_sentence(status, err.message);
    if (status != VTR_OK) return;
    size_t n = vtr_pdf_positions_n_channels(positions, VTR_PDF_QUANTITY_G);
    float *values = malloc(2 * n * sizeof *values);
    size_t last = vtr_pdf_positions_n_y(positions) * vtr_pdf_positions_n_x(positions) - 1;
    if (values != NULL && last > 0) {
        err = (vtr_error){0};
        fuzz_check_sentence(
            vtr_pdf_positions_read(positions, VTR_PDF_QUANTITY_G, last - 1, 2, values, 1, &err), err.message);
    }
    free(values);
    vtr_pdf_positions_close(&positions);
}

static void ignore(void *user, const char *group, const char *name)
{
    (void)user, (void)group, (void)name;
}

int fuzz_one(const uint8_t *data, size_t size)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    if (original.bytes == NULL) load_original();
    const char *path = put_original();
    hid_t h5 = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    if (h5 < 0) abort();
    for (size_t i = 0; i < MAX_CHANGES && 1 + (i + 1) * CHANGE <= size; i++)
        make_change(h5, data + 1 + i * CHANGE);
    H5Fclose(h5);

    vtr_error err = {0};
    vtr_mapfile *file = NULL;
    vtr_status status = vtr_mapfile_open(&file, path, &err);
    fuzz_check_sentence(status, err.message);
    if (status != VTR_OK) return 0;
    err = (vtr_error){0};
    fuzz_check_sentence(vtr_mapfile_list(file, ignore, NULL, &err), err.message);
    read_strain(file);
    read_beam(file);
    read_lines_and_regions(file);
    /* It takes a hundred times as long as all the rest. */
    if (size > 0 && data[0] == 'P') read_pdfs(file);
    vtr_mapfile_close(&file);
    return 0;
}
