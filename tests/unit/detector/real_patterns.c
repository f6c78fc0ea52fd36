/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/detector.h"

/* What was found in one pattern: its mask, centre and ring. */
typedef struct finding {
    size_t det_y, det_x;
    unsigned char *reasons;
    double centre_x, centre_y, radius, width, annulus[2];
} finding;

static size_t count(const finding *f, unsigned char reason, vtr_box box)
{
    size_t n = 0;
    for (size_t y = box.y0; y < box.y1; y++)
        for (size_t x = box.x0; x < box.x1; x++)
            n += (f->reasons[y * f->det_x + x] & reason) != 0;
    return n;
}

static void assert_shaded(const finding *f, size_t x, size_t y, int is_shaded)
{
    int found = (f->reasons[y * f->det_x + x] & VTR_MASK_BEAM_STOP) != 0;
    if (found != is_shaded) fail_msg("pixel (%zu, %zu): shaded %d", x, y, found);
}

static void find_profile(double *profile, size_t n, const finding *f, const double *mean)
{
    double *counts = vtr_calloc(n, sizeof *counts);
    memset(profile, 0, n * sizeof *profile);
    for (size_t i = 0; i < f->det_y * f->det_x; i++) {
        size_t r =
            (size_t)(hypot((double)(i % f->det_x) - f->centre_x, (double)(i / f->det_x) - f->centre_y) + 0.5);
        if (f->reasons[i] || r >= n) continue;
        profile[r] += mean[i];
        counts[r]++;
    }
    for (size_t r = 0; r < n; r++)
        profile[r] = counts[r] > 0 ? profile[r] / counts[r] : NAN;
    vtr_free(counts);
}

/* Reads and analyses a pattern; false where the file is missing. */
static bool analyse(finding *f, const char *name)
{
    vtr_error err;
    const char *path = test_data_path(name);
    vtr_sample sample;
    vtr_dataset *dataset = NULL;
    if (!path) return false;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    assert_ok(vtr_sample_read(&sample, dataset, 1, 0, NULL, &err));
    vtr_dataset_close(&dataset);
    size_t n = sample.det_y * sample.det_x;
    *f = (finding){.det_y = sample.det_y, .det_x = sample.det_x, .reasons = vtr_malloc(n, 1)};
    assert_ok(vtr_mask_find(f->reasons, &sample, NULL, &err));
    double *mean = vtr_malloc(n + f->det_y, sizeof *mean), *profile = mean + n;
    unsigned char *used = vtr_malloc(n, 1);
    for (size_t i = 0; i < n; i++) {
        mean[i] = (double)sample.frames[i];
        used[i] = f->reasons[i] == 0;
    }
    assert_ok(vtr_centre_find(&f->centre_x, &f->centre_y, mean, used, f->det_y, f->det_x, &err));
    find_profile(profile, f->det_y, f, mean);
    assert_ok(vtr_ring_find(&f->radius, &f->width, f->annulus, profile, f->det_y, &err));
    vtr_sample_release(&sample);
    vtr_free(mean);
    vtr_free(used);
    return true;
}

/* Stop from the top, rim of the camera all around, negative background: places looked up in the picture. */
static void amorphous_with_stop_and_rim(void **state)
{
    (void)state;
    finding f;
    if (!analyse(&f, "rings/amorphous_nbd_sum_512.hspy")) skip();
    assert_shaded(&f, 300, 200, 1); /* the stop, from its dark shaft to its tip, across the ring */
    assert_shaded(&f, 300, 100, 1);
    assert_shaded(&f, 312, 180, 1);
    assert_shaded(&f, 302, 258, 1);
    assert_shaded(&f, 302, 290, 0);
    assert_shaded(&f, 40, 40, 1); /* outside of the rim */
    assert_shaded(&f, 480, 480, 1);
    assert_shaded(&f, 300, 440, 0);
    assert_shaded(&f, 130, 270, 0);
    assert_near(f.centre_x, 304.8, 1.5);
    assert_near(f.centre_y, 249.3, 1.5);
    assert_near(f.radius, 71.8, 1.5);
    assert_true(f.annulus[0] < 62 && f.annulus[0] > 30 && f.annulus[1] > 82 && f.annulus[1] < 115);
    vtr_free(f.reasons);
}

