/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* realpath, fchmod */
#include "vitrail/mapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hdf5_write.h"
#include "mapfile/mapfile_internal.h"

void vtr_mapfile_id_close(hid_t id)
{
    if (id >= 0) H5Idec_ref(id);
}

vtr_status vtr_mapfile_fail_read(const vtr_mapfile *file, const char *inner, vtr_error *err)
{
    char reason[256];
    return vtr_fail(err, VTR_ERR_IO, "cannot read '%s' in '%s': %s", inner, file->path,
                    vtr_hdf5_reason(reason, sizeof reason));
}

vtr_status vtr_mapfile_fail_write(vtr_mapfile *file, const char *inner, vtr_error *err)
{
    char reason[256];
    file->is_broken = true;
    vtr_status status = vtr_mapfile_check_read(file, inner, err);
    if (status != VTR_OK) return status;
    return vtr_fail(err, VTR_ERR_IO, "cannot write '%s' to '%s': %s", inner, file->path,
                    vtr_hdf5_reason(reason, sizeof reason));
}

vtr_status vtr_mapfile_check_read(const vtr_mapfile *file, const char *inner, vtr_error *err)
{
    vtr_hdf5_trouble trouble;
    if (!vtr_hdf5_could_not_read(file->partial != NULL ? file->partial : file->path, &trouble)) return VTR_OK;
    return vtr_fail(err, VTR_ERR_IO, "cannot read '%s' in '%s': %s", inner, file->path, trouble.reason);
}

vtr_status vtr_mapfile_check_writable(const vtr_mapfile *file, vtr_error *err)
{
    if (file->partial != NULL) return VTR_OK;
    return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is open to read only", file->path);
}

static void release(vtr_mapfile *file)
{
    if (file == NULL) return;
    if (file->lock >= 0) close(file->lock);
    vtr_free(file->path);
    vtr_free(file->partial);
    vtr_free(file);
}

static vtr_mapfile *allocate(const char *path, bool is_written)
{
    vtr_mapfile *file = vtr_calloc(1, sizeof *file);
    if (file == NULL) return NULL;
    file->file = H5I_INVALID_HID;
    file->lock = -1;
    file->path = vtr_strdup(path);
    if (is_written) file->partial = vtr_partial_path(path);
    if (file->path != NULL && (!is_written || file->partial != NULL)) return file;
    release(file);
    return NULL;
}

/* Space that replaced groups leave is kept track of and used again, also in later edits. */
static hid_t create_file(const char *partial)
{
    hid_t file = H5I_INVALID_HID, created = H5Pcreate(H5P_FILE_CREATE), access = vtr_hdf5_own_access();
    if (created >= 0 && access >= 0 &&
        H5Pset_file_space_strategy(created, H5F_FSPACE_STRATEGY_FSM_AGGR, true, 1) >= 0 &&
        H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110) >= 0)
        file = H5Fcreate(partial, H5F_ACC_TRUNC, created, access);
    vtr_mapfile_id_close(created);
    vtr_mapfile_id_close(access);
    return file;
}

