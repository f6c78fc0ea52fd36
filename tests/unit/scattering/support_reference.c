/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support_reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

double *reference_load(const char *relative, size_t n)
{
    const char *path = test_data_path(relative);
    if (path == NULL) return NULL;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    unsigned char head[10];
    assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
    assert_memory_equal(head, "\x93NUMPY\x01", 7);
    size_t header = head[8] + 256u * head[9];
    char *text = calloc(1, header + 1);
    assert_int_equal(fread(text, 1, header, file), header);
    assert_non_null(strstr(text, "<f8"));
    assert_non_null(strstr(text, "'fortran_order': False"));
    free(text);
    double *values = calloc(n, sizeof *values);
    assert_int_equal(fread(values, sizeof *values, n, file), n);
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    return values;
}
