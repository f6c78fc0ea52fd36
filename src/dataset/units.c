/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

/* Spellings of letters beyond ASCII: UTF-8 first, then the single bytes of Latin-1 that DigitalMicrograph writes. */
static const struct {
    const char *from, *to;
} letters[] = {
    {"\xc2\xb5", "u"},
    {"\xce\xbc", "u"},
    {"\xc3\x85", "A"},
    {"\xe2\x84\xab", "A"},
    {"\xe2\x81\xbb", "-"},
    {"\xc2\xb9", "1"},
    {"\xb5", "u"},
    {"\xc5", "A"},
    {" ", ""},
    {"_", ""},
    {"[", ""},
    {"]", ""},
    {"(", ""},
    {")", ""},
    {"**", "^"},
};

static void simplify(const char *text, char *simple, size_t size)
{
    size_t n = 0;
    while (*text != '\0' && n + 2 < size) {
        size_t i = 0, count = sizeof letters / sizeof *letters;
        while (i < count && !vtr_text_starts_with(text, letters[i].from))
            i++;
        if (i < count) {
            n += (size_t)snprintf(simple + n, size - n, "%s", letters[i].to);
            text += strlen(letters[i].from);
        } else {
            simple[n++] = *text++;
        }
    }
    simple[n] = '\0';
}

static const struct {
    const char *name;
    vtr_unit_kind kind;
    double factor; /* to nm or rad */
} base_units[] = {
    {"nm", VTR_UNIT_LENGTH, 1},         {"A", VTR_UNIT_LENGTH, 0.1},        {"Ang", VTR_UNIT_LENGTH, 0.1},
    {"angstrom", VTR_UNIT_LENGTH, 0.1}, {"Angstrom", VTR_UNIT_LENGTH, 0.1}, {"pm", VTR_UNIT_LENGTH, 1e-3},
    {"um", VTR_UNIT_LENGTH, 1e3},       {"mm", VTR_UNIT_LENGTH, 1e6},       {"m", VTR_UNIT_LENGTH, 1e9},
    {"micron", VTR_UNIT_LENGTH, 1e3},   {"mrad", VTR_UNIT_ANGLE, 1e-3},     {"urad", VTR_UNIT_ANGLE, 1e-6},
    {"rad", VTR_UNIT_ANGLE, 1},
};

vtr_unit_kind vtr_unit_parse(const char *text, double *factor)
{
    char simple[64];
    simplify(text, simple, sizeof simple);
    const char *name = simple;
    bool is_reciprocal = false;
    if (vtr_text_starts_with(name, "1/")) {
        is_reciprocal = true;
        name += 2;
    } else {
        size_t n = strlen(simple);
        if (n > 3 && strcmp(simple + n - 3, "^-1") == 0) {
            is_reciprocal = true;
            simple[n - 3] = '\0';
        } else if (n > 2 && strcmp(simple + n - 2, "-1") == 0) {
            is_reciprocal = true;
            simple[n - 2] = '\0';
        }
    }
    for (size_t i = 0; i < sizeof base_units / sizeof *base_units; i++) {
        if (strcmp(name, base_units[i].name) != 0) continue;
        if (is_reciprocal && base_units[i].kind != VTR_UNIT_LENGTH) return VTR_UNIT_UNKNOWN;
        *factor = is_reciprocal ? 0.1 / base_units[i].factor : base_units[i].factor;
        return is_reciprocal ? VTR_UNIT_RECIPROCAL : base_units[i].kind;
    }
    return VTR_UNIT_UNKNOWN;
}

void vtr_dataset_calibrate(vtr_dataset *dataset, int axis, double step, const char *unit)
{
    double factor;
    vtr_unit_kind kind = vtr_unit_parse(unit, &factor);
    if (kind == VTR_UNIT_UNKNOWN || !isfinite(step) || step == 0) return;
    double value = fabs(step) * factor;
    if (axis < 2 && kind == VTR_UNIT_LENGTH)
        dataset->info.scan_step_nm[axis] = value;
    else if (axis >= 2 && kind == VTR_UNIT_RECIPROCAL)
        dataset->info.k_step_inv_angstrom[axis - 2] = value;
    else if (axis >= 2 && kind == VTR_UNIT_ANGLE)
        dataset->angle_step_rad[axis - 2] = value;
    else if (axis == 3 && kind == VTR_UNIT_LENGTH)
        vtr_dataset_note(dataset, "pixels of %.6g nm: an image of the specimen, not a diffraction pattern",
                         value);
}
