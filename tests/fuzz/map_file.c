/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
 * or made not finite, and then what commands read from such a file. An input is a byte that chooses one of the readers
 * below, and a row of changes of eight bytes. Each reader has a copy of the file with only the groups it reads, so that
 * changes hit these and a thousand inputs a second can be tried. */

enum {
    MAX_OBJECTS = 256,
    MAX_ATTRIBUTES = 512,
    NAME = 128,
    CHANGE = 8,
    MAX_CHANGES = 8,
    MAX_VALUES = 4096,
    MAX_GROUPS = 4
};

typedef struct attribute {
    size_t object;
    char name[NAME];
} attribute;

typedef struct original_file {
    uint8_t *bytes;
    size_t size, n_objects, n_attributes;
    char objects[MAX_OBJECTS][NAME]; /* paths; groups and datasets */
    attribute attributes[MAX_ATTRIBUTES];
} original_file;

typedef struct reader {
    vtr_status (*read)(const vtr_mapfile *file);
    const char *groups[MAX_GROUPS]; /* of /entry */
    original_file original;
} reader;

static herr_t note_attribute(hid_t place, const char *name, const H5A_info_t *info, void *user)
{
    (void)place, (void)info;
    original_file *original = user;
    if (original->n_attributes == MAX_ATTRIBUTES) return 1;
    attribute *a = &original->attributes[original->n_attributes++];
    a->object = original->n_objects - 1;
    snprintf(a->name, sizeof a->name, "%s", name);
    return 0;
}

static herr_t note_object(hid_t root, const char *name, const H5O_info_t *info, void *user)
{
    (void)info;
    original_file *original = user;
    if (original->n_objects == MAX_OBJECTS || strlen(name) >= NAME) return 1;
    strcpy(original->objects[original->n_objects++], name);
    hid_t object = H5Oopen(root, name, H5P_DEFAULT);
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, note_attribute, original);
    H5Oclose(object);
    return 0;
}

/* --- in memory -------------------------------------------------------------------------------------------------- */

/* The changed file. It lies in memory only: to write and open a real one takes longer than all that is tried. */
static hid_t changed = H5I_INVALID_HID;

/* HDF5 would allocate and copy the file three times for each input. It is given the same memory again and
 * again, with room to grow, and the sound bytes are copied into it when the file is opened. */
enum { MAX_IMAGE = 4 << 20 };
static uint8_t image[MAX_IMAGE];
static size_t image_size;

static void *image_malloc(size_t size, H5FD_file_image_op_t op, void *user)
{
    (void)op, (void)user;
    if (size > sizeof image) return NULL;
    image_size = size;
    return image;
}

static void *image_copy(void *to, const void *from, size_t size, H5FD_file_image_op_t op, void *user)
{
    (void)from;
    if (op == H5FD_FILE_IMAGE_OP_FILE_OPEN) memcpy(to, ((const original_file *)user)->bytes, size);
    return to;
}

static void *same_user(void *user)
{
    return user;
}

static herr_t keep_user(void *user)
{
    (void)user;
    return 0;
}

static void *image_realloc(void *memory, size_t size, H5FD_file_image_op_t op, void *user)
{
    (void)memory;
    return image_malloc(size, op, user);
}

static herr_t image_free(void *memory, H5FD_file_image_op_t op, void *user)
{
    (void)memory, (void)op, (void)user;
    return 0;
}

static hid_t open_image(original_file *original)
{
    H5FD_file_image_callbacks_t callbacks = {image_malloc, image_copy, image_realloc, image_free,
                                             same_user,    keep_user,  original};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (H5Pset_fapl_core(access, 1 << 12, false) < 0 || H5Pset_file_image_callbacks(access, &callbacks) < 0 ||
        H5Pset_file_image(access, original->bytes, original->size) < 0)
        abort();
    hid_t file = H5Fopen("in-memory", H5F_ACC_RDWR, access);
    H5Pclose(access);
    if (file < 0) abort();
    return file;
}

/* Takes every group away that the reader does not read. */
static herr_t remove_unread(hid_t entry, const char *name, const H5L_info_t *info, void *user)
{
    (void)info;
    const reader *r = user;
    for (size_t i = 0; i < MAX_GROUPS && r->groups[i] != NULL; i++)
        if (strcmp(name, r->groups[i]) == 0) return 0;
    return H5Ldelete(entry, name, H5P_DEFAULT) < 0 ? -1 : 1;
}

static uint8_t *file_bytes(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) abort();
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    uint8_t *bytes = malloc(*size);
    rewind(file);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size) abort();
    fclose(file);
    return bytes;
}

static void load_original(reader *r)
{
    original_file *original = &r->original;
    original->bytes = file_bytes(MAP_FILE, &original->size);
    hid_t file = open_image(original), entry = H5Gopen2(file, "/entry", H5P_DEFAULT);
    /* Again from the start after each, because a group must not change while it is walked through. */
    herr_t removed = 1;
    while (removed > 0)
        removed = H5Literate(entry, H5_INDEX_NAME, H5_ITER_INC, NULL, remove_unread, r);
    H5Gclose(entry);
    if (removed < 0 ||
        H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, note_object, original, H5O_INFO_BASIC) != 0)
        abort();
    /* Closed first: an image of an open file says that it is being written. */
    H5Fclose(file);
    free(original->bytes);
    original->bytes = malloc(image_size);
    if (original->bytes == NULL) abort();
    memcpy(original->bytes, image, image_size);
    original->size = image_size;
}

