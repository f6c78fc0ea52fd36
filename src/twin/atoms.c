/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/atoms.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/base_internal.h"

enum { LINE_MAX_BYTES = 4096, MOST_ATOMS = 20000000 };

void vtr_atoms_release(vtr_atoms *atoms)
{
    vtr_free(atoms->number);
    vtr_free(atoms->position);
    *atoms = (vtr_atoms){0};
}

/* Cuts the next word off *text; NULL at the end. */
static char *next_word(char **text)
{
    char *word = *text + strspn(*text, " \t\r\n\"");
    size_t length = strcspn(word, " \t\r\n\"");
    if (length == 0) return NULL;
    *text = word + length + (word[length] != '\0');
    word[length] = '\0';
    return word;
}

/* `n` numbers from the beginning of text, which is changed; false where there are fewer. */
static bool read_numbers(char *text, size_t n, double *values)
{
    for (size_t i = 0; i < n; i++) {
        char *word = next_word(&text);
        if (word == NULL || vtr_parse_double(word, &values[i]) != 0) return false;
    }
    return true;
}

static vtr_status read_box(double box[3], char *comment, const char *path, vtr_error *err)
{
    static const char key[] = "Lattice=\"";
    char *lattice = strstr(comment, key);
    double v[9];
    if (lattice != NULL) {
        if (!read_numbers(lattice + sizeof key - 1, 9, v))
            return vtr_fail(err, VTR_ERR_FORMAT, "'%s': Lattice in line 2 does not hold nine numbers", path);
        double slack = 1e-6 * (fabs(v[0]) + fabs(v[4]) + fabs(v[8]));
        for (int i = 0; i < 9; i++)
            if (i % 4 != 0 && fabs(v[i]) > slack)
                return vtr_fail(err, VTR_ERR_FORMAT, "'%s': the box is not rectangular", path);
        for (int i = 0; i < 3; i++)
            box[i] = v[4 * i];
    } else if (read_numbers(comment, 3, v) && v[0] > 0 && v[1] > 0 && v[2] > 0) {
        memcpy(box, v, 3 * sizeof *box);
    }
    return VTR_OK;
}

static vtr_status read_atom(vtr_atoms *atoms, size_t index, char *line, const char *path, vtr_error *err)
{
    char *rest = line, *symbol = next_word(&rest);
    int number = symbol != NULL ? vtr_element_number(symbol) : 0;
    if (number == 0)
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s', line %zu: '%.16s' is no chemical element", path,
                        index + 3, symbol != NULL ? symbol : "");
    double *position = atoms->position[index];
    if (!read_numbers(rest, 3, position) || !isfinite(position[0] + position[1] + position[2]))
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s', line %zu: no three coordinates after '%s'", path,
                        index + 3, symbol);
    atoms->number[index] = number;
    return VTR_OK;
}

static void wrap_into_box(vtr_atoms *atoms)
{
    for (size_t i = 0; i < atoms->n; i++)
        for (int j = 0; j < 3; j++) {
            double box = atoms->box[j], *p = &atoms->position[i][j];
            *p -= box * floor(*p / box);
            if (*p >= box) *p = 0;
        }
}

static vtr_status count_elements(vtr_atoms *atoms, const char *path, vtr_error *err)
{
    vtr_composition *c = &atoms->composition;
    for (size_t i = 0; i < atoms->n; i++) {
        size_t e = 0;
        while (e < c->n && c->number[e] != atoms->number[i])
            e++;
        if (e == VTR_COMPOSITION_MAX)
            return vtr_fail(err, VTR_ERR_FORMAT, "'%s': more than %d elements", path, VTR_COMPOSITION_MAX);
        if (e == c->n) c->number[c->n++] = atoms->number[i];
        c->fraction[e] += 1.0 / (double)atoms->n;
    }
    return VTR_OK;
}

static vtr_status read_stream(vtr_atoms *atoms, FILE *file, const char *path, vtr_error *err)
{
    char line[LINE_MAX_BYTES];
    size_t n;
    char *rest = line, *word = fgets(line, sizeof line, file) != NULL ? next_word(&rest) : NULL;
    if (word == NULL || vtr_parse_size(word, &n) != 0 || n == 0 || n > MOST_ATOMS)
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s': the first line is not a number of atoms; not an XYZ file",
                        path);
    if (fgets(line, sizeof line, file) == NULL)
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s' ends after its first line", path);
    vtr_status status = read_box(atoms->box, line, path, err);
    if (status != VTR_OK) return status;
    atoms->number = vtr_malloc(n, sizeof *atoms->number);
    atoms->position = vtr_malloc(n, sizeof *atoms->position);
    if (atoms->number == NULL || atoms->position == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the %zu atoms of '%s'", n, path);
    atoms->n = n;
    for (size_t i = 0; i < n; i++) {
        if (fgets(line, sizeof line, file) == NULL)
            return vtr_fail(err, VTR_ERR_FORMAT, "'%s' ends after %zu of %zu atoms", path, i, n);
        status = read_atom(atoms, i, line, path, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

vtr_status vtr_atoms_read(vtr_atoms *atoms, const char *path, const double box[3], vtr_error *err)
{
    vtr_atoms read = {0};
    FILE *file = fopen(path, "r");
    if (file == NULL) return vtr_fail(err, VTR_ERR_IO, "cannot open '%s': %s", path, strerror(errno));
    vtr_status status = read_stream(&read, file, path, err);
    fclose(file);
    if (status == VTR_OK) status = count_elements(&read, path, err);
    if (status != VTR_OK) {
        vtr_atoms_release(&read);
        return status;
    }
    if (box != NULL) memcpy(read.box, box, sizeof read.box);
    if (read.box[0] > 0) wrap_into_box(&read);
    *atoms = read;
    return VTR_OK;
}
