/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "twin/structure_internal.h"

enum { MOST_ATOMS = 50000000, LEAST_BYTES_AN_ATOM = 6 /* "0 0 0\n" */ };
static const char between_words[] = " \t\r\f\v,\"";
/* Å; also keeps the number of cells that atoms are sorted into within reason */
static const double farthest = 1e7;

char *vtr_structure_line(vtr_structure_reader *reader)
{
    if (reader->next >= reader->end) return NULL;
    char *line = reader->next, *stop = memchr(line, '\n', (size_t)(reader->end - line));
    reader->next = stop != NULL ? stop + 1 : reader->end;
    if (stop != NULL) *stop = '\0';
    reader->line++;
    return line;
}

char *vtr_structure_word(char **rest)
{
    char *word = *rest + strspn(*rest, between_words);
    size_t length = strcspn(word, between_words);
    if (length == 0) return NULL;
    *rest = word + length + (word[length] != '\0');
    word[length] = '\0';
    return word;
}

size_t vtr_structure_split(char *line, size_t most, char **words)
{
    size_t n = 0;
    while (n < most && (words[n] = vtr_structure_word(&line)) != NULL)
        n++;
    return n;
}

bool vtr_structure_numbers(char **rest, size_t n, double *values)
{
    for (size_t i = 0; i < n; i++) {
        char *word = vtr_structure_word(rest);
        if (word == NULL || vtr_parse_double(word, &values[i]) != 0) return false;
    }
    return true;
}

size_t vtr_structure_peek_numbers(const char *text, size_t most, double *values)
{
    for (size_t n = 0; n < most; n++) {
        char word[64];
        text += strspn(text, between_words);
        size_t length = strcspn(text, " \t\r\f\v,\"\n");
        if (length == 0 || length >= sizeof word) return n;
        memcpy(word, text, length);
        word[length] = '\0';
        if (vtr_parse_double(word, &values[n]) != 0) return n;
        text += length;
    }
    return most;
}

const char *vtr_structure_after_line(const char *text)
{
    text += strcspn(text, "\n");
    return text + (*text == '\n');
}

size_t vtr_structure_count_words(const char *line)
{
    size_t n = 0;
    for (;; n++) {
        line += strspn(line, between_words);
        if (*line == '\0' || *line == '\n') return n;
        line += strcspn(line, " \t\r\f\v,\"\n");
    }
}

vtr_status vtr_structure_wrong(const vtr_structure_reader *reader, vtr_error *err, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return vtr_fail(err, VTR_ERR_FORMAT, "'%s', line %zu: %s", reader->path, reader->line, text);
}

int vtr_structure_element(const char *word)
{
    size_t length = 0;
    while (isalpha((unsigned char)word[length]))
        length++;
    if (length < 1 || length > 2) return 0;
    if (word[length] != '\0' && strchr("0123456789+-_/", word[length]) == NULL) return 0;
    char symbol[3] = {(char)toupper((unsigned char)word[0]), '\0', '\0'};
    if (length == 2) symbol[1] = (char)tolower((unsigned char)word[1]);
    return vtr_element_number(symbol);
}

int vtr_structure_element_of_mass(double mass)
{
    int nearest = 0;
    double least = 0.3; /* masses are often rounded to whole numbers */
    for (int z = 1; z <= 103; z++) {
        double off = fabs(vtr_atomic_weight(z) - mass);
        if (off >= least) continue;
        least = off;
        nearest = z;
    }
    return nearest;
}

vtr_status vtr_structure_type(const vtr_structure_reader *reader, const char *word, int *number,
                              vtr_error *err)
{
    size_t type;
    if (word == NULL || vtr_parse_size(word, &type) != 0 || type < 1)
        return vtr_structure_wrong(reader, err, "'%.16s' is no type of atom (1, 2, ...)",
                                   word != NULL ? word : "");
    if (type > reader->n_types || reader->type_number[type - 1] == 0)
        return vtr_structure_wrong(
            reader, err,
            "which element type %zu is, the file does not say; name the elements by type, such as Cu,Zr",
            type);
    *number = reader->type_number[type - 1];
    return VTR_OK;
}

static vtr_status reserve(vtr_structure_reader *reader, size_t capacity, vtr_error *err)
{
    int *number = vtr_malloc(capacity, sizeof *number);
    double(*position)[3] = vtr_malloc(capacity, sizeof *position);
    if (number == NULL || position == NULL) {
        vtr_free(number);
        vtr_free(position);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the %zu atoms of '%s'", capacity,
                        reader->path);
    }
    if (reader->out.n > 0) {
        memcpy(number, reader->out.number, reader->out.n * sizeof *number);
        memcpy(position, reader->out.position, reader->out.n * sizeof *position);
    }
    vtr_free(reader->out.number);
    vtr_free(reader->out.position);
    reader->out.number = number;
    reader->out.position = position;
    reader->capacity = capacity;
    return VTR_OK;
}

vtr_status vtr_structure_announce(vtr_structure_reader *reader, double n, vtr_error *err)
{
    if (!(n >= 1 && n <= MOST_ATOMS) || n != floor(n))
        return vtr_structure_wrong(reader, err, "%g is not a number of atoms (1 to %d)", n, MOST_ATOMS);
    size_t room = (size_t)(reader->end - reader->next + 1) / LEAST_BYTES_AN_ATOM;
    if (n > (double)room)
        return vtr_structure_wrong(reader, err, "%.0f atoms are announced, but the file ends long before", n);
    /* A file may say it twice: what is there already must not be cut off. */
    return (size_t)n > reader->capacity ? reserve(reader, (size_t)n, err) : VTR_OK;
}

vtr_status vtr_structure_add(vtr_structure_reader *reader, int number, const double position[3],
                             vtr_error *err)
{
    for (int i = 0; i < 3; i++)
        if (!(fabs(position[i]) <= farthest))
            return vtr_structure_wrong(reader, err, "an atom at %g %g %g Å", position[0], position[1],
                                       position[2]);
    if (reader->out.n == MOST_ATOMS)
        return vtr_structure_wrong(reader, err, "more than %d atoms", MOST_ATOMS);
    if (reader->out.n == reader->capacity) {
        vtr_status status = reserve(reader, 2 * reader->capacity + 1024, err);
        if (status != VTR_OK) return status;
    }
    reader->out.number[reader->out.n] = number;
    memcpy(reader->out.position[reader->out.n++], position, 3 * sizeof *position);
    return VTR_OK;
}

vtr_status vtr_structure_add_words(vtr_structure_reader *reader, int number, char *const word[3],
                                   bool is_fractional, vtr_error *err)
{
    double read[3], position[3];
    for (int i = 0; i < 3; i++) {
        word[i][strcspn(word[i], "(")] = '\0';
        if (vtr_parse_double(word[i], &read[i]) != 0)
            return vtr_structure_wrong(reader, err, "'%.24s' is no coordinate", word[i]);
    }
    if (is_fractional)
        vtr_structure_from_fractions(position, reader->out.cell, read);
    else
        memcpy(position, read, sizeof position);
    return vtr_structure_add(reader, number, position, err);
}
