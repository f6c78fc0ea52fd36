/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"

static herr_t make_one(hid_t file, const char *inner, const char *class_name)
{
    hid_t group = H5Gcreate2(file, inner, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0) return -1;
    herr_t result = vtr_mapfile_set_text(group, "NX_class", class_name);
    vtr_mapfile_id_close(group);
    return result;
}

vtr_status vtr_mapfile_make_group(vtr_mapfile *file, const char *group, const char *class_name,
                                  vtr_error *err)
{
    char inner[VTR_MAPFILE_PATH_MAX], part[VTR_MAPFILE_PATH_MAX];
    vtr_status status = vtr_mapfile_inner_path(inner, group, NULL, err);
    if (status != VTR_OK) return status;
    size_t n = strlen(inner);
    for (size_t end = strlen("/entry") + 1; end <= n; end++) {
        if (inner[end] != '/' && inner[end] != '\0') continue;
        memcpy(part, inner, end);
        part[end] = '\0';
        if (H5Lexists(file->file, part, H5P_DEFAULT) > 0) continue;
        if (make_one(file->file, part, end == n ? class_name : "NXcollection") < 0)
            return vtr_mapfile_fail_write(file, inner, err);
    }
    return VTR_OK;
}

vtr_status vtr_mapfile_group(vtr_mapfile *file, const char *name, vtr_error *err)
{
    char inner[VTR_MAPFILE_PATH_MAX];
    vtr_hdf5_lock();
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK && name == NULL) status = vtr_fail(err, VTR_ERR_ARGUMENT, "a group needs a name");
    if (status == VTR_OK) status = vtr_mapfile_inner_path(inner, name, NULL, err);
    if (status == VTR_OK && vtr_mapfile_exists(file->file, inner) &&
        H5Ldelete(file->file, inner, H5P_DEFAULT) < 0)
        status = vtr_mapfile_fail_write(file, inner, err);
    if (status == VTR_OK) status = vtr_mapfile_make_group(file, name, "NXdata", err);
    vtr_hdf5_unlock();
    return status;
}

/* Texts of an attribute with one more at the end, or left alone when it is there already. */
typedef struct text_list {
    size_t n, capacity;
    char **texts;
    bool is_short_of_memory;
} text_list;

static void take_text(void *user, size_t index, const char *text)
{
    text_list *list = user;
    if (index >= list->capacity) return;
    list->texts[index] = vtr_strdup(text);
    if (list->texts[index] == NULL) list->is_short_of_memory = true;
    list->n = index + 1;
}

static void count_texts(void *user, size_t index, const char *text)
{
    (void)text;
    *(size_t *)user = index + 1;
}

static bool holds(const text_list *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->texts[i] != NULL && strcmp(list->texts[i], text) == 0) return true;
    return false;
}

static herr_t append_text(hid_t object, const char *attribute, const char *text)
{
    size_t n = 0;
    herr_t result = -1;
    vtr_mapfile_get_texts(object, attribute, count_texts, &n);
    text_list list = {.capacity = n, .texts = vtr_calloc(n + 1, sizeof(char *))};
    if (list.texts == NULL) return -1;
    vtr_mapfile_get_texts(object, attribute, take_text, &list);
    if (!list.is_short_of_memory) {
        result = 0;
        if (!holds(&list, text)) {
            list.texts[list.n] = vtr_strdup(text);
            if (list.texts[list.n] != NULL)
                result = vtr_mapfile_set_texts(object, attribute, ++list.n, (const char *const *)list.texts);
            else
                result = -1;
        }
    }
    for (size_t i = 0; i < list.n; i++)
        vtr_free(list.texts[i]);
    vtr_free(list.texts);
    return result;
}

/* The `default` attributes from /entry down to the group, so that viewers open it at once. */
static herr_t point_default(hid_t file, const char *inner)
{
    char part[VTR_MAPFILE_PATH_MAX], child[VTR_MAPFILE_PATH_MAX];
    const char *slash = strchr(inner + 1, '/');
    herr_t result = 0;
    while (slash != NULL && result >= 0) {
        const char *next = strchr(slash + 1, '/');
        size_t length = next != NULL ? (size_t)(next - slash - 1) : strlen(slash + 1);
        memcpy(part, inner, (size_t)(slash - inner));
        part[slash - inner] = '\0';
        memcpy(child, slash + 1, length);
        child[length] = '\0';
        hid_t group = H5Oopen(file, part, H5P_DEFAULT);
        result = group < 0 ? -1 : vtr_mapfile_set_text(group, "default", child);
        vtr_mapfile_id_close(group);
        slash = next;
    }
    return result;
}

static vtr_status set_signal(vtr_mapfile *file, const char *group, const char *name, vtr_error *err)
{
    char inner[VTR_MAPFILE_PATH_MAX], dataset[VTR_MAPFILE_PATH_MAX];
    hid_t object = H5I_INVALID_HID;
    vtr_status status = vtr_mapfile_inner_path(inner, group, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_inner_path(dataset, group, name, err);
    if (status == VTR_OK && !vtr_mapfile_exists(file->file, dataset))
        status = vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no '%s'", file->path, dataset);
    if (status == VTR_OK) status = vtr_mapfile_open_object(&object, file, inner, err);
    if (status != VTR_OK) return status;
    char *signal = vtr_mapfile_get_text(object, "signal");
    herr_t result = 0;
    if (signal == NULL) {
        result = vtr_mapfile_set_text(object, "signal", name);
        if (result >= 0) result = point_default(file->file, inner);
    } else if (strcmp(signal, name) != 0) {
        result = append_text(object, "auxiliary_signals", name);
    }
    if (result < 0) status = vtr_mapfile_fail_write(file, inner, err);
    vtr_free(signal);
    vtr_mapfile_id_close(object);
    return status;
}

vtr_status vtr_mapfile_signal(vtr_mapfile *file, const char *group, const char *name, vtr_error *err)
{
    vtr_hdf5_lock();
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK) status = set_signal(file, group, name, err);
    vtr_hdf5_unlock();
    return status;
}

static herr_t set_axes(hid_t object, size_t n, const char *const *axes)
{
    herr_t result = vtr_mapfile_set_texts(object, "axes", n, axes);
    for (size_t i = 0; i < n && result >= 0; i++) {
        if (strcmp(axes[i], ".") == 0) continue;
        char indices[VTR_MAPFILE_PATH_MAX];
        snprintf(indices, sizeof indices, "%s_indices", axes[i]);
        result = vtr_mapfile_set_integer(object, indices, (int64_t)i);
    }
    return result;
}

vtr_status vtr_mapfile_axes(vtr_mapfile *file, const char *group, size_t n, const char *const *axes,
                            vtr_error *err)
{
    char inner[VTR_MAPFILE_PATH_MAX];
    hid_t object = H5I_INVALID_HID;
    vtr_hdf5_lock();
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK) status = vtr_mapfile_inner_path(inner, group, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_open_object(&object, file, inner, err);
    if (status == VTR_OK && set_axes(object, n, axes) < 0) status = vtr_mapfile_fail_write(file, inner, err);
    vtr_mapfile_id_close(object);
    vtr_hdf5_unlock();
    return status;
}
