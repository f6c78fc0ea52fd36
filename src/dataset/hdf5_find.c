/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/hdf5_internal.h"

enum { MAX_DEPTH = 12, MAX_OBJECTS = 20000 };

static const char *const layout_names[] = {
    [VTR_HDF5_PLAIN] = "HDF5",
    [VTR_HDF5_EMD] = "HDF5: EMD 1.0",
    [VTR_HDF5_BERKELEY] = "HDF5: EMD (Berkeley)",
    [VTR_HDF5_FPD] = "HDF5: fpd",
    [VTR_HDF5_HYPERSPY] = "HDF5: HyperSpy",
    [VTR_HDF5_NEXUS] = "HDF5: NeXus",
    [VTR_HDF5_VELOX] = "HDF5: EMD (Velox)",
    [VTR_HDF5_DM5] = "HDF5: DigitalMicrograph 5",
};

const char *vtr_hdf5_layout_name(vtr_hdf5_layout layout)
{
    return layout_names[layout];
}

/* Whether some group right under the root has an attribute. */
static bool child_has_attribute(hid_t file, const char *name)
{
    H5G_info_t info;
    if (H5Gget_info(file, &info) < 0) return false;
    bool found = false;
    for (hsize_t i = 0; i < info.nlinks && i < 64 && !found; i++) {
        hid_t child = H5Oopen_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT);
        if (child < 0) continue;
        found = H5Aexists(child, name) > 0;
        H5Oclose(child);
    }
    return found;
}

vtr_hdf5_layout vtr_hdf5_find_layout(hid_t file)
{
    char text[64];
    double number;
    if (vtr_hdf5_attribute_text(file, "emd_group_type", text, sizeof text)) return VTR_HDF5_EMD;
    if (vtr_hdf5_attribute_text(file, "file_format", text, sizeof text) &&
        vtr_text_ends_with_nocase(text, "hyperspy"))
        return VTR_HDF5_HYPERSPY;
    if (H5Aexists(file, "fpd_version") > 0) return VTR_HDF5_FPD;
    if (H5Lexists(file, "Experiments", H5P_DEFAULT) > 0) return VTR_HDF5_HYPERSPY;
    if (H5Lexists(file, "ImageList", H5P_DEFAULT) > 0) return VTR_HDF5_DM5;
    if (H5Lexists(file, "Data", H5P_DEFAULT) > 0 && H5Lexists(file, "Data/Image", H5P_DEFAULT) > 0)
        return VTR_HDF5_VELOX;
    if (child_has_attribute(file, "emd_group_type") ||
        vtr_hdf5_attribute_number(file, "version_major", &number))
        return VTR_HDF5_BERKELEY;
    if (H5Aexists(file, "default") > 0 || child_has_attribute(file, "NX_class")) return VTR_HDF5_NEXUS;
    return VTR_HDF5_PLAIN;
}

typedef struct search {
    vtr_hdf5_layout layout;
    size_t n_objects, n_as_good;
    int best_rank, best_preference;
    double best_size;
    char best[256];
    char broken[256]; /* an external link that leads nowhere: its file */
} search;

/* Numbers that can be pixels; enumerations are h5py's booleans. */
static bool is_pixel_type(hid_t dataset)
{
    hid_t type = H5Dget_type(dataset);
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);
    H5Tclose(type);
    return (class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_ENUM) && size <= 8;
}

/* How much the group around a dataset looks like that of a recording in its layout. */
static int preference(hid_t group, vtr_hdf5_layout layout, const char *name, const char *path)
{
    char text[64];
    switch (layout) {
    case VTR_HDF5_EMD:
        return (vtr_hdf5_attribute_text(group, "python_class", text, sizeof text) &&
                strcmp(text, "DataCube") == 0) +
               (strcmp(name, "data") == 0);
    case VTR_HDF5_FPD:
        return strstr(path, "fpd_data/") != NULL;
    case VTR_HDF5_HYPERSPY:
        return strcmp(name, "data") == 0;
    case VTR_HDF5_NEXUS:
        return vtr_hdf5_attribute_text(group, "signal", text, sizeof text) && strcmp(name, text) == 0;
    case VTR_HDF5_DM5:
    case VTR_HDF5_VELOX:
        return strcmp(name, "Data") == 0;
    case VTR_HDF5_BERKELEY:
        return H5Aexists(group, "emd_group_type") > 0;
    case VTR_HDF5_PLAIN:
        break;
    }
    return 0;
}

/* Whether a dataset goes on where NAME_000001 beside it ends (see add_parts of hdf5.c): not a recording by itself, even
 * where the first part is missing. */
static bool is_later_part(hid_t group, const char *name)
{
    char first[200];
    size_t n = strlen(name), digits = 6;
    if (n <= digits || n >= sizeof first || strspn(name + n - digits, "0123456789") != digits) return false;
    snprintf(first, sizeof first, "%.*s000001", (int)(n - digits), name);
    return strcmp(name, first) != 0 && H5Lexists(group, first, H5P_DEFAULT) > 0;
}

