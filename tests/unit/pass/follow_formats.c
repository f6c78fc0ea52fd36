/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing .npy, raw, .mib and .dm4: cut anywhere, only whole frames count; what is shown meanwhile is whole and has no
 * zeros; the end is the map of the complete file; what is not a recording that grows is refused. */
#define _XOPEN_SOURCE 700 /* nanosleep, truncate */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_growing.h"

/* The pass takes eight scan rows at a time here: so many are in a map while the rest is not all there. */
enum { BLOCK = 8 * SCAN_X };

static const double long_s = 120; /* never reached but by a test that fails */

static recording simulated;
static vtr_calibration *calibration;

static int simulate(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin_params twin = recording_params();
    vtr_calibrate_params params = pass_calibrate_params();
    test_folder_make();
    recording_make(&simulated, &twin, VTR_TYPE_U16);
    assert_ok(pass_calibrate(&calibration, recording_write(&simulated, "whole.npy"), &params, 1, &err));
    test_folder_remove();
    return 0;
}

static int release_simulated(void **state)
{
    (void)state;
    vtr_calibration_free(calibration);
    recording_release(&simulated);
    return 0;
}

/* The pass over the file, followed or as it is; *err is the caller's. */
static vtr_status map(const growing_file *file, const char *output, const vtr_follow_params *follow,
                      vtr_map_summary *summary, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_mapfile *out = NULL;
    const vtr_pass_options options = {.threads = 1, .follow = follow};
    vtr_status status = vtr_dataset_open(&dataset, file->path, &file->params, err);
    if (status == VTR_OK) status = vtr_mapfile_create(&out, output, true, err);
    if (status == VTR_OK) status = vtr_map_with(out, dataset, calibration, NULL, &options, summary, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&out, err);
    vtr_mapfile_close(&out);
    vtr_dataset_close(&dataset);
    return status;
}

/* --- frames ---------------------------------------------------------------------------------------------------- */

static size_t frames_found(vtr_dataset *dataset)
{
    vtr_error err;
    size_t n = 0;
    assert_ok(vtr_dataset_grow(dataset, &n, &err));
    return n;
}

static vtr_dataset *open_whole(const growing_file *file)
{
    vtr_error err;
    vtr_dataset *whole = NULL;
    growing_file copy = *file;
    snprintf(copy.path, sizeof copy.path, "%s", test_folder_path("complete"));
    growing_write(&copy, copy.n, copy.n);
    assert_ok(vtr_dataset_open(&whole, copy.path, &file->params, &err));
    return whole;
}

/* Ends within headers, pixels, and gaps: a frame counts with its last byte. */
static void only_whole_frames_count(growing_kind kind)
{
    vtr_error err;
    growing_file file;
    vtr_dataset *dataset = NULL;
    growing_make(&file, kind, &simulated);
    vtr_dataset *whole = open_whole(&file);
    growing_write(&file, file.offset + file.frame_bytes, 7919);
    assert_ok(vtr_dataset_open(&dataset, file.path, &file.params, &err));
    assert_int_equal(frames_found(dataset), 1);
    unsigned char *now = vtr_malloc(file.frame_bytes, 1), *then = vtr_malloc(file.frame_bytes, 1);
    assert_true(now != NULL && then != NULL);
    for (size_t n = 1; n < 40; n++) {
        size_t end = file.offset + n * file.stride + file.frame_bytes;
        const size_t ends[] = {end - file.stride + 1, end - file.frame_bytes + 17 * n, end - 1};
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
            growing_write(&file, ends[i], 4096);
            assert_int_equal(frames_found(dataset), n);
        }
        growing_write(&file, end, 4096);
        assert_int_equal(frames_found(dataset), n + 1);
        assert_ok(vtr_dataset_read(dataset, n, 1, now, &err));
        assert_ok(vtr_dataset_read(whole, n, 1, then, &err));
        assert_memory_equal(now, then, file.frame_bytes);
    }
    vtr_free(now);
    vtr_free(then);
    vtr_dataset_close(&dataset);
    vtr_dataset_close(&whole);
    growing_release(&file);
}

