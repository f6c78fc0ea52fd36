/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/empad_internal.h"
#include "vitrail/constants.h"

/* EMPAD: bare float32 frames of 130 lines of 128 pixels, of which the last two are the camera's own words, and an XML
 * file that names them. Either is opened. The names in the XML differ between versions of the software; each is looked
 * for. */

enum { SIDE = 128, LINES = 130, MOST_FILES = 1000 };
static const size_t frame_bytes = sizeof(float) * SIDE * SIDE, stride = sizeof(float) * SIDE * LINES;

static bool probe(const unsigned char *head, size_t n)
{
    static const char begin[] = "<root", mark[] = "<raw_file";
    if (n < sizeof begin || memcmp(head, begin, sizeof begin - 1) != 0) return false;
    for (size_t i = 0; i + sizeof mark - 1 <= n; i++)
        if (memcmp(head + i, mark, sizeof mark - 1) == 0) return true;
    return false;
}

/* Whether the XML names `name` as its frames. */
static bool names_file(const char *text, const char *name)
{
    const char *mark = "<raw_file filename=\"", *at = strstr(text, mark);
    if (at == NULL) return false;
    at += strlen(mark);
    size_t n = strcspn(at, "\"");
    while (n > 0 && strcspn(at, "/") < n) { /* some versions write the whole path */
        size_t folder = strcspn(at, "/") + 1;
        at += folder;
        n -= folder;
    }
    return n == strlen(name) && memcmp(at, name, n) == 0;
}

/* The text of the XML in the folder of `path` that names this file; NULL: none. */
static char *find_xml(const char *path)
{
    char *folder_path = vtr_companion_path(path, ".");
    DIR *folder = folder_path != NULL ? opendir(folder_path) : NULL;
    char *text = NULL;
    struct dirent *entry;
    for (int i = 0; folder != NULL && text == NULL && i < MOST_FILES && (entry = readdir(folder)) != NULL;) {
        if (!vtr_text_ends_with_nocase(entry->d_name, ".xml")) continue;
        i++;
        char *xml = vtr_companion_path(path, entry->d_name);
        text = xml != NULL ? vtr_companion_read(xml) : NULL;
        vtr_free(xml);
        if (text != NULL && !names_file(text, vtr_companion_name(path))) {
            vtr_free(text);
            text = NULL;
        }
    }
    if (folder != NULL) closedir(folder);
    vtr_free(folder_path);
    return text;
}

/* The sizes that the camera writes into the names of its files: scan_x128_y64.raw. */
static bool scan_in_name(const char *name, uint64_t scan[2])
{
    unsigned x, y;
    if (sscanf(name, "scan_x%5u_y%5u.raw", &x, &y) != 2) return false;
    scan[0] = y;
    scan[1] = x;
    return true;
}

bool vtr_empad_claims(const vtr_dataset *dataset)
{
    uint64_t scan[2];
    const char *name = vtr_companion_name(dataset->path);
    if (dataset->file.size < stride || dataset->file.size % stride != 0 ||
        !vtr_text_ends_with_nocase(name, ".raw"))
        return false;
    char *text = find_xml(dataset->path);
    vtr_free(text);
    return text != NULL || (scan_in_name(name, scan) && scan[0] * scan[1] * stride == dataset->file.size);
}

static bool sizes_after(const char *text, const char *x, const char *y, uint64_t scan[2])
{
    double columns, rows;
    if (!vtr_text_number_after(text, x, &columns) || !vtr_text_number_after(text, y, &rows) ||
        !(columns >= 1 && columns <= 1e6 && rows >= 1 && rows <= 1e6))
        return false;
    scan[0] = (uint64_t)rows;
    scan[1] = (uint64_t)columns;
    return true;
}

/* The scan from the XML, else from the name, else as many patterns as there are. */
static void find_scan(const vtr_dataset *dataset, const char *text, const char *raw_name, uint64_t scan[2])
{
    const char *acquire = text != NULL ? strstr(text, "<scan_parameters mode=\"acquire\"") : NULL;
    uint64_t frames = dataset->file.size / stride;
    if (sizes_after(text, "<pix_x>", "<pix_y>", scan) || scan_in_name(raw_name, scan)) return;
    if (sizes_after(acquire, "<scan_resolution_x>", "<scan_resolution_y>", scan) &&
        scan[0] * scan[1] == frames)
        return;
    scan[0] = 1;
    scan[1] = frames;
}

static bool first_number(const char *text, const char *const names[], size_t n, double *value)
{
    for (size_t i = 0; i < n; i++)
        if (vtr_text_number_after(text, names[i], value)) return true;
    return false;
}

