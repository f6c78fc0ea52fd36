/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700
#include "base/journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

enum { RECORDS = 12 };

/* Record i: kind i + 1, i * 37 bytes that follow from i, in two parts. */
static void append(vtr_journal *journal, size_t i)
{
    vtr_error err;
    unsigned char bytes[37 * RECORDS];
    for (size_t k = 0; k < 37 * i; k++)
        bytes[k] = (unsigned char)(i + 7 * k);
    size_t part = 11 * i;
    vtr_slice slices[3] = {{bytes, part}, {NULL, 0}, {bytes + part, 37 * i - part}};
    assert_ok(vtr_journal_append(journal, (uint32_t)i + 1, slices, 3, &err));
}

/* How many whole records there are; each must be what was appended. */
static size_t count(vtr_journal *journal, uint64_t ends[RECORDS])
{
    vtr_error err;
    vtr_journal_record record;
    vtr_journal_rewind(journal);
    for (size_t i = 0;; i++) {
        assert_ok(vtr_journal_next(journal, &record, &err));
        if (record.content == NULL) return i;
        assert_int_equal(record.kind, i + 1);
        assert_int_equal(record.n_bytes, 37 * i);
        for (size_t k = 0; k < record.n_bytes; k++)
            assert_int_equal(record.content[k], (unsigned char)(i + 7 * k));
        if (ends != NULL) ends[i] = record.end;
    }
}

static vtr_journal *open_journal(const char *path)
{
    vtr_error err;
    vtr_journal *journal = NULL;
    assert_ok(vtr_journal_open(&journal, path, false, &err));
    return journal;
}

static const char *write_all(uint64_t ends[RECORDS])
{
    const char *path = test_folder_path("a.journal");
    unlink(path);
    vtr_journal *journal = open_journal(path);
    for (size_t i = 0; i < RECORDS; i++)
        append(journal, i);
    assert_int_equal(count(journal, ends), RECORDS);
    vtr_journal_close(&journal);
    return path;
}

static void records_come_back(void **state)
{
    (void)state;
    uint64_t ends[RECORDS];
    vtr_journal *journal = open_journal(write_all(ends));
    assert_int_equal(count(journal, NULL), RECORDS);
    vtr_journal_close(&journal);
}

/* A file cut at any byte has all records that end before it, and takes more behind them. */
static void a_torn_end_is_dropped(void **state)
{
    (void)state;
    vtr_error err;
    uint64_t ends[RECORDS];
    const char *path = write_all(ends);
    for (uint64_t size = ends[RECORDS - 1]; size-- > 16;) {
        assert_int_equal(truncate(path, (off_t)size), 0);
        vtr_journal *journal = open_journal(path);
        size_t whole = 0;
        while (whole < RECORDS && ends[whole] <= size)
            whole++;
        assert_int_equal(count(journal, NULL), whole);
        vtr_journal_close(&journal);
    }
    path = write_all(ends);
    assert_int_equal(truncate(path, (off_t)ends[6] - 1), 0);
    vtr_journal *journal = open_journal(path);
    assert_int_equal(count(journal, NULL), 6);
    assert_ok(vtr_journal_cut(journal, ends[5], &err));
    for (size_t i = 6; i < RECORDS; i++)
        append(journal, i);
    assert_int_equal(count(journal, NULL), RECORDS);
    vtr_journal_close(&journal);
}

/* Any byte that is not what was written ends the journal before its record. */
static void a_changed_byte_is_noticed(void **state)
{
    (void)state;
    uint64_t ends[RECORDS];
    const char *path = write_all(ends);
    int file = open(path, O_RDWR);
    assert_true(file >= 0);
    for (off_t place = 16; place < (off_t)ends[RECORDS - 1]; place++) {
        unsigned char byte;
        assert_int_equal(pread(file, &byte, 1, place), 1);
        byte ^= 0x20;
        assert_int_equal(pwrite(file, &byte, 1, place), 1);
        vtr_journal *journal = open_journal(path);
        size_t whole = 0;
        while ((off_t)ends[whole] <= place)
            whole++;
        assert_int_equal(count(journal, NULL), whole);
        vtr_journal_close(&journal);
        byte ^= 0x20;
        assert_int_equal(pwrite(file, &byte, 1, place), 1);
    }
    close(file);
}

static void one_program_at_a_time(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_folder_path("b.journal");
    vtr_journal *first = open_journal(path), *second = NULL;
    assert_fails(vtr_journal_open(&second, path, false, &err), VTR_ERR_EXISTS, "in use by another program");
    vtr_journal_remove(&first);
    assert_false(test_file_exists(path));
    second = open_journal(path);
    vtr_journal_remove(&second);
}

static void other_files_are_left_alone(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_folder_path("c.journal");
    static const char text[] = "somebody's notes, not a journal";
    int file = open(path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(file, text, sizeof text), sizeof text);
    close(file);
    vtr_journal *journal = NULL;
    assert_fails(vtr_journal_open(&journal, path, false, &err), VTR_ERR_FORMAT, "move it away");
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, sizeof text);
    assert_ok(vtr_journal_open(&journal, path, true, &err));
    assert_int_equal(count(journal, NULL), 0);
    vtr_journal_remove(&journal);
}

static void syncing_in_the_background_ends(void **state)
{
    (void)state;
    vtr_error err;
    vtr_journal *journal = open_journal(test_folder_path("d.journal"));
    assert_ok(vtr_journal_keep_syncing(journal, 0.05, &err));
    for (size_t i = 0; i < RECORDS; i++)
        append(journal, i);
    assert_ok(vtr_journal_sync(journal, &err));
    vtr_journal_close(&journal);
    journal = open_journal(test_folder_path("d.journal"));
    assert_int_equal(count(journal, NULL), RECORDS);
    vtr_journal_remove(&journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back),          cmocka_unit_test(a_torn_end_is_dropped),
        cmocka_unit_test(a_changed_byte_is_noticed),  cmocka_unit_test(one_program_at_a_time),
        cmocka_unit_test(other_files_are_left_alone), cmocka_unit_test(syncing_in_the_background_ends),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