/* The linker puts this in the place of H5Fopen: what the library opens by the name MAP_FILE is the changed file. */
hid_t __real_H5Fopen(const char *path, unsigned flags, hid_t access);
hid_t __wrap_H5Fopen(const char *path, unsigned flags, hid_t access);

hid_t __wrap_H5Fopen(const char *path, unsigned flags, hid_t access)
{
    return changed >= 0 && strcmp(path, MAP_FILE) == 0 ? H5Freopen(changed)
                                                       : __real_H5Fopen(path, flags, access);
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

static void replace_attribute(hid_t file, const original_file *original, const attribute *a,
                              const uint8_t *change)
{
    hid_t object = H5Oopen(file, original->objects[a->object], H5P_DEFAULT);
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

static void make_change(hid_t file, const original_file *original, const uint8_t *change)
{
    const char *path = original->objects[change[1] % original->n_objects];
    const attribute *a = &original->attributes[(change[1] + 256u * change[4]) % original->n_attributes];
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
        replace_attribute(file, original, a, change);
        break;
    }
}

/* --- what commands read ----------------------------------------------------------------------------------------- */

/* map_pdf.c has only the reader of PDFs, which takes a hundred times as long as all the others. */
#ifndef MAP_PDF

static vtr_status read_field(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_ring_map rings = {0};
    vtr_status status = vtr_ring_map_read(&rings, file, &err);
    fuzz_check_sentence(status, err.message);
    if (status != VTR_OK) return status;
    vtr_field field;
    vtr_field_params params;
    vtr_parameters_default(&vtr_field_parameters, &params);
    err = (vtr_error){0};
    status = vtr_field_compute(&field, &rings, &params, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_field_release(&field);
    vtr_ring_map_release(&rings);
    return status;
}

static vtr_status read_strain(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_strain_maps maps;
    vtr_status status = vtr_strain_maps_read(&maps, file, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_strain_maps_release(&maps);
    return status;
}

static vtr_status read_beam(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_beam_map beam;
    vtr_status status = vtr_beam_map_read(&beam, file, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_beam_map_release(&beam);
    return status;
}

static vtr_status read_settings(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_field_params settings;
    vtr_status status = vtr_magnetic_strain_settings(&settings, file, &err);
    fuzz_check_sentence(status, err.message);
    return status;
}

static vtr_status read_calibration(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_calibration *calibration = NULL;
    vtr_status status = vtr_calibration_read(&calibration, file, &err);
    fuzz_check_sentence(status, err.message);
    vtr_calibration_free(calibration);
    return status;
}

static vtr_status read_line(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_line_map map;
    vtr_status status = vtr_line_map_read(&map, file, "strain", "exx", &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_line_map_release(&map);
    return status;
}

static vtr_status read_region(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_region region;
    vtr_status status = vtr_region_parse(&region, "r=exx>0&!density<0", file, 6, 5, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) vtr_region_release(&region);
    return status;
}

#else

static vtr_status read_pdfs(const vtr_mapfile *file)
{
    vtr_error err = {0};
    vtr_pdf_positions *positions = NULL;
    vtr_status status = vtr_pdf_positions_open(&positions, file, NULL, NULL, &err);
    fuzz_check_sentence(status, err.message);
    if (status != VTR_OK) return status;
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
    return VTR_OK;
}

#endif

static reader readers[] = {
#ifdef MAP_PDF
    {.read = read_pdfs, .groups = {"pdf", "profile", "process"}},
#else
    {.read = read_field, .groups = {"ring", "calibration"}},
    {.read = read_strain, .groups = {"strain"}},
    {.read = read_beam, .groups = {"beam"}},
    {.read = read_settings, .groups = {"process", "strain"}},
    {.read = read_calibration, .groups = {"calibration"}},
    {.read = read_line, .groups = {"strain"}},
    {.read = read_region, .groups = {"strain"}},
#endif
};
enum { N_READERS = sizeof readers / sizeof *readers };

static vtr_status read_changed(reader *r, const uint8_t *changes, size_t size)
{
    changed = open_image(&r->original);
    for (size_t i = 0; i < MAX_CHANGES && (i + 1) * CHANGE <= size; i++)
        make_change(changed, &r->original, changes + i * CHANGE);
    vtr_error err = {0};
    vtr_mapfile *file = NULL;
    vtr_status status = vtr_mapfile_open(&file, MAP_FILE, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) status = r->read(file);
    vtr_mapfile_close(&file);
    /* What reading leaves open holds the file. */
    if (H5Fget_obj_count(changed, H5F_OBJ_ALL) != 1) abort();
    H5Fclose(changed);
    changed = H5I_INVALID_HID;
    return status;
}

int fuzz_one(const uint8_t *data, size_t size)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    if (size == 0) return 0;
    reader *r = &readers[data[0] % N_READERS];
    if (r->original.bytes == NULL) {
        load_original(r);
        /* Without a change it is read to the end, or the groups are not the ones that the reader wants. */
        if (read_changed(r, data, 0) != VTR_OK) abort();
    }
    read_changed(r, data + 1, size - 1);
    return 0;
}
