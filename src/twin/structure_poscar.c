/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POSCAR and CONTCAR of VASP: comment, scale, three vectors, elements (from VASP 5), numbers, mode, positions. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "twin/structure_internal.h"

static bool is_poscar(const char *text)
{
    double v[4];
    text = vtr_structure_after_line(text);
    size_t scale = vtr_structure_peek_numbers(text, 4, v);
    if (scale != 1 && scale != 3) return false;
    for (int i = 0; i < 3; i++) {
        text = vtr_structure_after_line(text);
        /* four would be an atom of an XYZ file with its number */
        if (vtr_structure_peek_numbers(text, 4, v) != 3) return false;
    }
    return true;
}

/* One factor for all lengths, three for x, y, z, or minus the volume. */
static vtr_status read_cell(vtr_structure_reader *reader, double scale[3], vtr_error *err)
{
    double v[3] = {0};
    size_t n = vtr_structure_peek_numbers(vtr_structure_line(reader), 3, v);
    double(*cell)[3] = reader->out.cell;
    for (int i = 0; i < 3; i++)
        vtr_structure_peek_numbers(vtr_structure_line(reader), 3, cell[i]);
    double factor = v[0] < 0 ? cbrt(-v[0] / fabs(vtr_structure_determinant(cell))) : v[0];
    for (int i = 0; i < 3; i++) {
        scale[i] = n == 3 ? v[i] : factor;
        if (!(scale[i] > 0 && isfinite(scale[i])))
            return vtr_structure_wrong(reader, err, "no sensible scale");
    }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            cell[i][j] *= scale[j];
    reader->out.is_periodic = true;
    return VTR_OK;
}

/* The elements of the kinds of atoms, where a line names them, else those the caller gave. */
static vtr_status read_elements(vtr_structure_reader *reader, char **line, vtr_error *err)
{
    char *rest = *line + strspn(*line, " \t");
    if (!isalpha((unsigned char)*rest)) return VTR_OK;
    reader->n_types = 0;
    for (char *word; (word = vtr_structure_word(&rest)) != NULL;) {
        int number = vtr_structure_element(word);
        if (number == 0 || reader->n_types == VTR_STRUCTURE_TYPES_MAX)
            return vtr_structure_wrong(reader, err, "'%.16s' is no chemical element", word);
        reader->type_number[reader->n_types++] = number;
    }
    *line = vtr_structure_line(reader);
    return *line != NULL ? VTR_OK
                         : vtr_structure_wrong(reader, err, "the file ends before its numbers of atoms");
}

static vtr_status read_counts(vtr_structure_reader *reader, char *line, size_t *n_kinds, size_t *counts,
                              vtr_error *err)
{
    double sum = 0;
    for (char *word; (word = vtr_structure_word(&line)) != NULL; (*n_kinds)++) {
        if (*n_kinds == VTR_STRUCTURE_TYPES_MAX || vtr_parse_size(word, &counts[*n_kinds]) != 0)
            return vtr_structure_wrong(reader, err, "'%.16s' is no number of atoms", word);
        sum += (double)counts[*n_kinds];
    }
    if (*n_kinds != reader->n_types)
        return vtr_structure_wrong(reader, err,
                                   "%zu numbers of atoms for %zu elements; name the elements, such as Si,O",
                                   *n_kinds, reader->n_types);
    return vtr_structure_announce(reader, sum, err);
}

/* Direct or Cartesian, after "Selective dynamics" where that stands. */
static vtr_status read_mode(vtr_structure_reader *reader, bool *is_direct, vtr_error *err)
{
    for (int i = 0; i < 2; i++) {
        char *line = vtr_structure_line(reader);
        if (line == NULL) return vtr_structure_wrong(reader, err, "the file ends before its atoms");
        char first = (char)tolower((unsigned char)line[strspn(line, " \t")]);
        if (i == 0 && first == 's') continue;
        *is_direct = first == 'd';
        if (first == 'd' || first == 'c' || first == 'k') return VTR_OK;
        return vtr_structure_wrong(reader, err, "neither Direct nor Cartesian");
    }
    return vtr_structure_wrong(reader, err, "neither Direct nor Cartesian");
}

static vtr_status read_positions(vtr_structure_reader *reader, int number, size_t n, const double scale[3],
                                 bool is_direct, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < n && status == VTR_OK; i++) {
        char *line = vtr_structure_line(reader), *w[3];
        if (line == NULL || vtr_structure_split(line, 3, w) != 3)
            return vtr_structure_wrong(reader, err, "no three coordinates where atom %zu should be",
                                       reader->out.n + 1);
        status = vtr_structure_add_words(reader, number, w, is_direct, err);
        double *position = reader->out.position[reader->out.n > 0 ? reader->out.n - 1 : 0];
        for (int j = 0; j < 3 && status == VTR_OK && !is_direct; j++)
            position[j] *= scale[j];
    }
    return status;
}

static vtr_status read_poscar(vtr_structure_reader *reader, vtr_error *err)
{
    double scale[3];
    size_t n_kinds = 0, counts[VTR_STRUCTURE_TYPES_MAX];
    bool is_direct = false;
    vtr_structure_line(reader);
    vtr_status status = read_cell(reader, scale, err);
    char *line = vtr_structure_line(reader);
    if (status == VTR_OK && line == NULL)
        status = vtr_structure_wrong(reader, err, "the file ends after its cell");
    if (status == VTR_OK) status = read_elements(reader, &line, err);
    if (status == VTR_OK) status = read_counts(reader, line, &n_kinds, counts, err);
    if (status == VTR_OK) status = read_mode(reader, &is_direct, err);
    for (size_t i = 0; i < n_kinds && status == VTR_OK; i++)
        status = read_positions(reader, reader->type_number[i], counts[i], scale, is_direct, err);
    return status;
}

const vtr_structure_format vtr_structure_poscar = {"POSCAR", is_poscar, read_poscar};
