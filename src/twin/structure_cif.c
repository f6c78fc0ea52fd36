/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CIF in P1: cell, and a loop of sites with fractional coordinates (Hall, Allen & Brown, Acta Cryst. A47, 655, 1991). */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "twin/structure_internal.h"

static bool is_cif(const char *text)
{
    return strstr(text, "_atom_site_fract_x") != NULL && strstr(text, "_cell_length_a") != NULL;
}

/* Words of a CIF, across lines. */
typedef struct tokens {
    vtr_structure_reader *reader;
    char *rest;     /* of the line at hand */
    char *word;     /* the token at hand; NULL at the end */
    bool is_quoted; /* then it is a value whatever it looks like */
} tokens;

/* A text between two lines that begin with ';' is one value; none of those matter here, so it reads as empty. */
static void skip_text_field(tokens *t)
{
    for (char *line; (line = vtr_structure_line(t->reader)) != NULL;)
        if (line[0] == ';') {
            t->rest = line + 1;
            return;
        }
    t->rest = NULL;
}

static void next_token(tokens *t)
{
    t->word = NULL;
    t->is_quoted = false;
    for (;;) {
        if (t->rest != NULL) t->rest += strspn(t->rest, " \t\r");
        if (t->rest != NULL && *t->rest != '\0' && *t->rest != '#') break;
        t->rest = vtr_structure_line(t->reader);
        if (t->rest == NULL) return;
        if (t->rest[0] == ';') {
            t->word = t->rest;
            t->word[0] = '\0';
            t->is_quoted = true;
            skip_text_field(t);
            return;
        }
    }
    char *begin = t->rest, *end, quote = *begin;
    if (quote == '\'' || quote == '"') {
        /* a quote inside a value is not followed by a blank */
        for (end = ++begin;
             *end != '\0' && (*end != quote || (end[1] != '\0' && !isspace((unsigned char)end[1])));)
            end++;
        t->is_quoted = true;
    } else {
        end = begin + strcspn(begin, " \t\r");
    }
    t->rest = end + (*end != '\0');
    *end = '\0';
    t->word = begin;
}

static bool is_name(const tokens *t)
{
    return !t->is_quoted && t->word[0] == '_';
}

static bool is_keyword(const tokens *t, const char *keyword)
{
    size_t n = strlen(keyword);
    if (t->is_quoted) return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)t->word[i]) != keyword[i]) return false;
    return true;
}

static bool ends_values(const tokens *t)
{
    return t->word == NULL || is_name(t) || is_keyword(t, "loop_") || is_keyword(t, "data_");
}

/* What the cell's and the symmetry's own entries have said so far. */
typedef struct cif {
    tokens t;
    double lengths[3], angles[3];
    bool has_cell, has_atoms;
} cif;

static vtr_status not_p1(const cif *c, vtr_error *err)
{
    return vtr_structure_wrong(c->t.reader, err, "not in P1; write the file with all atoms of the cell (P1)");
}

/* A name outside a loop with its value. */
static vtr_status take_entry(cif *c, const char *name, char *value, vtr_error *err)
{
    static const char *const lengths[] = {"_cell_length_a", "_cell_length_b", "_cell_length_c"};
    static const char *const angles[] = {"_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma"};
    for (int i = 0; i < 3; i++) {
        double *place = strcmp(name, lengths[i]) == 0  ? &c->lengths[i]
                        : strcmp(name, angles[i]) == 0 ? &c->angles[i]
                                                       : NULL;
        if (place == NULL) continue;
        value[strcspn(value, "(")] = '\0';
        if (vtr_parse_double(value, place) != 0 || !(*place > 0))
            return vtr_structure_wrong(c->t.reader, err, "%s is '%.24s'", name, value);
    }
    bool is_number =
        strcmp(name, "_symmetry_Int_Tables_number") == 0 || strcmp(name, "_space_group_IT_number") == 0;
    if (is_number && strcmp(value, "1") != 0 && strcmp(value, "?") != 0) return not_p1(c, err);
    return VTR_OK;
}

static vtr_status settle_cell(cif *c, vtr_error *err)
{
    vtr_structure *s = &c->t.reader->out;
    for (int i = 0; i < 3; i++)
        if (c->lengths[i] == 0 || c->angles[i] == 0)
            return vtr_structure_wrong(c->t.reader, err, "atoms before the whole cell (lengths and angles)");
    vtr_structure_cell_from_angles(s->cell, c->lengths, c->angles);
    s->is_periodic = true;
    if (!(fabs(vtr_structure_determinant(s->cell)) > 0))
        return vtr_structure_wrong(c->t.reader, err, "the angles %g, %g, %g make no cell", c->angles[0],
                                   c->angles[1], c->angles[2]);
    return VTR_OK;
}

