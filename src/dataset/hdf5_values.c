/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* strnlen */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/hdf5_internal.h"

enum { TEXT_MAX_BYTES = 4096, POSITIONS_MAX = 1 << 20 };

hid_t vtr_hdf5_open_object(hid_t location, const char *path)
{
    return H5Oopen(location, path, H5P_DEFAULT);
}

/* Copies n bytes as text, without padding by spaces. */
static void copy_text(char *text, size_t size, const char *from, size_t n)
{
    n = strnlen(from, n);
    while (n > 0 && from[n - 1] == ' ')
        n--;
    if (n >= size) n = size - 1;
    memcpy(text, from, n);
    text[n] = '\0';
}

/* One text of many: `read` fills a buffer of all of them. Texts have a fixed or a variable length. */
static bool text_of_many(char *text, size_t size, hid_t type, hid_t space, size_t index,
                         herr_t (*read)(hid_t object, hid_t type, void *buffer), hid_t object)
{
    hssize_t count = H5Sget_simple_extent_npoints(space);
    if (H5Tget_class(type) != H5T_STRING || count < 1 || (size_t)count <= index || count > 1024) return false;
    bool done = false;
    if (H5Tis_variable_str(type) > 0) {
        char **all = vtr_calloc((size_t)count, sizeof *all);
        hid_t memory_type = H5Tcopy(type);
        if (all != NULL && memory_type >= 0 && read(object, memory_type, all) >= 0) {
            if (all[index] != NULL) {
                copy_text(text, size, all[index], strlen(all[index]));
                done = true;
            }
            H5Dvlen_reclaim(memory_type, space, H5P_DEFAULT, all);
        }
        if (memory_type >= 0) H5Tclose(memory_type);
        vtr_free(all);
        return done;
    }
    size_t length = H5Tget_size(type);
    if (length == 0 || length > TEXT_MAX_BYTES) return false;
    char *all = vtr_calloc((size_t)count, length);
    if (all != NULL && read(object, type, all) >= 0) {
        copy_text(text, size, all + index * length, length);
        done = true;
    }
    vtr_free(all);
    return done;
}

static herr_t read_attribute(hid_t attribute, hid_t type, void *buffer)
{
    return H5Aread(attribute, type, buffer);
}

static herr_t read_dataset(hid_t dataset, hid_t type, void *buffer)
{
    return H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer);
}

bool vtr_hdf5_attribute_text_at(hid_t object, const char *name, size_t index, char *text, size_t size)
{
    if (H5Aexists(object, name) <= 0) return false;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0) return false;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    bool done =
        type >= 0 && space >= 0 && text_of_many(text, size, type, space, index, read_attribute, attribute);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    H5Aclose(attribute);
    return done;
}

bool vtr_hdf5_attribute_text(hid_t object, const char *name, char *text, size_t size)
{
    return vtr_hdf5_attribute_text_at(object, name, 0, text, size);
}

static bool is_number(hid_t type)
{
    H5T_class_t class = H5Tget_class(type);
    return class == H5T_INTEGER || class == H5T_FLOAT;
}

bool vtr_hdf5_attribute_number(hid_t object, const char *name, double *value)
{
    if (H5Aexists(object, name) <= 0) return false;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0) return false;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    bool done = type >= 0 && space >= 0 && is_number(type) && H5Sget_simple_extent_npoints(space) == 1 &&
                H5Aread(attribute, H5T_NATIVE_DOUBLE, value) >= 0;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    H5Aclose(attribute);
    return done;
}

/* Opens a dataset with its type and its number of values. */
static hid_t open_values(hid_t location, const char *path, hid_t *type, hid_t *space, hssize_t *count)
{
    hid_t object = vtr_hdf5_open_object(location, path);
    if (object < 0) return -1;
    if (H5Iget_type(object) != H5I_DATASET) {
        H5Oclose(object);
        return -1;
    }
    *type = H5Dget_type(object);
    *space = H5Dget_space(object);
    *count = *space >= 0 ? H5Sget_simple_extent_npoints(*space) : 0;
    return object;
}

static void close_values(hid_t object, hid_t type, hid_t space)
{
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    H5Oclose(object);
}

bool vtr_hdf5_number_at(hid_t location, const char *path, double *value)
{
    hid_t type, space;
    hssize_t count;
    hid_t object = open_values(location, path, &type, &space, &count);
    if (object < 0) return false;
    bool done =
        type >= 0 && is_number(type) && count == 1 && read_dataset(object, H5T_NATIVE_DOUBLE, value) >= 0;
    close_values(object, type, space);
    return done;
}

bool vtr_hdf5_text_at(hid_t location, const char *path, char *text, size_t size)
{
    hid_t type, space;
    hssize_t count;
    hid_t object = open_values(location, path, &type, &space, &count);
    if (object < 0) return false;
    bool done = type >= 0 && count == 1 && text_of_many(text, size, type, space, 0, read_dataset, object);
    close_values(object, type, space);
    return done;
}

bool vtr_hdf5_step_at(hid_t location, const char *path, double *step)
{
    hid_t type, space;
    hssize_t count;
    hid_t object = open_values(location, path, &type, &space, &count);
    if (object < 0) return false;
    bool done = false;
    if (type >= 0 && is_number(type) && count >= 2 && count <= POSITIONS_MAX &&
        H5Sget_simple_extent_ndims(space) == 1) {
        double *positions = vtr_calloc((size_t)count, sizeof *positions);
        if (positions != NULL && read_dataset(object, H5T_NATIVE_DOUBLE, positions) >= 0) {
            *step = (positions[count - 1] - positions[0]) / (double)(count - 1);
            done = isfinite(*step);
        }
        vtr_free(positions);
    }
    close_values(object, type, space);
    return done;
}
