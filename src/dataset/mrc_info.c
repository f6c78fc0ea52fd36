/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/mrc_internal.h"

/* Direct Electron's software writes NAME_info.txt beside NAME_movie.mrc: lines "name   = value". */

enum { MOST_NAME = 400 };

/* The value of the line that begins with `name`. */
static bool value_of(const char *text, const char *name, double *value)
{
    size_t n = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, name, n) == 0) {
            const char *at = line + n + strspn(line + n, " ");
            if (*at == '=') return vtr_text_number_after(at, "= ", value);
        }
        line = strchr(line, '\n');
        if (line != NULL) line++;
    }
    return false;
}

static bool is_enabled(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    if (at == NULL) return false;
    at += strcspn(at, "=\n");
    return vtr_text_starts_with(at, "= Enable");
}

static void calibrate(vtr_dataset *dataset, const char *text)
{
    double volts, step, pixel;
    if (value_of(text, "Instrument Accelerating Voltage (V)", &volts) && volts >= 1e3 && volts <= 1e7)
        dataset->info.beam_energy_kev = 1e-3 * volts;
    if (value_of(text, "Specimen Pixel Size X (nanometers)", &step) && step > 0)
        vtr_dataset_calibrate(dataset, 1, step, "nm");
    if (value_of(text, "Specimen Pixel Size Y (nanometers)", &step) && step > 0)
        vtr_dataset_calibrate(dataset, 0, step, "nm");
    if (value_of(text, "Diffraction Pixel Size X", &pixel) && pixel > 0)
        vtr_dataset_note(dataset, "its diffraction pixel of %.6g has no unit; give --k-step", pixel);
}

bool vtr_mrc_read_info(vtr_dataset *dataset)
{
    static const char movie[] = "_movie.mrc", info[] = "_info.txt";
    char name[MOST_NAME + sizeof movie];
    const char *own = vtr_companion_name(dataset->path);
    size_t n = strlen(own);
    if (n >= MOST_NAME || !vtr_text_ends_with_nocase(own, movie)) return false;
    memcpy(name, own, n - strlen(movie));
    memcpy(name + n - strlen(movie), info, sizeof info);
    char *path = vtr_companion_path(dataset->path, name);
    char *text = path != NULL ? vtr_companion_read(path) : NULL;
    vtr_free(path);
    if (text == NULL) return false;
    bool is_part = is_enabled(text, "Scan - ROI Enable");
    double columns, rows, frames = (double)dataset->stored_frames;
    bool is_scan = is_enabled(text, "Scan - Enable") &&
                   value_of(text, is_part ? "Scan - ROI Size X" : "Scan - Size X", &columns) &&
                   value_of(text, is_part ? "Scan - ROI Size Y" : "Scan - Size Y", &rows) && columns >= 1 &&
                   rows >= 1 && columns <= frames && rows <= frames && columns * rows <= frames;
    if (is_scan) {
        dataset->info.shape[0] = (size_t)rows;
        dataset->info.shape[1] = (size_t)columns;
        calibrate(dataset, text);
    }
    vtr_free(text);
    return is_scan;
}