/* Which columns of the loop hold what; SIZE_MAX: none does. */
typedef struct site_columns {
    size_t symbol, label, x[3], occupancy, n;
} site_columns;

static vtr_status add_site(cif *c, const site_columns *columns, char **values, vtr_error *err)
{
    vtr_structure_reader *reader = c->t.reader;
    const char *symbol = values[columns->symbol < columns->n ? columns->symbol : columns->label];
    int number = vtr_structure_element(symbol);
    if (number == 0) return vtr_structure_wrong(reader, err, "'%.16s' is no chemical element", symbol);
    if (columns->occupancy < columns->n) {
        double occupancy;
        char *text = values[columns->occupancy];
        text[strcspn(text, "(")] = '\0';
        if (vtr_parse_double(text, &occupancy) == 0 && occupancy != 1)
            return vtr_structure_wrong(reader, err, "a site with occupancy %g; a model holds whole atoms",
                                       occupancy);
    }
    char *const x[3] = {values[columns->x[0]], values[columns->x[1]], values[columns->x[2]]};
    return vtr_structure_add_words(reader, number, x, true, err);
}

static vtr_status read_sites(cif *c, const site_columns *columns, vtr_error *err)
{
    vtr_status status = settle_cell(c, err);
    c->has_atoms = true;
    while (status == VTR_OK && !ends_values(&c->t)) {
        /* the words stay where they are: lines are cut in place */
        char *values[VTR_STRUCTURE_COLUMNS_MAX];
        for (size_t i = 0; i < columns->n; i++) {
            if (ends_values(&c->t))
                return vtr_structure_wrong(c->t.reader, err, "a site with %zu of %zu values", i, columns->n);
            values[i] = c->t.word;
            next_token(&c->t);
        }
        status = add_site(c, columns, values, err);
    }
    return status;
}

static void note_column(site_columns *columns, const char *name, size_t i)
{
    const struct {
        const char *name;
        size_t *column;
    } known[] = {{"_atom_site_type_symbol", &columns->symbol}, {"_atom_site_label", &columns->label},
                 {"_atom_site_fract_x", &columns->x[0]},       {"_atom_site_fract_y", &columns->x[1]},
                 {"_atom_site_fract_z", &columns->x[2]},       {"_atom_site_occupancy", &columns->occupancy}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(name, known[k].name) == 0) *known[k].column = i;
}

/* Values of a loop that is not of sites; more than one symmetry operation is not P1. */
static vtr_status skip_loop(cif *c, bool is_symmetry, size_t n_columns, vtr_error *err)
{
    size_t n = 0;
    for (; !ends_values(&c->t); n++)
        next_token(&c->t);
    return is_symmetry && n > n_columns ? not_p1(c, err) : VTR_OK;
}

static vtr_status read_loop(cif *c, vtr_error *err)
{
    site_columns columns = {SIZE_MAX, SIZE_MAX, {SIZE_MAX, SIZE_MAX, SIZE_MAX}, SIZE_MAX, 0};
    bool is_symmetry = false;
    for (; c->t.word != NULL && is_name(&c->t); next_token(&c->t)) {
        note_column(&columns, c->t.word, columns.n++);
        is_symmetry = is_symmetry || strcmp(c->t.word, "_space_group_symop_operation_xyz") == 0 ||
                      strcmp(c->t.word, "_symmetry_equiv_pos_as_xyz") == 0;
    }
    size_t n = columns.n;
    if (columns.x[0] >= n) return skip_loop(c, is_symmetry, n, err);
    if (columns.x[1] >= n || columns.x[2] >= n || (columns.symbol >= n && columns.label >= n) ||
        n > VTR_STRUCTURE_COLUMNS_MAX)
        return vtr_structure_wrong(c->t.reader, err, "the sites have no y, z or element");
    return read_sites(c, &columns, err);
}

static vtr_status read_cif(vtr_structure_reader *reader, vtr_error *err)
{
    cif c = {.t = {.reader = reader}};
    vtr_status status = VTR_OK;
    next_token(&c.t);
    while (status == VTR_OK && c.t.word != NULL && !c.has_atoms) {
        if (is_keyword(&c.t, "loop_")) {
            next_token(&c.t);
            status = read_loop(&c, err);
        } else if (is_name(&c.t)) {
            const char *name = c.t.word;
            next_token(&c.t);
            if (c.t.word == NULL) return vtr_structure_wrong(reader, err, "%s without a value", name);
            status = take_entry(&c, name, c.t.word, err);
            next_token(&c.t);
        } else {
            next_token(&c.t);
        }
    }
    return status;
}

const vtr_structure_format vtr_structure_cif = {"CIF", is_cif, read_cif};
