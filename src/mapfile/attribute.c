/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"

/* Text of variable length in UTF-8, as h5py and the NeXus tools write it. */
static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

static herr_t set_attribute(hid_t object, const char *name, hid_t type, hid_t space, const void *values)
{
    hid_t attribute = H5I_INVALID_HID;
    herr_t result = -1;
    if (type < 0 || space < 0) return -1;
    if (H5Aexists(object, name) > 0 && H5Adelete(object, name) < 0) return -1;
    attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute >= 0) result = H5Awrite(attribute, type, values);
    vtr_mapfile_id_close(attribute);
    return result;
}

static hid_t space_of(size_t n)
{
    hsize_t length = n;
    return n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &length, NULL);
}

herr_t vtr_mapfile_set_text(hid_t object, const char *name, const char *text)
{
    hid_t type = text_type(), space = H5Screate(H5S_SCALAR);
    herr_t result = set_attribute(object, name, type, space, &text);
    vtr_mapfile_id_close(type);
    vtr_mapfile_id_close(space);
    return result;
}

herr_t vtr_mapfile_set_texts(hid_t object, const char *name, size_t n, const char *const *texts)
{
    hsize_t length = n;
    hid_t type = text_type(), space = H5Screate_simple(1, &length, NULL);
    herr_t result = set_attribute(object, name, type, space, texts);
    vtr_mapfile_id_close(type);
    vtr_mapfile_id_close(space);
    return result;
}

herr_t vtr_mapfile_set_numbers(hid_t object, const char *name, size_t n, const double *values)
{
    hid_t space = space_of(n);
    herr_t result = set_attribute(object, name, H5T_NATIVE_DOUBLE, space, values);
    vtr_mapfile_id_close(space);
    return result;
}

herr_t vtr_mapfile_set_integer(hid_t object, const char *name, int64_t value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    herr_t result = set_attribute(object, name, H5T_NATIVE_INT64, space, &value);
    vtr_mapfile_id_close(space);
    return result;
}

static herr_t read_values(hid_t source, hid_t type, void *values)
{
    return H5Iget_type(source) == H5I_ATTR ? H5Aread(source, type, values)
                                           : H5Dread(source, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
}

/* Hands each text of an opened attribute or dataset to `visit`; texts of fixed length, as other programs
 * write, too. */
static long visit_texts(hid_t source, void (*visit)(void *, size_t, const char *), void *user)
{
    bool is_attribute = H5Iget_type(source) == H5I_ATTR;
    hid_t type = is_attribute ? H5Aget_type(source) : H5Dget_type(source);
    hid_t space = is_attribute ? H5Aget_space(source) : H5Dget_space(source), memory = H5I_INVALID_HID;
    long result = -1;
    char **texts = NULL, *fixed = NULL;
    hssize_t n = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
    if (type < 0 || H5Tget_class(type) != H5T_STRING || n < 0) goto cleanup;
    if (H5Tis_variable_str(type) > 0) {
        memory = H5Tcopy(type);
        texts = vtr_calloc((size_t)n, sizeof *texts);
        if (texts == NULL || memory < 0 || read_values(source, memory, texts) < 0) goto cleanup;
        for (hssize_t i = 0; i < n; i++)
            visit(user, (size_t)i, texts[i] != NULL ? texts[i] : "");
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts);
    } else {
        size_t length = H5Tget_size(type) + 1;
        memory = H5Tcopy(H5T_C_S1);
        fixed = vtr_calloc((size_t)n, length);
        if (fixed == NULL || memory < 0 || H5Tset_size(memory, length) < 0 ||
            H5Tset_cset(memory, H5Tget_cset(type)) < 0 || read_values(source, memory, fixed) < 0)
            goto cleanup;
        for (hssize_t i = 0; i < n; i++)
            visit(user, (size_t)i, fixed + (size_t)i * length);
    }
    result = (long)n;
cleanup:
    vtr_free(texts);
    vtr_free(fixed);
    vtr_mapfile_id_close(memory);
    vtr_mapfile_id_close(type);
    vtr_mapfile_id_close(space);
    return result;
}

long vtr_mapfile_get_texts(hid_t object, const char *name, void (*visit)(void *, size_t, const char *),
                           void *user)
{
    if (H5Aexists(object, name) <= 0) return -1;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0) return -1;
    long n = visit_texts(attribute, visit, user);
    vtr_mapfile_id_close(attribute);
    return n;
}

static void keep_first(void *user, size_t index, const char *text)
{
    if (index == 0) *(char **)user = vtr_strdup(text);
}

char *vtr_mapfile_get_text(hid_t object, const char *name)
{
    char *text = NULL;
    if (vtr_mapfile_get_texts(object, name, keep_first, &text) == 1) return text;
    vtr_free(text);
    return NULL;
}

static char *dataset_text(hid_t dataset)
{
    char *text = NULL;
    if (H5Iget_type(dataset) == H5I_DATASET && visit_texts(dataset, keep_first, &text) == 1) return text;
    vtr_free(text);
    return NULL;
}

/* The object that group and name tell, opened, with its name for errors. */
typedef struct target {
    hid_t object;
    char inner[VTR_MAPFILE_PATH_MAX];
} target;

static vtr_status open_target(target *out, const vtr_mapfile *file, const char *group, const char *name,
                              vtr_error *err)
{
    vtr_status status = vtr_mapfile_inner_path(out->inner, group, name, err);
    return status == VTR_OK ? vtr_mapfile_open_object(&out->object, file, out->inner, err) : status;
}