static herr_t write_root(hid_t file)
{
    hid_t entry = H5Gcreate2(file, "/entry", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    herr_t result = entry < 0 ? -1 : 0;
    if (result >= 0) result = vtr_mapfile_set_text(file, "NX_class", "NXroot");
    if (result >= 0) result = vtr_mapfile_set_text(file, "default", "entry");
    if (result >= 0) result = vtr_mapfile_set_text(file, "creator", "vitrail");
    if (result >= 0) result = vtr_mapfile_set_text(entry, "NX_class", "NXentry");
    vtr_mapfile_id_close(entry);
    return result >= 0 ? 0 : -1;
}

vtr_status vtr_mapfile_create(vtr_mapfile **out, const char *path, bool force, vtr_error *err)
{
    vtr_status status = vtr_output_check(path, force, err);
    if (status != VTR_OK) return status;
    vtr_mapfile *file = allocate(path, true);
    if (file == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s'", path);
    status = vtr_output_lock(&file->lock, file->partial, path, err);
    if (status != VTR_OK) {
        release(file);
        return status;
    }
    vtr_hdf5_lock();
    file->file = create_file(file->partial);
    if (file->file < 0 || write_root(file->file) < 0) status = vtr_mapfile_fail_write(file, "/entry", err);
    vtr_hdf5_unlock();
    if (status != VTR_OK)
        vtr_mapfile_close(&file);
    else
        *out = file;
    return status;
}

static vtr_status check_is_map_file(const vtr_mapfile *file, vtr_error *err)
{
    if (vtr_mapfile_exists(file->file, "/entry")) return VTR_OK;
    vtr_status status = vtr_mapfile_check_read(file, "/entry", err);
    if (status != VTR_OK) return status;
    return vtr_fail(err, VTR_ERR_FORMAT, "'%s' is an HDF5 file but not a map file: it has no /entry",
                    file->path);
}

/* Opens file->partial or, to read, file->path. */
static vtr_status open_hdf5(vtr_mapfile *file, vtr_error *err)
{
    bool is_written = file->partial != NULL;
    hid_t access = is_written ? vtr_hdf5_own_access() : H5P_DEFAULT;
    file->file =
        H5Fopen(is_written ? file->partial : file->path, is_written ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access);
    if (is_written) vtr_mapfile_id_close(access);
    if (file->file >= 0) return check_is_map_file(file, err);
    vtr_hdf5_trouble trouble;
    if (vtr_hdf5_could_not_read(is_written ? file->partial : file->path, &trouble))
        return vtr_fail(err, VTR_ERR_IO, "cannot open '%s': %s", file->path, trouble.reason);
    char reason[256];
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot open '%s' as a map file: %s", file->path,
                    vtr_hdf5_reason(reason, sizeof reason));
}

/* Errors that HDF5 words badly are found first. */
static vtr_status check_input(const char *path, vtr_error *err)
{
    struct stat info;
    int failed = stat(path, &info) != 0 ? errno : access(path, R_OK) != 0 ? errno : 0;
    if (failed == ENOENT) return vtr_fail(err, VTR_ERR_NOT_FOUND, "cannot open '%s': no such file", path);
    if (failed) return vtr_fail(err, VTR_ERR_IO, "cannot open '%s': %s", path, strerror(failed));
    if (S_ISDIR(info.st_mode)) return vtr_fail(err, VTR_ERR_IO, "cannot open '%s': it is a folder", path);
    if (!S_ISREG(info.st_mode))
        return vtr_fail(err, VTR_ERR_IO, "cannot open '%s': not a regular file (a pipe or a device)", path);
    return VTR_OK;
}

vtr_status vtr_mapfile_open(vtr_mapfile **out, const char *path, vtr_error *err)
{
    vtr_status status = check_input(path, err);
    if (status != VTR_OK) return status;
    vtr_mapfile *file = allocate(path, false);
    if (file == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s'", path);
    vtr_hdf5_lock();
    status = open_hdf5(file, err);
    vtr_hdf5_unlock();
    if (status != VTR_OK)
        vtr_mapfile_close(&file);
    else
        *out = file;
    return status;
}

static vtr_status copy_to_partial(const vtr_mapfile *file, vtr_error *err)
{
    int failed = 0;
    struct stat info;
    int source = open(file->path, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        failed = errno;
    else if (fstat(source, &info) == 0 && fchmod(file->lock, info.st_mode & 0777) != 0)
        failed = errno;
    if (!failed) failed = vtr_file_copy(source, file->lock);
    if (source >= 0) close(source);
    if (failed) vtr_output_discard(file->partial);
    if (failed)
        return vtr_fail(err, VTR_ERR_IO, "cannot make a copy of '%s' to edit: %s", file->path,
                        strerror(failed));
    return VTR_OK;
}

/* Through a symbolic link it is the file itself that is edited. */
static vtr_mapfile *allocate_edited(const char *path)
{
    struct stat info;
    bool is_link = lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    char *itself = is_link ? realpath(path, NULL) : NULL;
    vtr_mapfile *file = allocate(itself != NULL ? itself : path, true);
    free(itself);
    return file;
}

vtr_status vtr_mapfile_edit(vtr_mapfile **out, const char *path, vtr_error *err)
{
    /* Reading first, so that what is no map file is not copied. */
    vtr_mapfile *file = NULL;
    vtr_status status = vtr_mapfile_open(&file, path, err);
    if (status != VTR_OK) return status;
    vtr_mapfile_close(&file);
    status = vtr_output_check(path, true, err);
    if (status != VTR_OK) return status;
    file = allocate_edited(path);
    if (file == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s'", path);
    status = vtr_output_lock(&file->lock, file->partial, file->path, err);
    if (status == VTR_OK) status = copy_to_partial(file, err);
    if (status != VTR_OK) {
        release(file);
        return status;
    }
    vtr_hdf5_lock();
    status = open_hdf5(file, err);
    vtr_hdf5_unlock();
    if (status != VTR_OK)
        vtr_mapfile_close(&file);
    else
        *out = file;
    return status;
}

vtr_status vtr_mapfile_commit(vtr_mapfile **handle, vtr_error *err)
{
    vtr_mapfile *file = *handle;
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK && file->is_broken)
        status = vtr_fail(err, VTR_ERR_IO, "cannot write '%s': an earlier write to it failed", file->path);
    if (status == VTR_OK) {
        vtr_hdf5_lock();
        if (H5Fflush(file->file, H5F_SCOPE_GLOBAL) < 0) {
            status = vtr_mapfile_fail_write(file, "/entry", err);
        } else {
            hid_t hdf5 = file->file;
            file->file = H5I_INVALID_HID;
            if (H5Fclose(hdf5) < 0) status = vtr_mapfile_fail_write(file, "/entry", err);
        }
        vtr_hdf5_unlock();
    }
    if (status == VTR_OK) {
        status = vtr_output_commit(file->partial, file->path, err);
        release(file);
        *handle = NULL;
        return status;
    }
    vtr_mapfile_close(handle);
    return status;
}

void vtr_mapfile_close(vtr_mapfile **handle)
{
    vtr_mapfile *file = *handle;
    if (file == NULL) return;
    if (file->file >= 0) {
        vtr_hdf5_lock();
        H5Fclose(file->file);
        vtr_hdf5_unlock();
    }
    vtr_output_discard(file->partial);
    release(file);
    *handle = NULL;
}
