/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "twin/structure_internal.h"
#include "vitrail/input.h"

#define AT(member) offsetof(vtr_structure_params, member)
static const vtr_parameter parameters[] = {
    {"elements", NULL, VTR_PARAMETER_STRING, AT(elements), .metavar = "Cu,Zr",
     .help = "elements of the types 1, 2, ... of a LAMMPS file, or of a POSCAR without names"},
    {"cell", "Å", VTR_PARAMETER_STRING, AT(cell), .metavar = "A,B,C",
     .help = "periodic cell: three lengths, with angles, or nine numbers; default: the file's"},
    {"particle", NULL, VTR_PARAMETER_BOOL, AT(is_particle),
     .help = "open boundaries, whatever the file says"},
};
const vtr_parameter_table vtr_structure_parameters = {"Atomic model", parameters,
                                                      sizeof parameters / sizeof *parameters};

/* The order matters where one format's beginning could be another's: what is most particular stands first. */
static const vtr_structure_format *const formats[] = {
    &vtr_structure_lammps_dump, &vtr_structure_cif, &vtr_structure_lammps_data,
    &vtr_structure_poscar,      &vtr_structure_xyz, &vtr_structure_columns,
};

void vtr_structure_release(vtr_structure *structure)
{
    vtr_free(structure->number);
    vtr_free(structure->position);
    *structure = (vtr_structure){0};
}

static vtr_status load(char **text, size_t *size, const char *path, vtr_error *err)
{
    FILE *file = NULL;
    vtr_status status = vtr_input_open(&file, path, err);
    if (status != VTR_OK) return status;
    char *data = NULL;
    size_t got = 0;
    long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length < 0 || fseek(file, 0, SEEK_SET) != 0) {
        status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
    } else if ((data = vtr_malloc((size_t)length + 1, 1)) == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s' (%ld bytes)", path, length);
    } else {
        got = fread(data, 1, (size_t)length, file);
        data[got] = '\0';
        if (ferror(file)) status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
    }
    fclose(file);
    if (status == VTR_OK && strlen(data) != got)
        status =
            vtr_fail(err, VTR_ERR_FORMAT, "'%s' is no text: there is a zero byte at %zu", path, strlen(data));
    if (status != VTR_OK) {
        vtr_free(data);
        return status;
    }
    *text = data;
    *size = got;
    return VTR_OK;
}

/* Copies an option's text so that it may be cut into words. */
static vtr_status copy_text(char *copy, size_t size, const char *text, const char *option, vtr_error *err)
{
    if (strlen(text) >= size) return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s is too long", option);
    strcpy(copy, text);
    return VTR_OK;
}

static vtr_status parse_elements(vtr_structure_reader *reader, const char *text, vtr_error *err)
{
    char copy[1024];
    vtr_status status = copy_text(copy, sizeof copy, text, "elements", err);
    if (status != VTR_OK) return status;
    char *rest = copy;
    for (char *word; (word = vtr_structure_word(&rest)) != NULL;) {
        int number = vtr_structure_element(word);
        if (number == 0)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--elements %s: '%s' is no chemical element", text, word);
        if (reader->n_types == VTR_STRUCTURE_TYPES_MAX)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--elements: more than %d", VTR_STRUCTURE_TYPES_MAX);
        reader->type_number[reader->n_types++] = number;
    }
    return VTR_OK;
}

static vtr_status parse_cell(double cell[3][3], const char *text, vtr_error *err)
{
    char copy[1024];
    double v[9];
    vtr_status status = copy_text(copy, sizeof copy, text, "cell", err);
    if (status != VTR_OK) return status;
    char *rest = copy;
    size_t n = 0;
    for (; n < 9 && vtr_structure_numbers(&rest, 1, &v[n]);)
        n++;
    if (vtr_structure_word(&rest) != NULL || (n != 3 && n != 6 && n != 9))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--cell %s: give three lengths, three lengths and angles, or nine numbers", text);
    const double right[3] = {90, 90, 90};
    if (n == 9)
        memcpy(cell, v, sizeof v);
    else
        vtr_structure_cell_from_angles(cell, v, n == 6 ? v + 3 : right);
    return VTR_OK;
}

static vtr_status read_format(vtr_structure_reader *reader, vtr_error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i]->probe(reader->next)) {
            vtr_status status = formats[i]->read(reader, err);
            if (status == VTR_OK && reader->out.n == 0)
                status =
                    vtr_fail(err, VTR_ERR_FORMAT, "'%s' (%s) holds no atoms", reader->path, formats[i]->name);
            return status;
        }
    return vtr_fail(
        err, VTR_ERR_FORMAT,
        "'%s' is no atomic model that is known: not XYZ (the first line is not a number of atoms), LAMMPS "
        "data or dump, CIF or POSCAR",
        reader->path);
}

/* The elements by rising number, and how many atoms are of each. */
static vtr_status count_elements(vtr_structure *s, const char *path, vtr_error *err)
{
    size_t count[128] = {0};
    for (size_t i = 0; i < s->n; i++)
        count[s->number[i]]++;
    vtr_composition *c = &s->composition;
    for (int z = 1; z < 128; z++) {
        if (count[z] == 0) continue;
        if (c->n == VTR_COMPOSITION_MAX)
            return vtr_fail(err, VTR_ERR_FORMAT, "'%s': more than %d elements", path, VTR_COMPOSITION_MAX);
        c->number[c->n] = z;
        c->fraction[c->n] = (double)count[z] / (double)s->n;
        s->n_of_element[c->n++] = count[z];
    }
    return VTR_OK;
}

/* A cell is one with a volume; it makes the model periodic. */
static vtr_status settle_cell(vtr_structure *s, const vtr_structure_params *params, const char *path,
                              vtr_error *err)
{
    vtr_status status = VTR_OK;
    if (params->cell != NULL) {
        status = parse_cell(s->cell, params->cell, err);
        s->is_periodic = true;
    }
    if (status != VTR_OK) return status;
    if (params->is_particle) s->is_periodic = false;
    if (!s->is_periodic) {
        memset(s->cell, 0, sizeof s->cell);
        return VTR_OK;
    }
    double widths[3];
    vtr_structure_widths(widths, s->cell);
    for (int i = 0; i < 3; i++)
        if (!(widths[i] >= 0.1 && widths[i] <= 1e6))
            return vtr_fail(err, VTR_ERR_FORMAT, "'%s': the cell has no sensible volume (a width of %g Å)",
                            path, widths[i]);
    return VTR_OK;
}

vtr_status vtr_structure_read(vtr_structure *structure, const char *path, const vtr_structure_params *params,
                              vtr_error *err)
{
    vtr_structure_params given = params != NULL ? *params : (vtr_structure_params){0};
    vtr_structure_reader reader = {.path = path, .has_given_cell = given.cell != NULL || given.is_particle};
    char *text = NULL;
    size_t size = 0;
    vtr_status status = given.elements != NULL ? parse_elements(&reader, given.elements, err) : VTR_OK;
    if (status == VTR_OK) status = load(&text, &size, path, err);
    if (status == VTR_OK) {
        reader.next = text;
        reader.end = text + size;
        status = read_format(&reader, err);
    }
    if (status == VTR_OK) status = count_elements(&reader.out, path, err);
    if (status == VTR_OK) status = settle_cell(&reader.out, &given, path, err);
    vtr_free(text);
    if (status != VTR_OK) {
        vtr_structure_release(&reader.out);
        return status;
    }
    *structure = reader.out;
    return VTR_OK;
}