vtr_status vtr_mapfile_write_text(vtr_mapfile *file, const char *group, const char *name,
                                  const char *attribute, const char *text, vtr_error *err)
{
    target at;
    vtr_hdf5_lock();
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK) status = open_target(&at, file, group, name, err);
    if (status == VTR_OK) {
        if (vtr_mapfile_set_text(at.object, attribute, text) < 0)
            status = vtr_mapfile_fail_write(file, at.inner, err);
        vtr_mapfile_id_close(at.object);
    }
    vtr_hdf5_unlock();
    return status;
}

vtr_status vtr_mapfile_write_numbers(vtr_mapfile *file, const char *group, const char *name,
                                     const char *attribute, size_t n, const double *values, vtr_error *err)
{
    target at;
    vtr_hdf5_lock();
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK) status = open_target(&at, file, group, name, err);
    if (status == VTR_OK) {
        if (vtr_mapfile_set_numbers(at.object, attribute, n, values) < 0)
            status = vtr_mapfile_fail_write(file, at.inner, err);
        vtr_mapfile_id_close(at.object);
    }
    vtr_hdf5_unlock();
    return status;
}

static vtr_status absent(const vtr_mapfile *file, const char *inner, const char *attribute, vtr_error *err)
{
    vtr_status status = vtr_mapfile_check_read(file, inner, err);
    if (status != VTR_OK) return status;
    return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' in '%s' has no attribute '%s'", inner, file->path,
                    attribute);
}

static vtr_status read_text(const vtr_mapfile *file, const target *at, const char *attribute, char *text,
                            size_t size, vtr_error *err)
{
    bool is_dataset = attribute == NULL;
    if (!is_dataset && H5Aexists(at->object, attribute) <= 0) return absent(file, at->inner, attribute, err);
    const char *what = is_dataset ? "" : attribute, *of = is_dataset ? "" : " of ";
    char *found = is_dataset ? dataset_text(at->object) : vtr_mapfile_get_text(at->object, attribute);
    vtr_status status = found != NULL ? VTR_OK : vtr_mapfile_check_read(file, at->inner, err);
    if (status != VTR_OK) return status;
    if (found == NULL && vtr_memory_was_short())
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading %s%s'%s' in '%s'", what, of, at->inner,
                        file->path);
    if (found == NULL)
        return vtr_fail(err, VTR_ERR_TYPE, "%s%s'%s' in '%s' is not one text", what, of, at->inner,
                        file->path);
    bool fits = strlen(found) < size;
    if (fits) strcpy(text, found);
    vtr_free(found);
    if (fits) return VTR_OK;
    return vtr_fail(err, VTR_ERR_SHAPE, "%s%s'%s' in '%s' is longer than %zu characters", what, of, at->inner,
                    file->path, size - 1);
}

vtr_status vtr_mapfile_read_text(const vtr_mapfile *file, const char *group, const char *name,
                                 const char *attribute, char *text, size_t size, vtr_error *err)
{
    target at;
    vtr_hdf5_lock();
    vtr_status status = open_target(&at, file, group, name, err);
    if (status == VTR_OK) {
        status = read_text(file, &at, attribute, text, size, err);
        vtr_mapfile_id_close(at.object);
    }
    vtr_hdf5_unlock();
    return status;
}

static vtr_status read_numbers(const vtr_mapfile *file, const target *at, const char *name, size_t n,
                               double *values, vtr_error *err)
{
    if (H5Aexists(at->object, name) <= 0) return absent(file, at->inner, name, err);
    hid_t attribute = H5Aopen(at->object, name, H5P_DEFAULT), space = H5I_INVALID_HID, type = H5I_INVALID_HID;
    vtr_status status = VTR_OK;
    if (attribute >= 0) {
        space = H5Aget_space(attribute);
        type = H5Aget_type(attribute);
    }
    hssize_t found = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
    if (found < 0 || type < 0)
        status = vtr_mapfile_fail_read(file, at->inner, err);
    else if (H5Tget_class(type) != H5T_FLOAT && H5Tget_class(type) != H5T_INTEGER)
        status = vtr_fail(err, VTR_ERR_TYPE, "attribute '%s' of '%s' in '%s' is not a number", name,
                          at->inner, file->path);
    else if ((size_t)found != n)
        status =
            vtr_fail(err, VTR_ERR_SHAPE, "attribute '%s' of '%s' in '%s' holds %lld numbers, expected %zu",
                     name, at->inner, file->path, (long long)found, n);
    else if (H5Aread(attribute, H5T_NATIVE_DOUBLE, values) < 0)
        status = vtr_mapfile_fail_read(file, at->inner, err);
    vtr_mapfile_id_close(type);
    vtr_mapfile_id_close(space);
    vtr_mapfile_id_close(attribute);
    return status;
}

vtr_status vtr_mapfile_read_numbers(const vtr_mapfile *file, const char *group, const char *name,
                                    const char *attribute, size_t n, double *values, vtr_error *err)
{
    target at;
    vtr_hdf5_lock();
    vtr_status status = open_target(&at, file, group, name, err);
    if (status == VTR_OK) {
        status = read_numbers(file, &at, attribute, n, values, err);
        vtr_mapfile_id_close(at.object);
    }
    vtr_hdf5_unlock();
    return status;
}
