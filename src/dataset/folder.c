/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder of numbered files, each with one pattern or a stack of them, as programs of cameras and ImageJ export: read one
 * after the other in the order of the numbers in their names. Two numbers that count through a grid are the scan's. */
#define _XOPEN_SOURCE 700 /* opendir, stat, strcasecmp */
#include "dataset/folder_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/base_internal.h"

static const char *const endings[] = {".tif", ".tiff", ".png", ".bmp", ".mrc",
                                      ".dm3", ".dm4",  ".mib", ".npy"};
enum { N_ENDINGS = sizeof endings / sizeof *endings, NONE = -1 };

typedef struct folder {
    char **names; /* paths, in order */
    size_t n, room;
    size_t *first; /* [n + 1] stored frame with which each begins; NULL: one frame each */
} folder;

static int ending_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || name[0] == '.') return NONE;
    for (int i = 0; i < N_ENDINGS; i++)
        if (strcasecmp(dot, endings[i]) == 0) return i;
    return NONE;
}

/* .tif and .tiff are one kind. */
static int kind_of(const char *name)
{
    int ending = ending_of(name);
    return ending == 1 ? 0 : ending;
}

bool vtr_folder_claims(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) return false;
    DIR *entries = opendir(path);
    bool has_one = false;
    if (entries == NULL) return false;
    for (const struct dirent *e = readdir(entries); e != NULL && !has_one; e = readdir(entries))
        has_one = ending_of(e->d_name) != NONE;
    closedir(entries);
    return has_one;
}

