/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XYZ: the number of atoms, a comment, a line an atom; and plain columns Z x y z without either. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "twin/structure_internal.h"

static bool is_xyz(const char *text)
{
    double n;
    return vtr_structure_peek_numbers(text, 1, &n) == 1 && vtr_structure_count_words(text) == 1;
}

/* The text after `key` in an extended XYZ comment: KEY="VALUE" or KEY=VALUE; NULL where it is not there. */
static const char *find_value(const char *comment, const char *key)
{
    size_t length = strlen(key);
    for (const char *at = comment; (at = strstr(at, key)) != NULL; at += length) {
        bool begins = at == comment || isspace((unsigned char)at[-1]);
        if (begins && at[length] == '=') return at + length + 1 + (at[length + 1] == '"');
    }
    return NULL;
}

/* Columns of the element and of x in "species:S:1:pos:R:3:...". */
static bool find_columns(const char *properties, size_t *element, size_t *x)
{
    bool has_element = false, has_x = false;
    size_t column = 0;
    while (isalnum((unsigned char)*properties) || *properties == '_') {
        size_t name = strcspn(properties, ": \""), n = 0;
        if (properties[name] != ':' || properties[name + 1] == '\0' || properties[name + 2] != ':')
            return false;
        const char *count = properties + name + 3;
        while (isdigit((unsigned char)*count) && n < 1000)
            n = 10 * n + (size_t)(*count++ - '0');
        if (name == 7 && strncmp(properties, "species", 7) == 0 && n == 1) {
            *element = column;
            has_element = true;
        } else if (name == 3 && strncmp(properties, "pos", 3) == 0 && n == 3) {
            *x = column;
            has_x = true;
        }
        column += n;
        properties = count + (*count == ':');
    }
    return has_element && has_x;
}

/* Periodicity that the comment names, "T T F": how many axes; 3 where it names none. */
static int periodic_axes(const char *comment)
{
    const char *pbc = find_value(comment, "pbc");
    int n = 0;
    if (pbc == NULL) return 3;
    for (int i = 0; i < 3; i++, pbc += *pbc != '\0') {
        n += *pbc == 'T' || *pbc == 't' || *pbc == '1';
        pbc += strcspn(pbc, " \"\n");
    }
    return n;
}

static vtr_status read_cell(vtr_structure_reader *reader, const char *comment, vtr_error *err)
{
    const char *lattice = find_value(comment, "Lattice");
    vtr_structure *s = &reader->out;
    double v[9];
    if (lattice != NULL) {
        if (vtr_structure_peek_numbers(lattice, 9, v) < 9)
            return vtr_structure_wrong(reader, err, "Lattice does not hold nine numbers");
        memcpy(s->cell, v, sizeof v);
        int axes = periodic_axes(comment);
        if (axes != 0 && axes != 3 && !reader->has_given_cell)
            return vtr_structure_wrong(
                reader, err, "periodic along %d of three axes; give a cell (--cell) or take it as --particle",
                axes);
        s->is_periodic = axes == 3;
    } else if (vtr_structure_peek_numbers(comment, 3, v) == 3 && v[0] > 0 && v[1] > 0 && v[2] > 0) {
        for (int i = 0; i < 3; i++)
            s->cell[i][i] = v[i];
        s->is_periodic = true;
    }
    return VTR_OK;
}

/* The atom of one line: element and x in the columns given. */
static vtr_status read_atom(vtr_structure_reader *reader, char *line, size_t element, size_t x,
                            vtr_error *err)
{
    char *words[VTR_STRUCTURE_COLUMNS_MAX];
    size_t n = vtr_structure_split(line, VTR_STRUCTURE_COLUMNS_MAX, words), z;
    if (n <= element || n < x + 3)
        return vtr_structure_wrong(reader, err, "no element with three coordinates in %zu columns", n);
    int number = vtr_structure_element(words[element]);
    if (vtr_parse_size(words[element], &z) == 0 && z <= 103) number = (int)z;
    if (number == 0)
        return vtr_structure_wrong(reader, err, "'%.16s' is no chemical element", words[element]);
    return vtr_structure_add_words(reader, number, words + x, false, err);
}

/* After the last atom comes nothing, or another snapshot with its own number of atoms. */
static vtr_status check_end(vtr_structure_reader *reader, size_t n, vtr_error *err)
{
    for (char *line; (line = vtr_structure_line(reader)) != NULL;) {
        size_t words = vtr_structure_count_words(line);
        if (words == 1) return VTR_OK;
        if (words > 1) return vtr_structure_wrong(reader, err, "more lines than the %zu atoms announced", n);
    }
    return VTR_OK;
}

static vtr_status read_xyz(vtr_structure_reader *reader, vtr_error *err)
{
    double number = 0;
    vtr_structure_peek_numbers(vtr_structure_line(reader), 1, &number);
    vtr_status status = vtr_structure_announce(reader, number, err);
    if (status != VTR_OK) return status;
    size_t n = (size_t)number, element = 0, x = 1;
    char *line = vtr_structure_line(reader);
    if (line == NULL) return vtr_structure_wrong(reader, err, "the file ends here");
    const char *properties = find_value(line, "Properties");
    if (properties != NULL && !find_columns(properties, &element, &x))
        return vtr_structure_wrong(reader, err, "Properties names no species:S:1 and pos:R:3");
    status = read_cell(reader, line, err);
    for (size_t i = 0; i < n && status == VTR_OK; i++) {
        line = vtr_structure_line(reader);
        if (line == NULL)
            return vtr_structure_wrong(reader, err, "the file ends after %zu of %zu atoms", i, n);
        status = read_atom(reader, line, element, x, err);
    }
    return status == VTR_OK ? check_end(reader, n, err) : status;
}

const vtr_structure_format vtr_structure_xyz = {"XYZ", is_xyz, read_xyz};

static bool has_columns(const char *text)
{
    double v[4];
    if (vtr_structure_count_words(text) == 0) text = vtr_structure_after_line(text);
    return vtr_structure_peek_numbers(text, 4, v) == 4 && v[0] >= 1 && v[0] <= 103 && v[0] == floor(v[0]);
}

static vtr_status read_columns(vtr_structure_reader *reader, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (char *line; status == VTR_OK && (line = vtr_structure_line(reader)) != NULL;)
        if (vtr_structure_count_words(line) > 0) status = read_atom(reader, line, 0, 1, err);
    return status;
}

const vtr_structure_format vtr_structure_columns = {"columns Z x y z", has_columns, read_columns};