/* No file, none of it, a header cut anywhere, a frame but for one byte: nothing to open yet, and no other word. */
static void a_recording_is_opened_once_it_has_frames(growing_kind kind)
{
    vtr_error err = {0};
    growing_file file;
    vtr_dataset *dataset = NULL;
    growing_make(&file, kind, &simulated);
    const vtr_growing_params one = {1, 0}, three = {3, 0};
    const size_t first = file.offset + file.frame_bytes;
    const size_t ends[] = {0, 1, 9, 27, 60, file.offset / 2, file.offset - 1, file.offset, first - 1};
    for (size_t i = 0; i <= sizeof ends / sizeof *ends; i++) {
        if (i > 0) growing_write(&file, ends[i - 1], 100);
        vtr_status status = vtr_dataset_open_growing(&dataset, file.path, &file.params, &one, NULL, &err);
        if (status != VTR_ERR_NOT_FOUND && status != VTR_ERR_NO_DATA && status != VTR_ERR_FORMAT)
            fail_msg("kind %d, end %zu: status %d, '%s'", (int)kind, i > 0 ? ends[i - 1] : 0, (int)status,
                     err.message);
        assert_null(dataset);
    }
    growing_write(&file, first, 100);
    assert_ok(vtr_dataset_open_growing(&dataset, file.path, &file.params, &one, NULL, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->n_frames, 1);
    assert_int_equal(vtr_dataset_get_info(dataset)->shape[0], SCAN_Y);
    vtr_dataset_close(&dataset);
    /* when no more comes, with what there is */
    assert_ok(vtr_dataset_open_growing(&dataset, file.path, &file.params, &three, NULL, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->n_frames, 1);
    vtr_dataset_close(&dataset);
    growing_release(&file);
}

/* --- maps ------------------------------------------------------------------------------------------------------ */

/* Waits until a map is shown, copies it, and does the rest. HDF5 is left to the pass. */
typedef struct onlooker {
    const growing_file *file;
    const char *shown, *copy;
    bool has_seen, shrinks;
} onlooker;

static bool copy_file(const char *from, const char *to)
{
    char piece[1 << 14];
    FILE *in = fopen(from, "rb");
    if (in == NULL) return false;
    FILE *out = fopen(to, "wb");
    for (size_t n; out != NULL && (n = fread(piece, 1, sizeof piece, in)) > 0;)
        fwrite(piece, 1, n, out);
    fclose(in);
    return out != NULL && fclose(out) == 0;
}

static void *look_on(void *user)
{
    onlooker *o = user;
    const struct timespec pause = {0, 5000000};
    for (double start_s = vtr_clock_s(); !o->has_seen && vtr_clock_s() - start_s < long_s;) {
        o->has_seen = copy_file(o->shown, o->copy);
        nanosleep(&pause, NULL);
    }
    if (o->shrinks)
        o->has_seen = truncate(o->file->path, (off_t)growing_torn(o->file, 5)) == 0 && o->has_seen;
    else
        growing_write(o->file, o->file->n, 12345);
    return NULL;
}

/* Every number of the positions that are done is the final one; the others have none, and are missing. */
static void check_shown(const char *copy, const char *expected)
{
    static const char *const names[][2] = {{"ring", "ellipse"}, {"ring", "covariance"}, {"ring", "chi2"},
                                           {"beam", "x"},       {"beam", "y"},          {"beam", "counts"},
                                           {"virtual", "bf"},   {"virtual", "adf"},     {"virtual", "total"}};
    size_t n, m;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double *now = pass_dataset(copy, names[i][0], names[i][1], &n);
        double *then = pass_dataset(expected, names[i][0], names[i][1], &m);
        assert_int_equal(n, m);
        for (size_t k = 0; k < n; k++)
            if (k / (n / POSITIONS) >= BLOCK ? !isnan(now[k])
                                             : !(now[k] == then[k] || (isnan(now[k]) && isnan(then[k]))))
                fail_msg("%s/%s at %zu: %g, in the end %g", names[i][0], names[i][1], k, now[k], then[k]);
        vtr_free(now);
        vtr_free(then);
    }
    for (int g = 0; g < 2; g++) {
        double *flags = pass_dataset(copy, g == 0 ? "ring" : "beam", "flags", &n);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(((unsigned)flags[k] & VTR_FLAG_MISSING) != 0, k >= BLOCK);
        vtr_free(flags);
    }
}

static void the_map_fills_and_ends_as_that_of_the_whole(growing_kind kind)
{
    vtr_error err;
    growing_file file;
    vtr_map_summary summary;
    char expected[4096], shown[4096], copy[4096];
    growing_make(&file, kind, &simulated);
    snprintf(expected, sizeof expected, "%s", test_folder_path("expected.h5"));
    snprintf(shown, sizeof shown, "%s", test_folder_path("shown.h5"));
    snprintf(copy, sizeof copy, "%s", test_folder_path("copy.h5"));
    growing_write(&file, file.n, file.n);
    assert_ok(map(&file, expected, NULL, NULL, &err));
    unlink(file.path);

    growing_write(&file, growing_torn(&file, BLOCK + 9), 60013);
    onlooker o = {&file, shown, copy, false, false};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, look_on, &o), 0);
    const vtr_follow_params how = {.timeout_s = 2 * long_s, .path = shown, .interval_s = 1e-6};
    vtr_status status = map(&file, shown, &how, &summary, &err);
    pthread_join(thread, NULL);
    assert_int_equal(status, VTR_OK);
    assert_true(o.has_seen);
    check_shown(copy, expected);
    assert_int_equal(summary.n_missing, 0);
    pass_assert_same(expected, shown, true);
    growing_release(&file);
}

/* --- refusals -------------------------------------------------------------------------------------------------- */