static vtr_status add_name(folder *f, const char *path, const char *name, vtr_error *err)
{
    if (f->n == f->room) {
        size_t room = f->room == 0 ? 64 : 2 * f->room;
        char **grown = vtr_malloc(room, sizeof *grown);
        if (grown == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
        if (f->n > 0) memcpy(grown, f->names, f->n * sizeof *grown);
        vtr_free(f->names);
        f->names = grown;
        f->room = room;
    }
    size_t size = strlen(path) + strlen(name) + 2;
    char *joined = vtr_malloc(size, 1);
    if (joined == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    bool has_slash = path[0] != '\0' && path[strlen(path) - 1] == '/';
    snprintf(joined, size, "%s%s%s", path, has_slash ? "" : "/", name);
    f->names[f->n++] = joined;
    return VTR_OK;
}

static vtr_status list_files(vtr_dataset *dataset, folder *f, vtr_error *err)
{
    DIR *entries = opendir(dataset->path);
    if (entries == NULL)
        return vtr_fail(err, VTR_ERR_IO, "cannot open '%s': %s", dataset->path, strerror(errno));
    vtr_status status = VTR_OK;
    int kind = NONE;
    while (status == VTR_OK) {
        errno = 0;
        const struct dirent *e = readdir(entries);
        if (e == NULL && errno != 0)
            status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", dataset->path, strerror(errno));
        if (e == NULL) break;
        int now = kind_of(e->d_name);
        if (now == NONE) continue;
        if (kind != NONE && now != kind)
            status =
                vtr_fail(err, VTR_ERR_FORMAT,
                         "cannot read '%s': it holds %s and %s files; keep those of one kind in it",
                         dataset->path, endings[now < kind ? now : kind], endings[now < kind ? kind : now]);
        kind = now;
        if (status == VTR_OK) status = add_name(f, dataset->path, e->d_name, err);
    }
    closedir(entries);
    if (status == VTR_OK && f->n == 0)
        status = vtr_fail(err, VTR_ERR_NO_DATA, "cannot read '%s': it holds no images", dataset->path);
    if (status == VTR_OK) vtr_folder_sort(f->names, f->n);
    return status;
}

/* Opens a file of the folder; it has to be like the first one. */
static vtr_status open_one(vtr_dataset **out, const vtr_dataset *dataset, const char *path, vtr_error *err)
{
    const vtr_dataset_info *whole = &dataset->info;
    vtr_status status = vtr_dataset_open(out, path, NULL, err);
    if (status != VTR_OK) return status;
    const vtr_dataset_info *info = &(*out)->info;
    if (info->shape[2] == whole->shape[2] && info->shape[3] == whole->shape[3] && info->type == whole->type)
        return VTR_OK;
    status = vtr_fail(err, VTR_ERR_SHAPE,
                      "'%s' holds %zu x %zu px of %s, the first file of its folder %zu x %zu px of %s", path,
                      info->shape[2], info->shape[3], vtr_type_name(info->type), whole->shape[2],
                      whole->shape[3], vtr_type_name(whole->type));
    vtr_dataset_close(out);
    return status;
}

/* Where the first file is a stack the others may be shorter or longer, so that each is looked at. */
static vtr_status count_frames(vtr_dataset *dataset, folder *f, vtr_error *err)
{
    f->first = vtr_calloc(f->n + 1, sizeof *f->first);
    if (f->first == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < f->n; i++) {
        vtr_dataset *one = NULL;
        vtr_status status = open_one(&one, dataset, f->names[i], err);
        if (status != VTR_OK) return status;
        f->first[i + 1] = f->first[i] + one->stored_frames;
        vtr_dataset_close(&one);
    }
    dataset->stored_frames = f->first[f->n];
    return VTR_OK;
}

/* What the first file says holds for all. */
static vtr_status take_first(vtr_dataset *dataset, const folder *f, bool *is_stack, vtr_error *err)
{
    vtr_dataset *one = NULL;
    vtr_status status = vtr_dataset_open(&one, f->names[0], NULL, err);
    if (status != VTR_OK) return status;
    *is_stack = one->stored_frames > 1;
    dataset->info = one->info;
    dataset->info.note[0] = '\0';
    dataset->info.file_bytes = one->info.file_bytes * f->n;
    for (int i = 0; i < 2; i++)
        dataset->angle_step_rad[i] = one->angle_step_rad[i];
    snprintf(dataset->info.format, sizeof dataset->info.format, "%s in %zu files", one->format->name, f->n);
    vtr_dataset_close(&one);
    dataset->stored_frames = f->n;
    return VTR_OK;
}

static vtr_status open_folder(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    if (params->shape[0] != 0 || params->type != NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the files in '%s' say their shape and type themselves; leave out --shape and --type",
                        dataset->path);
    folder *f = vtr_calloc(1, sizeof *f);
    if (f == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    dataset->state = f; /* freed when the dataset is closed */
    bool is_stack = false, has_grid = false;
    size_t grid[2] = {1, 0};
    vtr_status status = list_files(dataset, f, err);
    if (status == VTR_OK) status = take_first(dataset, f, &is_stack, err);
    if (status == VTR_OK && is_stack) status = count_frames(dataset, f, err);
    if (status == VTR_OK && !is_stack) status = vtr_folder_grid(&has_grid, grid, f->names, f->n, err);
    if (status != VTR_OK) return status;
    if (!has_grid) grid[1] = dataset->stored_frames;
    const uint64_t sizes[4] = {grid[0], grid[1], dataset->info.shape[2], dataset->info.shape[3]};
    if (has_grid)
        vtr_dataset_note(dataset, "the scan's shape is that of the numbers in the files' names");
    else if (dataset->stored_frames > 1 && params->scan_shape[0] == 0)
        vtr_dataset_note(dataset, "the files do not say the scan's shape; give --scan-shape");
    return vtr_dataset_set_shape(dataset, sizes, 4, err);
}

static size_t file_with(const folder *f, size_t frame)
{
    if (f->first == NULL) return frame;
    size_t low = 0, high = f->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (f->first[middle] <= frame)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static vtr_status read_folder(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const folder *f = dataset->state;
    const size_t bytes = vtr_dataset_frame_bytes(&dataset->info);
    for (size_t done = 0; done < n;) {
        size_t file = file_with(f, first + done), part = 1, at = 0;
        vtr_dataset *one = NULL;
        vtr_status status = open_one(&one, dataset, f->names[file], err);
        if (status != VTR_OK) return status;
        if (f->first != NULL) {
            at = first + done - f->first[file];
            part = f->first[file + 1] - first - done;
            if (part > n - done) part = n - done;
        }
        status = vtr_dataset_read(one, at, part, (char *)frames + done * bytes, err);
        vtr_dataset_close(&one);
        if (status != VTR_OK) return status;
        done += part;
    }
    return VTR_OK;
}

static void close_folder(vtr_dataset *dataset)
{
    folder *f = dataset->state;
    for (size_t i = 0; f != NULL && i < f->n; i++)
        vtr_free(f->names[i]);
    if (f != NULL) {
        vtr_free(f->names);
        vtr_free(f->first);
    }
    vtr_free(f);
}

const vtr_dataset_format vtr_format_folder = {
    .name = "folder", .probe = NULL, .open = open_folder, .read = read_folder, .close = close_folder};
