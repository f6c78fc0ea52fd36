/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "specimen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vitrail/ring_map.h"

enum { N = SPECIMEN_Y * SPECIMEN_X, PIXELS = SPECIMEN_DET_Y * SPECIMEN_DET_X };

const view_gate specimen_gate = {.token = "0123456789abcdef0123456789abcdef", .port = 8000};

static void write_recording(void)
{
    vtr_error err;
    vtr_dataset_writer *writer = NULL;
    const vtr_dataset_info info = {.shape = {SPECIMEN_Y, SPECIMEN_X, SPECIMEN_DET_Y, SPECIMEN_DET_X},
                                   .n_frames = N,
                                   .type = VTR_TYPE_U16,
                                   .scan_step_nm = {NAN, NAN},
                                   .k_step_inv_angstrom = {NAN, NAN},
                                   .beam_energy_kev = NAN};
    uint16_t frames[N][PIXELS];
    for (int p = 0; p < N; p++)
        for (int i = 0; i < PIXELS; i++)
            frames[p][i] = (uint16_t)(100 * p + i);
    assert_ok(vtr_dataset_writer_open(&writer, test_folder_path("scan.npy"), &info, true, &err));
    assert_ok(vtr_dataset_writer_write(writer, 0, N, frames, &err));
    assert_ok(vtr_dataset_writer_finish(&writer, &err));
}

static void write_rings(vtr_mapfile *file, bool is_filling)
{
    vtr_error err;
    vtr_ring_map ring = {0};
    assert_ok(vtr_ring_map_init(&ring, SPECIMEN_Y, SPECIMEN_X, &err));
    for (size_t p = 0; p < N; p++) {
        const double ellipse[] = {2.5, 3.5, 1 + 0.001 * (double)p, 1, 0};
        for (size_t k = 0; k < VTR_RING_MAP_ELLIPSE_N; k++)
            ring.ellipse[p * VTR_RING_MAP_ELLIPSE_N + k] = p + 1 < N ? ellipse[k] : NAN;
        for (size_t k = 0; k < VTR_ELLIPSE_N; k++)
            ring.covariance[p * VTR_RING_MAP_COVARIANCE_N + vtr_ring_map_covariance_index(k, k)] =
                p + 1 < N ? 1e-8 : NAN;
        ring.chi2[p] = p + 1 < N ? 1 : NAN;
    }
    ring.flags[N - 1] = is_filling ? VTR_FLAG_MISSING : VTR_FLAG_NO_RING | VTR_FLAG_POOR_FIT;
    ring.radius_px = 2;
    ring.k0_inv_angstrom = NAN;
    ring.scan_step_nm[0] = ring.scan_step_nm[1] = 2;
    assert_ok(vtr_ring_map_write(file, &ring, &err));
    vtr_ring_map_release(&ring);
}

static void write_profile(vtr_mapfile *file)
{
    vtr_error err;
    const size_t shape[3] = {SPECIMEN_Y, SPECIMEN_X, SPECIMEN_K}, n = SPECIMEN_K;
    const double step_nm[2] = {2, 2};
    float intensity[N][SPECIMEN_K], variance[N][SPECIMEN_K], k[SPECIMEN_K];
    for (int p = 0; p < N; p++)
        for (int j = 0; j < SPECIMEN_K; j++) {
            intensity[p][j] = (float)(p + j);
            variance[p][j] = 4;
            k[j] = 0.1f * (float)j;
        }
    assert_ok(vtr_mapfile_group(file, "profile", &err));
    assert_ok(vtr_mapfile_write(file, "profile", "intensity", VTR_TYPE_F32, 3, shape, intensity, "counts/px",
                                NULL, &err));
    assert_ok(
        vtr_mapfile_write(file, "profile", "variance", VTR_TYPE_F32, 3, shape, variance, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write(file, "profile", "k", VTR_TYPE_F32, 1, &n, k, "1/angstrom", NULL, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "profile", SPECIMEN_Y, SPECIMEN_X, step_nm, &err));
}

void specimen_rewrite(float scale, bool is_filling)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    const size_t shape[2] = {SPECIMEN_Y, SPECIMEN_X};
    const double step_nm[2] = {2, 2};
    float exx[N], errors[N], angle[N];
    for (int p = 0; p < N; p++) {
        angle[p] = p % 2 == 0 ? 80 : -88;
        exx[p] = scale * 0.001f * (float)p;
        errors[p] = 0.0001f;
    }
    assert_ok(vtr_mapfile_create(&file, test_folder_path("map.h5"), true, &err));
    assert_ok(vtr_mapfile_group(file, "strain", &err));
    assert_ok(vtr_mapfile_write_quantity(file, "strain", "exx", VTR_TYPE_F32, 2, shape, exx, errors, "1",
                                         NULL, &err));
    assert_ok(vtr_mapfile_write(file, "strain", "angle", VTR_TYPE_F32, 2, shape, angle, "deg", NULL, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "strain", SPECIMEN_Y, SPECIMEN_X, step_nm, &err));
    write_rings(file, is_filling);
    write_profile(file);
    assert_ok(vtr_mapfile_commit(&file, &err));
}

void specimen_write(void)
{
    write_recording();
    specimen_rewrite(1, false);
}

/* The session keeps its paths by reference. */
static view_session *open_files(size_t first, size_t n)
{
    static char paths[2][512];
    vtr_error err;
    view_session *session = NULL;
    snprintf(paths[0], sizeof paths[0], "%s", test_folder_path("map.h5"));
    snprintf(paths[1], sizeof paths[1], "%s", test_folder_path("scan.npy"));
    const char *const list[] = {paths[0], paths[1]};
    assert_ok(view_session_open(&session, list + first, n, 1, &err));
    return session;
}

view_session *specimen_open(void)
{
    return open_files(0, 2);
}

view_session *specimen_open_recording(void)
{
    return open_files(1, 1);
}

static const char *argument(void *user, const char *name)
{
    const char *const *arguments = user;
    for (size_t i = 0; arguments[i] != NULL; i += 2)
        if (strcmp(arguments[i], name) == 0) return arguments[i + 1];
    return NULL;
}

static void ask(view_answer *answer, view_session *session, const char *method, const char *path,
                const char *const *arguments)
{
    char whole[256];
    snprintf(whole, sizeof whole, "/%s/%s", specimen_gate.token, path);
    const view_request request = {.method = method,
                                  .path = whole,
                                  .host = "127.0.0.1:8000",
                                  .argument = arguments != NULL ? argument : NULL,
                                  .user = (void *)arguments};
    view_route(answer, session, &specimen_gate, &request);
}

void specimen_ask(view_answer *answer, view_session *session, const char *path, const char *const *arguments)
{
    ask(answer, session, "GET", path, arguments);
}

void specimen_post(view_answer *answer, view_session *session, const char *path, const char *const *arguments)
{
    ask(answer, session, "POST", path, arguments);
}

char *specimen_description(const view_answer *answer, const char **arrays)
{
    assert_int_equal(answer->status, 200);
    assert_true(answer->n >= 4);
    size_t n = 0;
    for (int i = 3; i >= 0; i--)
        n = n << 8 | (unsigned char)answer->body[i];
    assert_true(n % 4 == 0 && 4 + n <= answer->n);
    char *text = malloc(n + 1);
    assert_non_null(text);
    memcpy(text, answer->body + 4, n);
    text[n] = '\0';
    *arrays = answer->body + 4 + n;
    return text;
}
