/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#include "support.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[256];

static char *next_buffer(void)
{
    static char buffers[8][4096];
    static unsigned next;
    return buffers[next++ % 8];
}

static const char *join(const char *base, const char *name)
{
    char *path = next_buffer();
    snprintf(path, 4096, "%s/%s", base, name);
    return path;
}

bool test_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

const char *test_data_path(const char *relative)
{
    const char *base = getenv("VITRAIL_TEST_DATA");
    const char *path = join(base != NULL ? base : "../shared/data", relative);
    return test_file_exists(path) ? path : NULL;
}

const char *test_source_path(const char *relative)
{
    const char *base = getenv("VITRAIL_SOURCE_DIR");
    return join(base != NULL ? base : ".", relative);
}

const char *test_folder_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/vitrail-test-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(folder) == NULL) fail_msg("cannot make a folder for the test");
    return folder;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void test_folder_remove(void)
{
    if (folder[0] != '\0') nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    folder[0] = '\0';
}

int test_folder_setup(void **state)
{
    (void)state;
    return test_folder_make() == NULL;
}

int test_folder_teardown(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}

const char *test_folder_path(const char *name)
{
    return join(folder, name);
}

void test_assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("'%s' does not hold '%s'", text, part);
}

void test_assert_near(double a, double b, double tolerance, const char *what, int line)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("line %d: %s = %.9g, expected %.9g within %g", line, what, a, b, tolerance);
}
