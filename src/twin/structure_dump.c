/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text dump of LAMMPS: items, the atoms in the columns that their item names. */
#include <math.h>
#include <string.h>

#include "twin/structure_internal.h"

static bool is_dump(const char *text)
{
    return vtr_text_starts_with(text, "ITEM:");
}

/* What follows "ITEM: BOX BOUNDS": three lines of low and high, with a tilt in a triclinic box, whose low and high are
 * those of the box around it (LAMMPS manual, Howto triclinic). */
static vtr_status read_bounds(vtr_structure_reader *reader, const char *header, vtr_structure_box *b,
                              vtr_error *err)
{
    bool is_tilted = strstr(header, "xy xz yz") != NULL;
    for (int i = 0; i < 3; i++) {
        char *line = vtr_structure_line(reader);
        double v[3] = {0};
        if (line == NULL || !vtr_structure_numbers(&line, is_tilted ? 3 : 2, v))
            return vtr_structure_wrong(reader, err, "no %s of the box",
                                       is_tilted ? "bounds with tilt" : "bounds");
        b->low[i] = v[0];
        b->high[i] = v[1];
        b->tilt[i] = v[2];
    }
    double xy = b->tilt[0], xz = b->tilt[1], yz = b->tilt[2];
    b->low[0] -= fmin(fmin(0, xy), fmin(xz, xy + xz));
    b->high[0] -= fmax(fmax(0, xy), fmax(xz, xy + xz));
    b->low[1] -= fmin(0, yz);
    b->high[1] -= fmax(0, yz);
    vtr_structure_set_box(&reader->out, b);
    int periodic = 0;
    for (const char *at = header; (at = strstr(at, "pp")) != NULL; at += 2)
        periodic++;
    reader->out.is_periodic = periodic > 0;
    if (periodic % 3 != 0 && !reader->has_given_cell)
        return vtr_structure_wrong(
            reader, err, "periodic along %d of three axes; give a cell (--cell) or take it as --particle",
            periodic);
    return VTR_OK;
}

/* Which columns of a dump hold what; n: none does. */
typedef struct dump_columns {
    size_t n, type, element, x;
    bool is_scaled;
} dump_columns;

static vtr_status find_dump_columns(vtr_structure_reader *reader, char *names, dump_columns *c,
                                    vtr_error *err)
{
    static const char *const plain[] = {"x", "xu"}, *const scaled[] = {"xs", "xsu"};
    char *w[VTR_STRUCTURE_COLUMNS_MAX];
    c->n = vtr_structure_split(names, VTR_STRUCTURE_COLUMNS_MAX, w);
    c->type = c->element = c->x = c->n;
    for (size_t i = c->n; i-- > 0;) {
        if (strcmp(w[i], "type") == 0) c->type = i;
        if (strcmp(w[i], "element") == 0) c->element = i;
        for (int k = 0; k < 2 && i + 2 < c->n; k++) {
            bool is_plain = strcmp(w[i], plain[k]) == 0, is_scaled = strcmp(w[i], scaled[k]) == 0;
            if (!is_plain && !is_scaled) continue;
            c->x = i;
            c->is_scaled = is_scaled;
        }
    }
    if (c->x == c->n || w[c->x + 1][0] != 'y' || w[c->x + 2][0] != 'z')
        return vtr_structure_wrong(reader, err, "no columns x y z (or xs, xu, xsu)");
    if (c->type == c->n && c->element == c->n)
        return vtr_structure_wrong(reader, err, "no column type or element");
    return VTR_OK;
}

static vtr_status read_dump_atom(vtr_structure_reader *reader, char *line, const dump_columns *c,
                                 vtr_error *err)
{
    char *w[VTR_STRUCTURE_COLUMNS_MAX];
    if (vtr_structure_split(line, VTR_STRUCTURE_COLUMNS_MAX, w) < c->n)
        return vtr_structure_wrong(reader, err, "fewer than the %zu columns announced", c->n);
    int number = 0;
    if (c->element < c->n) {
        number = vtr_structure_element(w[c->element]);
        if (number == 0)
            return vtr_structure_wrong(reader, err, "'%.16s' is no chemical element", w[c->element]);
    } else {
        vtr_status status = vtr_structure_type(reader, w[c->type], &number, err);
        if (status != VTR_OK) return status;
    }
    return vtr_structure_add_words(reader, number, w + c->x, c->is_scaled, err);
}

static vtr_status read_dump_atoms(vtr_structure_reader *reader, char *names, size_t n, vtr_error *err)
{
    dump_columns columns = {0};
    vtr_status status = find_dump_columns(reader, names, &columns, err);
    for (size_t i = 0; i < n && status == VTR_OK; i++) {
        char *line = vtr_structure_line(reader);
        if (line == NULL || vtr_text_starts_with(line, "ITEM:"))
            return vtr_structure_wrong(reader, err, "%zu of %zu atoms by here", i, n);
        status = read_dump_atom(reader, line, &columns, err);
    }
    if (status != VTR_OK) return status;
    char *line = vtr_structure_line(reader);
    if (line != NULL && vtr_structure_count_words(line) > 0 && !vtr_text_starts_with(line, "ITEM:"))
        return vtr_structure_wrong(reader, err, "more atoms than the %zu announced", n);
    return VTR_OK;
}

static vtr_status read_dump(vtr_structure_reader *reader, vtr_error *err)
{
    vtr_structure_box b = {0};
    double n = 0;
    bool has_box = false;
    vtr_status status = VTR_OK;
    for (char *line; status == VTR_OK && (line = vtr_structure_line(reader)) != NULL;) {
        if (vtr_text_starts_with(line, "ITEM: NUMBER OF ATOMS")) {
            line = vtr_structure_line(reader);
            if (line == NULL || vtr_structure_peek_numbers(line, 1, &n) != 1)
                return vtr_structure_wrong(reader, err, "no number of atoms");
            status = vtr_structure_announce(reader, n, err);
        } else if (vtr_text_starts_with(line, "ITEM: BOX BOUNDS")) {
            status = read_bounds(reader, line, &b, err);
            has_box = true;
        } else if (vtr_text_starts_with(line, "ITEM: ATOMS")) {
            if (n == 0 || !has_box)
                return vtr_structure_wrong(reader, err, "atoms before their number and box");
            return read_dump_atoms(reader, line + strlen("ITEM: ATOMS"), (size_t)n, err);
        }
    }
    return status != VTR_OK ? status : vtr_structure_wrong(reader, err, "the file ends before its atoms");
}

const vtr_structure_format vtr_structure_lammps_dump = {"LAMMPS dump", is_dump, read_dump};
