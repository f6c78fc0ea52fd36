/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"
#include "support.h"

/* The examples of FIPS 180-2, appendix B, and the empty text; the million letters in parts of every length.
 */
static void published_examples(void **state)
{
    (void)state;
    const char *cases[][2] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                              {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                              {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    char hex[65];
    vtr_sha256 sha;
    for (size_t i = 0; i < 3; i++) {
        vtr_sha256_start(&sha);
        vtr_sha256_add(&sha, cases[i][0], strlen(cases[i][0]));
        vtr_sha256_finish(&sha, hex);
        assert_string_equal(hex, cases[i][1]);
    }
    char letters[1000];
    memset(letters, 'a', sizeof letters);
    vtr_sha256_start(&sha);
    for (size_t left = 1000000, part = 1; left > 0; left -= part, part = part % 997 + 1) {
        if (part > left) part = left;
        vtr_sha256_add(&sha, letters, part);
    }
    vtr_sha256_finish(&sha, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void make_file(const char *path, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++)
        fputc((int)(i * 7 + i / 256) & 255, file);
    fclose(file);
}

static void poke(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    fseek(file, at, SEEK_SET);
    int old = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(old ^ 1, file);
    fclose(file);
}

/* Of a file of 3 MiB: a byte of the first or the last MiB changes the sum, one between them does not. */
static void checksum_sees_both_ends_and_size(void **state)
{
    (void)state;
    test_folder_make();
    const char *path = test_folder_path("recording.raw");
    char before[65], after[65];
    uint64_t size = 0;
    make_file(path, 3 << 20);
    assert_int_equal(vtr_file_checksum(path, &size, before), 0);
    assert_int_equal(size, 3 << 20);
    poke(path, (1 << 20) + 5);
    assert_int_equal(vtr_file_checksum(path, &size, after), 0);
    assert_string_equal(after, before);
    poke(path, (1 << 20) - 1);
    assert_int_equal(vtr_file_checksum(path, &size, after), 0);
    assert_string_not_equal(after, before);
    poke(path, (1 << 20) - 1);
    poke(path, 2 << 20);
    assert_int_equal(vtr_file_checksum(path, &size, after), 0);
    assert_string_not_equal(after, before);

    /* Small files too: the bytes are those stated in the header. */
    make_file(path, 3);
    assert_int_equal(vtr_file_checksum(path, &size, after), 0);
    vtr_sha256 sha;
    vtr_sha256_start(&sha);
    const unsigned char bytes[] = {3, 0, 0, 0, 0, 0, 0, 0, 0, 7, 14, 0, 7, 14};
    vtr_sha256_add(&sha, bytes, sizeof bytes);
    vtr_sha256_finish(&sha, before);
    assert_string_equal(after, before);
    test_folder_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),
        cmocka_unit_test(checksum_sees_both_ends_and_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