/* A bar that is brighter under the middle than the corners of the pattern are. */
static void gold_with_a_bar(void **state)
{
    (void)state;
    finding f;
    if (!analyse(&f, "rings/Au_100cm.tif")) skip();
    for (size_t x = 5; x < 980; x += 25)
        assert_shaded(&f, x, 497 - x / 65 - (x > 480 ? 2 : 0), 1);
    assert_shaded(&f, 488, 440, 0);
    assert_shaded(&f, 488, 540, 0);
    assert_int_equal(count(&f, VTR_MASK_BEAM_STOP, (vtr_box){0, 400, 0, 984}), 0);
    assert_int_equal(count(&f, VTR_MASK_BEAM_STOP, (vtr_box){600, 984, 0, 984}), 0);
    assert_true(count(&f, VTR_MASK_HOT | VTR_MASK_DEAD, (vtr_box){0, 984, 0, 984}) < 984 * 984 / 200);
    assert_near(f.centre_x, 488.3, 1);
    assert_near(f.centre_y, 488.6, 1);
    assert_near(f.radius, 112.5, 1);
    vtr_free(f.reasons);
}

/* No stop; the frame's top and right edges hold no data. The direct beam is a thousand times as bright as the ring. */
static void gold_without_stop(void **state)
{
    (void)state;
    finding f;
    if (!analyse(&f, "rings/au_xgrating_20cm.tif")) skip();
    assert_int_equal(count(&f, 0xff, (vtr_box){20, 250, 10, 240}), 0);
    assert_shaded(&f, 100, 5, 1);
    assert_shaded(&f, 252, 100, 1);
    assert_near(f.centre_x, 127.4, 1);
    assert_near(f.centre_y, 127.9, 1);
    assert_near(f.radius, 42.4, 1);
    vtr_free(f.reasons);
}

static size_t read_column(double *values, size_t most, const char *name, int column)
{
    const char *path = test_data_path(name);
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[512];
    size_t n = 0;
    while (file && n < most && fgets(line, sizeof line, file)) {
        char *field = line;
        for (int i = 0; i < column && field; i++)
            field = strchr(field, ',') ? strchr(field, ',') + 1 : NULL;
        if (field) field[strcspn(field, ",\r\n")] = '\0';
        char *end = field;
        if (field) values[n] = strtod(field, &end);
        n += end != field;
    }
    if (file) fclose(file);
    return n;
}

/* Amorphous SiO2 (0.00167 1/Å a pixel): its first sharp peak, at pixel 145, lies on the beam stop's flank, so the
 * shoulder at 0.79 1/Å (Q = 4.96 1/Å) is the first ring with two feet. Ta2O5: the maximum at 88 to 92 px. Aluminium:
 * 111 at 337 px, as 200, 220 and 311 at 389, 550 and 645 px tell. */
static void first_ring_of_measured_profiles(void **state)
{
    (void)state;
    enum { MOST = 4096 };
    vtr_error err;
    double *profile = vtr_malloc(MOST, sizeof *profile), radius, width, annulus[2];
    size_t n = read_column(profile, MOST, "rings/amorphous_SiO2_profile.txt", 0);
    if (n == 0) {
        vtr_free(profile);
        skip();
    }
    assert_ok(vtr_ring_find(&radius, &width, annulus, profile, n, &err));
    assert_near(radius, 0.79 / 0.00167, 10);
    assert_true(annulus[0] < radius - 0.5 * width && annulus[1] > radius + 0.5 * width);
    n = read_column(profile, MOST, "rings/amorphous_Ta2O5_q.csv", 1);
    assert_ok(vtr_ring_find(&radius, &width, annulus, profile, n, &err));
    assert_near(radius, 91, 4);
    n = read_column(profile, MOST, "rings/al_ring_profile.csv", 1);
    assert_ok(vtr_ring_find(&radius, &width, annulus, profile, n, &err));
    assert_near(radius, 337, 1.5);
    assert_true(annulus[1] < 389);
    vtr_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amorphous_with_stop_and_rim),
        cmocka_unit_test(gold_with_a_bar),
        cmocka_unit_test(gold_without_stop),
        cmocka_unit_test(first_ring_of_measured_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