static void assert_one_line(const char *text)
{
    assert_true(text[0] != '\0');
    assert_null(strchr(text, '\n'));
}

/* The pass ends with its line, and what was shown stays as it was. */
static void a_recording_that_shrinks_ends_the_pass(growing_kind kind)
{
    vtr_error err = {0};
    growing_file file;
    char shown[4096], copy[4096], command[8400];
    growing_make(&file, kind, &simulated);
    snprintf(shown, sizeof shown, "%s", test_folder_path("shown.h5"));
    snprintf(copy, sizeof copy, "%s", test_folder_path("copy.h5"));
    growing_write(&file, growing_torn(&file, BLOCK + 9), 60013);
    onlooker o = {&file, shown, copy, false, true};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, look_on, &o), 0);
    const vtr_follow_params how = {.timeout_s = 2 * long_s, .path = shown, .interval_s = 1e-6};
    vtr_status status = map(&file, shown, &how, NULL, &err);
    pthread_join(thread, NULL);
    assert_true(o.has_seen);
    assert_int_equal(status, VTR_ERR_IO);
    test_assert_contains(err.message, "became shorter while it was followed");
    assert_one_line(err.message);
    size_t n;
    vtr_free(pass_dataset(shown, "ring", "flags", &n));
    assert_int_equal(n, POSITIONS);
    snprintf(command, sizeof command, "%s.now", shown);
    assert_false(test_file_exists(command));
    growing_release(&file);
}

static void what_does_not_grow_is_refused(growing_kind kind)
{
    vtr_error err;
    growing_file file;
    vtr_dataset *dataset = NULL;
    size_t n;
    char other[4200];
    growing_make(&file, kind, &simulated);
    growing_write(&file, growing_torn(&file, 20), 60013);
    assert_ok(vtr_dataset_open(&dataset, file.path, &file.params, &err));
    assert_int_equal(frames_found(dataset), 20);

    assert_int_equal(truncate(file.path, (off_t)growing_torn(&file, 3)), 0);
    assert_fails(vtr_dataset_grow(dataset, &n, &err), VTR_ERR_IO, "became shorter");
    assert_one_line(err.message);
    growing_write(&file, growing_torn(&file, 21), 60013);
    assert_int_equal(frames_found(dataset), 21);

    FILE *same =
        fopen(file.path, "r+b"); /* byte 40 lies in each header, and says the shape where it is text */
    assert_non_null(same);
    fseek(same, 40, SEEK_SET);
    fputc(file.bytes[40] ^ 1, same);
    fclose(same);
    assert_fails(vtr_dataset_grow(dataset, &n, &err), VTR_ERR_IO, "header");
    assert_one_line(err.message);

    /* another recording under the same name, of the same bytes */
    snprintf(other, sizeof other, "%s.old", file.path);
    assert_int_equal(rename(file.path, other), 0);
    growing_write(&file, growing_torn(&file, 22), 60013);
    assert_fails(vtr_dataset_grow(dataset, &n, &err), VTR_ERR_IO, "was replaced by another file");
    assert_one_line(err.message);
    unlink(file.path);
    assert_fails(vtr_dataset_grow(dataset, &n, &err), VTR_ERR_IO, "cannot follow");
    vtr_dataset_close(&dataset);

    /* of its full size from the start, sparse behind the first frames */
    growing_write(&file, growing_torn(&file, 20), 60013);
    assert_int_equal(truncate(file.path, (off_t)file.n), 0);
    assert_ok(vtr_dataset_open(&dataset, file.path, &file.params, &err));
    assert_fails(vtr_dataset_grow(dataset, &n, &err), VTR_ERR_FORMAT, "full size");
    assert_one_line(err.message);
    vtr_dataset_close(&dataset);
    growing_release(&file);
}

static void of_every_kind(void **state)
{
    void (*const *check)(growing_kind) = *state;
    for (growing_kind kind = GROWING_NPY; kind < GROWING_KINDS; kind++) {
        test_folder_make();
        (*check)(kind);
        test_folder_remove();
    }
}

int main(void)
{
    static void (*checks[])(growing_kind) = {
        only_whole_frames_count, a_recording_is_opened_once_it_has_frames,
        the_map_fills_and_ends_as_that_of_the_whole, a_recording_that_shrinks_ends_the_pass,
        what_does_not_grow_is_refused};
    const struct CMUnitTest tests[] = {
        {"only_whole_frames_count", of_every_kind, NULL, NULL, &checks[0]},
        {"a_recording_is_opened_once_it_has_frames", of_every_kind, NULL, NULL, &checks[1]},
        {"the_map_fills_and_ends_as_that_of_the_whole", of_every_kind, NULL, NULL, &checks[2]},
        {"a_recording_that_shrinks_ends_the_pass", of_every_kind, NULL, NULL, &checks[3]},
        {"what_does_not_grow_is_refused", of_every_kind, NULL, NULL, &checks[4]},
    };
    return cmocka_run_group_tests(tests, simulate, release_simulated);
}