/* A dataset becomes the best one when it has more axes (up to four), or as many and stands where the layout puts
 * recordings, or is larger. */
static void consider(search *found, hid_t group, hid_t dataset, const char *name, const char *path)
{
    hsize_t sizes[H5S_MAX_RANK];
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank >= 2 && rank <= VTR_HDF5_MAX_RANK) H5Sget_simple_extent_dims(space, sizes, NULL);
    H5Sclose(space);
    if (rank < 2 || rank > 5 || !is_pixel_type(dataset) || (rank == 3 && is_later_part(group, name))) return;
    double size = 1;
    for (int i = 0; i < rank; i++)
        size *= (double)sizes[i];
    if (size == 0) return;
    if (rank == 5) rank = 4;
    int liked = preference(group, found->layout, name, path);
    bool is_as_good = rank == found->best_rank && liked == found->best_preference;
    bool is_better = rank != found->best_rank          ? rank > found->best_rank
                     : liked != found->best_preference ? liked > found->best_preference
                                                       : size > found->best_size;
    if (is_as_good) found->n_as_good++;
    if (!is_better) return;
    if (!is_as_good) found->n_as_good = 0;
    found->best_rank = rank;
    found->best_preference = liked;
    found->best_size = size;
    snprintf(found->best, sizeof found->best, "%s", path);
}

/* Notes the file that an external link names when it cannot be opened. */
static void note_broken_link(search *found, hid_t group, const char *name)
{
    H5L_info_t info;
    char value[1024];
    const char *file = NULL, *object = NULL;
    if (found->broken[0] != '\0' || H5Lget_info(group, name, &info, H5P_DEFAULT) < 0 ||
        info.type != H5L_TYPE_EXTERNAL || info.u.val_size > sizeof value ||
        H5Lget_val(group, name, value, sizeof value, H5P_DEFAULT) < 0 ||
        H5Lunpack_elink_val(value, info.u.val_size, NULL, &file, &object) < 0)
        return;
    snprintf(found->broken, sizeof found->broken, "%s", file);
}

static void walk(search *found, hid_t group, const char *path, int depth)
{
    H5G_info_t info;
    if (depth > MAX_DEPTH || H5Gget_info(group, &info) < 0) return;
    for (hsize_t i = 0; i < info.nlinks && found->n_objects < MAX_OBJECTS; i++, found->n_objects++) {
        char name[200], child_path[256];
        ssize_t length =
            H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        H5L_info_t link;
        if (length < 0 || (size_t)length >= sizeof name || H5Lget_info(group, name, &link, H5P_DEFAULT) < 0 ||
            link.type == H5L_TYPE_SOFT ||
            snprintf(child_path, sizeof child_path, "%s/%s", path, name) >= (int)sizeof child_path)
            continue;
        hid_t child = vtr_hdf5_open_object(group, name);
        if (child < 0) {
            note_broken_link(found, group, name);
            continue;
        }
        H5I_type_t kind = H5Iget_type(child);
        if (kind == H5I_GROUP) walk(found, child, child_path, depth + 1);
        if (kind == H5I_DATASET) consider(found, group, child, name, child_path);
        H5Oclose(child);
    }
}

static vtr_status nothing_found(const vtr_dataset *dataset, const search *found, const char *where,
                                vtr_error *err)
{
    if (found->broken[0] != '\0')
        return vtr_fail(
            err, VTR_ERR_NOT_FOUND,
            "cannot read '%s': its frames are in the file '%s', which is missing or damaged; put it "
            "beside this one",
            dataset->path, found->broken);
    return vtr_fail(err, VTR_ERR_NO_DATA, "cannot read '%s': no dataset of two to four dimensions in '%s'",
                    dataset->path, where);
}

vtr_status vtr_hdf5_find(vtr_dataset *dataset, hid_t file, vtr_hdf5_layout layout, const char *wanted,
                         char path[256], size_t *n_others, vtr_error *err)
{
    search found = {.layout = layout};
    const char *start = wanted != NULL ? wanted : "/";
    char trimmed[256];
    snprintf(trimmed, sizeof trimmed, "%s%s", *start == '/' ? "" : "/", start);
    size_t n = strlen(trimmed);
    while (n > 1 && trimmed[n - 1] == '/')
        trimmed[--n] = '\0';
    hid_t object = vtr_hdf5_open_object(file, trimmed);
    if (object < 0)
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s' holds no dataset '%s'; see h5ls -r, or leave out --dataset", dataset->path,
                        start);
    H5I_type_t kind = H5Iget_type(object);
    if (kind == H5I_DATASET) {
        snprintf(found.best, sizeof found.best, "%s", trimmed);
    } else if (kind == H5I_GROUP) {
        walk(&found, object, strcmp(trimmed, "/") == 0 ? "" : trimmed, 0);
    }
    H5Oclose(object);
    /* tables of a detector's master file are not its frames */
    if (found.best[0] == '\0' || (found.broken[0] != '\0' && found.best_rank < 3))
        return nothing_found(dataset, &found, start, err);
    snprintf(path, 256, "%s", found.best);
    *n_others = found.n_as_good;
    return VTR_OK;
}
