/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* gmtime_r */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mapfile/mapfile_internal.h"

herr_t vtr_mapfile_put_text(hid_t parent, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), dataset = H5I_INVALID_HID;
    herr_t result = -1;
    if (type >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
        dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (dataset >= 0) result = H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text);
    vtr_mapfile_id_close(dataset);
    vtr_mapfile_id_close(space);
    vtr_mapfile_id_close(type);
    return result;
}

static herr_t put_unsigned(hid_t parent, const char *name, uint64_t value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t dataset = H5Dcreate2(parent, name, H5T_NATIVE_UINT64, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    herr_t result =
        dataset < 0 ? -1 : H5Dwrite(dataset, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value);
    vtr_mapfile_id_close(dataset);
    vtr_mapfile_id_close(space);
    return result;
}

/* The highest sequence_index among the steps so far. */
static herr_t take_index(hid_t processes, const char *name, const H5L_info_t *info, void *user)
{
    (void)info;
    char path[VTR_MAPFILE_PATH_MAX];
    uint64_t index = 0, *highest = user;
    snprintf(path, sizeof path, "%s/sequence_index", name);
    if (H5Lexists(processes, path, H5P_DEFAULT) <= 0) return 0;
    hid_t dataset = H5Dopen2(processes, path, H5P_DEFAULT);
    if (dataset >= 0 && H5Dread(dataset, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &index) >= 0 &&
        index > *highest)
        *highest = index;
    vtr_mapfile_id_close(dataset);
    return 0;
}

static uint64_t next_index(hid_t file)
{
    uint64_t highest = 0;
    hid_t processes = H5Gopen2(file, "/entry/process", H5P_DEFAULT);
    if (processes >= 0)
        vtr_hdf5_iterated(H5Literate(processes, H5_INDEX_NAME, H5_ITER_INC, NULL, take_index, &highest));
    vtr_mapfile_id_close(processes);
    return highest + 1;
}

static void time_text(char text[32])
{
    time_t now = time(NULL);
    struct tm utc;
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

static herr_t put_input(hid_t process, const char *path, uint64_t size, const char *checksum)
{
    herr_t result = vtr_mapfile_put_text(process, "input", path);
    if (result < 0 || checksum[0] == '\0') return result;
    result = put_unsigned(process, "input_size", size);
    if (result >= 0) result = vtr_mapfile_put_text(process, "input_checksum", checksum);
    if (result < 0) return -1;
    hid_t dataset = H5Dopen2(process, "input_checksum", H5P_DEFAULT);
    result = dataset < 0
                 ? -1
                 : vtr_mapfile_set_text(dataset, "method",
                                        "SHA-256 of the size (64 bit, little-endian), the first MiB and the "
                                        "last MiB of the file");
    vtr_mapfile_id_close(dataset);
    return result;
}

static herr_t put_step(hid_t process, uint64_t index, const char *command, const char *parameters)
{
    char now[32];
    time_text(now);
    herr_t result = vtr_mapfile_put_text(process, "program", "vitrail");
    if (result >= 0) result = vtr_mapfile_put_text(process, "version", vtr_version());
    if (result >= 0) result = vtr_mapfile_put_text(process, "date", now);
    if (result >= 0) result = put_unsigned(process, "sequence_index", index);
    if (result >= 0 && command != NULL) result = vtr_mapfile_put_text(process, "command", command);
    if (result >= 0 && parameters != NULL) result = vtr_mapfile_put_text(process, "parameters", parameters);
    return result;
}

/* A step that is run again replaces its record, as its result replaced the result. */
static vtr_status write_process(vtr_mapfile *file, const char *step, const char *command,
                                const char *parameters, const char *input, uint64_t size,
                                const char *checksum, vtr_error *err)
{
    char group[VTR_MAPFILE_PATH_MAX], inner[VTR_MAPFILE_PATH_MAX];
    snprintf(group, sizeof group, "process/%s", step);
    vtr_status status = vtr_mapfile_inner_path(inner, group, NULL, err);
    if (status == VTR_OK && vtr_mapfile_exists(file->file, inner) &&
        H5Ldelete(file->file, inner, H5P_DEFAULT) < 0)
        status = vtr_mapfile_fail_write(file, inner, err);
    if (status == VTR_OK) status = vtr_mapfile_make_group(file, group, "NXprocess", err);
    if (status != VTR_OK) return status;
    uint64_t index = next_index(file->file);
    hid_t process = H5Gopen2(file->file, inner, H5P_DEFAULT);
    herr_t result = process < 0 ? -1 : put_step(process, index, command, parameters);
    if (result >= 0 && input != NULL) result = put_input(process, input, size, checksum);
    if (result < 0) status = vtr_mapfile_fail_write(file, inner, err);
    vtr_mapfile_id_close(process);
    return status;
}

vtr_status vtr_mapfile_provenance(vtr_mapfile *file, const char *step, const char *command,
                                  const char *parameters, const char *input, vtr_error *err)
{
    uint64_t size = 0;
    char checksum[65] = "";
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status != VTR_OK) return status;
    int failed = input != NULL ? vtr_file_checksum(input, &size, checksum) : 0;
    /* A recording that is a folder of files is named only. */
    if (failed && failed != EISDIR)
        return vtr_fail(err, VTR_ERR_IO, "cannot read '%s' for its checksum: %s", input, strerror(failed));
    vtr_hdf5_lock();
    status = write_process(file, step, command, parameters, input, size, checksum, err);
    vtr_hdf5_unlock();
    return status;
}
