/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The data file of LAMMPS (read_data): a header of numbers, then sections. Elements are numbered. */
#include <ctype.h>
#include <string.h>

#include "twin/structure_internal.h"

void vtr_structure_set_box(vtr_structure *s, const vtr_structure_box *b)
{
    const double cell[3][3] = {{b->high[0] - b->low[0], 0, 0},
                               {b->tilt[0], b->high[1] - b->low[1], 0},
                               {b->tilt[1], b->tilt[2], b->high[2] - b->low[2]}};
    memcpy(s->cell, cell, sizeof cell);
    s->is_periodic = true;
}

static bool is_data(const char *text)
{
    /* the first line is a comment; the header that follows names its numbers */
    for (int i = 0; i < 60 && *text != '\0'; i++) {
        text = vtr_structure_after_line(text);
        size_t length = strcspn(text, "\n");
        const char *found = strstr(text, "xlo xhi");
        if (found != NULL && found < text + length) return true;
    }
    return false;
}

static bool ends_with(char *const *words, size_t n, const char *a, const char *b)
{
    return n >= 2 && strcmp(words[n - 1], b) == 0 && strcmp(words[n - 2], a) == 0;
}

/* A line of the header into box and number of atoms; others are not needed. */
static vtr_status read_header(vtr_structure_reader *reader, char *line, vtr_structure_box *b, double *n_atoms,
                              vtr_error *err)
{
    static const char *const low[] = {"xlo", "ylo", "zlo"}, *const high[] = {"xhi", "yhi", "zhi"};
    char *w[10];
    size_t n = vtr_structure_split(line, 10, w);
    for (size_t i = 0; i < 3; i++)
        if (ends_with(w, n, low[i], high[i]) &&
            (n != 4 || vtr_parse_double(w[0], &b->low[i]) != 0 || vtr_parse_double(w[1], &b->high[i]) != 0))
            return vtr_structure_wrong(reader, err, "no two numbers before %s %s", low[i], high[i]);
    if (n == 6 && strcmp(w[3], "xy") == 0)
        for (size_t i = 0; i < 3; i++)
            if (vtr_parse_double(w[i], &b->tilt[i]) != 0)
                return vtr_structure_wrong(reader, err, "no three numbers before xy xz yz");
    if (n == 2 && strcmp(w[1], "atoms") == 0 && vtr_parse_double(w[0], n_atoms) != 0)
        return vtr_structure_wrong(reader, err, "'%.16s' is no number of atoms", w[0]);
    return VTR_OK;
}

/* "2 91.224 # Zr": the element of a type from the comment, else from the mass; the caller's own choice stands. */
static vtr_status read_mass(vtr_structure_reader *reader, char *line, vtr_error *err)
{
    char *hash = strchr(line, '#'), *comment = NULL, *w[2];
    if (hash != NULL) {
        *hash++ = '\0';
        comment = vtr_structure_word(&hash);
    }
    size_t type;
    double mass;
    if (vtr_structure_split(line, 2, w) != 2 || vtr_parse_size(w[0], &type) != 0 || type < 1 ||
        type > VTR_STRUCTURE_TYPES_MAX || vtr_parse_double(w[1], &mass) != 0)
        return vtr_structure_wrong(reader, err, "no type and mass");
    int number = comment != NULL ? vtr_structure_element(comment) : 0;
    reader->type_number[type - 1] = number != 0 ? number : vtr_structure_element_of_mass(mass);
    if (reader->n_types < type) reader->n_types = type;
    return VTR_OK;
}

/* The columns of type and x in a line of the Atoms section: by the style after "#", else by how many there are, three
 * of them image flags where there are eight or more. */
static bool atom_columns(const char *style, size_t n, bool third_is_whole, size_t *type, size_t *x)
{
    static const struct {
        const char *style;
        size_t type, x;
    } styles[] = {{"atomic", 1, 2}, {"charge", 1, 3}, {"molecular", 2, 3}, {"bond", 2, 3},
                  {"angle", 2, 3},  {"full", 2, 4},   {"sphere", 1, 4}};
    size_t i = 0, n_styles = sizeof styles / sizeof *styles;
    if (style != NULL) {
        while (i < n_styles && strcmp(styles[i].style, style) != 0)
            i++;
    } else {
        size_t columns = n >= 8 ? n - 3 : n;
        i = columns == 5 ? 0 : columns == 6 ? (third_is_whole ? 2 : 1) : columns == 7 ? 5 : n_styles;
    }
    if (i == n_styles || n < styles[i].x + 3) return false;
    *type = styles[i].type;
    *x = styles[i].x;
    return true;
}

static vtr_status read_atom_line(vtr_structure_reader *reader, char *line, const char *style, vtr_error *err)
{
    char *w[VTR_STRUCTURE_COLUMNS_MAX];
    size_t n, type, x, whole;
    line[strcspn(line, "#")] = '\0';
    n = vtr_structure_split(line, VTR_STRUCTURE_COLUMNS_MAX, w);
    if (!atom_columns(style, n, n > 2 && vtr_parse_size(w[2], &whole) == 0, &type, &x))
        return vtr_structure_wrong(reader, err,
                                   "%zu columns%s%s; an atom is id type x y z, with charge or molecule", n,
                                   style != NULL ? " in style " : "", style != NULL ? style : "");
    int number;
    vtr_status status = vtr_structure_type(reader, w[type], &number, err);
    return status == VTR_OK ? vtr_structure_add_words(reader, number, w + x, false, err) : status;
}

typedef enum section { HEADER, MASSES, ATOMS, OTHER } section;

/* A section begins with a line of letters; "Atoms # full" names the style too. */
static section section_of(char *line, char *style, size_t size)
{
    char *hash = strchr(line, '#'), *word;
    if (hash != NULL) *hash++ = '\0';
    word = vtr_structure_word(&line);
    bool is_atoms = word != NULL && strcmp(word, "Atoms") == 0;
    char *name = is_atoms && hash != NULL ? vtr_structure_word(&hash) : NULL;
    if (name != NULL) snprintf(style, size, "%s", name);
    if (is_atoms) return ATOMS;
    return word != NULL && strcmp(word, "Masses") == 0 ? MASSES : OTHER;
}

static vtr_status read_data(vtr_structure_reader *reader, vtr_error *err)
{
    vtr_structure_box b = {0};
    double announced = 0;
    char style[32] = "";
    bool has_elements = reader->n_types > 0;
    section now = HEADER;
    vtr_status status = VTR_OK;
    vtr_structure_line(reader);
    for (char *line; status == VTR_OK && (line = vtr_structure_line(reader)) != NULL;) {
        size_t first = strspn(line, " \t\r");
        if (line[first] == '\0' || line[first] == '#') continue;
        if (isalpha((unsigned char)line[first])) {
            now = section_of(line, style, sizeof style);
            if (now == ATOMS) status = vtr_structure_announce(reader, announced, err);
        } else if (now == HEADER) {
            status = read_header(reader, line, &b, &announced, err);
        } else if (now == MASSES && !has_elements) {
            status = read_mass(reader, line, err);
        } else if (now == ATOMS) {
            status = read_atom_line(reader, line, style[0] != '\0' ? style : NULL, err);
        }
    }
    if (status == VTR_OK && (double)reader->out.n != announced)
        return vtr_structure_wrong(reader, err, "%zu atoms by the end, %.0f announced", reader->out.n,
                                   announced);
    if (status == VTR_OK) vtr_structure_set_box(&reader->out, &b);
    return status;
}

const vtr_structure_format vtr_structure_lammps_data = {"LAMMPS data", is_data, read_data};