/* Voltage in V, field of view in m, angle of a pixel in rad. Software 0.51 calls a pixel's reciprocal size in 1e9/nm
 * "calibrated_pixelsize". */
static void calibrate(vtr_dataset *dataset, const char *text)
{
    static const char *const volts_names[] = {"<source.get_voltage>", "<high_voltage>"};
    static const char *const view_names[] = {"<optics.get_full_scan_field_of_view>["};
    double volts, view = 0, pixel, angle;
    if (first_number(text, volts_names, 2, &volts) && volts >= 1e3 && volts <= 1e7)
        dataset->info.beam_energy_kev = 1e-3 * volts;
    const char *full = text != NULL ? strstr(text, "<full_scan_field_of_view>") : NULL;
    if (first_number(text, view_names, 1, &view) || vtr_text_number_after(full, "<x>", &view)) {
        vtr_dataset_calibrate(dataset, 1, view / (double)dataset->info.shape[1], "m");
        if (full != NULL) vtr_text_number_after(full, "<y>", &view);
        vtr_dataset_calibrate(dataset, 0, view / (double)dataset->info.shape[0], "m");
    }
    bool has_pixel = vtr_text_number_after(text, "<calibrated_pixelsize>", &pixel) && pixel > 0;
    bool has_angle = vtr_text_number_after(text, "<calibrated_diffraction_angle>", &angle) && angle > 0;
    for (int axis = 2; axis < 4; axis++)
        if (has_pixel)
            vtr_dataset_calibrate(dataset, axis, 1e9 * pixel, "1/nm");
        else if (has_angle)
            vtr_dataset_calibrate(dataset, axis, angle, "rad");
    if (!has_pixel || !has_angle || isnan(dataset->info.beam_energy_kev)) return;
    double k = angle / vtr_electron_wavelength_angstrom(dataset->info.beam_energy_kev);
    if (fabs(k / (0.1 * 1e9 * pixel) - 1) > 0.05)
        vtr_dataset_note(dataset, "the file's angle of %.4g mrad a pixel would be %.4g 1/Å", 1e3 * angle, k);
}

/* From the XML to the frames it names, which stand beside it. */
static vtr_status enter_frames(vtr_dataset *dataset, const char *text, char name[256], vtr_error *err)
{
    const char *mark = "<raw_file filename=\"", *at = strstr(text, mark);
    size_t n = at != NULL ? strcspn(at + strlen(mark), "\"") : 0;
    if (n == 0 || n >= 256)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': it names no file of frames", dataset->path);
    char whole[256];
    memcpy(whole, at + strlen(mark), n);
    whole[n] = '\0';
    snprintf(name, 256, "%s", vtr_companion_name(whole));
    char *path = vtr_companion_path(dataset->path, name);
    if (path == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    vtr_status status = vtr_companion_enter(dataset, path, err);
    vtr_free(path);
    return status;
}

static vtr_status open_empad(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    (void)params;
    unsigned char head[8] = {0};
    char name[256];
    size_t got;
    uint64_t sizes[4] = {1, 1, SIDE, SIDE};
    snprintf(name, sizeof name, "%s", vtr_companion_name(dataset->path));
    vtr_status status = vtr_file_read_some(&dataset->file, 0, head, sizeof head, &got, err);
    if (status != VTR_OK) return status;
    bool is_xml = memcmp(head, "<root", 5) == 0;
    char *text = is_xml ? vtr_companion_read(dataset->path) : find_xml(dataset->path);
    if (is_xml) {
        status = text != NULL ? enter_frames(dataset, text, name, err)
                              : vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': it is no small text file",
                                         dataset->path);
        if (status != VTR_OK) goto cleanup;
    }
    find_scan(dataset, text, name, sizes);
    dataset->info.type = VTR_TYPE_F32;
    status = vtr_dataset_set_shape(dataset, sizes, 4, err);
    if (status != VTR_OK) goto cleanup;
    dataset->flat.stride = stride;
    dataset->flat.is_swapped = vtr_is_big_endian();
    dataset->flat.is_plain = true;
    dataset->stored_frames = vtr_flat_count(dataset, frame_bytes);
    calibrate(dataset, text);
    if (text == NULL) vtr_dataset_note(dataset, "no XML file beside it: the scan is taken from its name");

cleanup:
    vtr_free(text);
    return status;
}

const vtr_dataset_format vtr_format_empad = {
    .name = "EMPAD", .probe = probe, .open = open_empad, .read = vtr_flat_read, .close = NULL};
