/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_STRUCTURE_INTERNAL_H
#define VITRAIL_STRUCTURE_INTERNAL_H

/* What the readers of atomic models share: the file as lines and words, elements by type, the growing list of atoms. */

#include "base/base_internal.h"
#include "vitrail/structure.h"

enum { VTR_STRUCTURE_TYPES_MAX = 100, VTR_STRUCTURE_COLUMNS_MAX = 64 };

typedef struct vtr_structure_reader {
    const char *path;
    char *next, *end; /* unread text; *end is '\0' */
    size_t line;      /* of the last line returned, from 1 */
    size_t n_types;   /* elements by type, as the caller gave them or the file does */
    int type_number[VTR_STRUCTURE_TYPES_MAX];
    bool has_given_cell; /* the file need not make sense of its own */
    size_t capacity;
    vtr_structure out;
} vtr_structure_reader;

/* One reader for each format. `probe` sees the text from its beginning and changes nothing. */
typedef struct vtr_structure_format {
    const char *name;
    bool (*probe)(const char *text);
    vtr_status (*read)(vtr_structure_reader *reader, vtr_error *err);
} vtr_structure_format;
extern const vtr_structure_format vtr_structure_cif, vtr_structure_columns, vtr_structure_lammps_data,
    vtr_structure_lammps_dump, vtr_structure_poscar, vtr_structure_xyz;

/* The next line without its end; NULL after the last. The text is cut up as it is read. */
char *vtr_structure_line(vtr_structure_reader *reader);
/* Cuts the next word off *rest (blanks, tabs, commas and double quotes are between words); NULL at the end. */
char *vtr_structure_word(char **rest);
/* Cuts a line into words, `most` of them at most; returns how many. */
size_t vtr_structure_split(char *line, size_t most, char **words);
/* Reads n numbers off *rest; false where there are fewer. */
bool vtr_structure_numbers(char **rest, size_t n, double *values);
/* The same from text that stays as it is; values beyond the last are not touched. Returns how many there were. */
size_t vtr_structure_peek_numbers(const char *text, size_t most, double *values);
/* The start of the line after this one, at the end of the text its '\0'. */
const char *vtr_structure_after_line(const char *text);
/* Words in a line. */
size_t vtr_structure_count_words(const char *line);

/* VTR_ERR_FORMAT with "'path', line N: " in front. */
vtr_status vtr_structure_wrong(const vtr_structure_reader *reader, vtr_error *err, const char *format, ...)
    VTR_PRINTF_LIKE(3, 4);

/* Atomic number of "Si", "SI", "Si4+", "Si12", "Si_pv"; 0 for what is no element. */
int vtr_structure_element(const char *word);
/* The element whose standard weight is nearest to a mass in u, within 0.3; 0 where there is none. */
int vtr_structure_element_of_mass(double mass);
/* Atomic number of a type 1, 2, ... written as a word. */
vtr_status vtr_structure_type(const vtr_structure_reader *reader, const char *word, int *number,
                              vtr_error *err);

/* Makes room for n atoms that the file announces; refuses a number that the rest of the file cannot hold. */
vtr_status vtr_structure_announce(vtr_structure_reader *reader, double n, vtr_error *err);
/* Adds an atom; refuses coordinates that are not finite. */
vtr_status vtr_structure_add(vtr_structure_reader *reader, int number, const double position[3],
                             vtr_error *err);
/* The same from three words, in Å or fractions of the cell; esd's in brackets are cut off. */
vtr_status vtr_structure_add_words(vtr_structure_reader *reader, int number, char *const word[3],
                                   bool is_fractional, vtr_error *err);

/* A box as LAMMPS writes it, and the cell that it makes. */
typedef struct vtr_structure_box {
    double low[3], high[3], tilt[3]; /* xy, xz, yz */
} vtr_structure_box;
void vtr_structure_set_box(vtr_structure *structure, const vtr_structure_box *box);

/* Cell rows from lengths and angles in degrees, a along x, b in the plane x, y. */
void vtr_structure_cell_from_angles(double cell[3][3], const double lengths[3], const double angles[3]);
double vtr_structure_determinant(const double cell[3][3]);
/* Columns of `inverse` take a position to fractions: fraction_j = sum_i position_i inverse[i][j]. */
void vtr_structure_invert(double inverse[3][3], const double cell[3][3]);
/* Distance between opposite faces, of each pair. */
void vtr_structure_widths(double widths[3], const double cell[3][3]);
void vtr_structure_from_fractions(double position[3], const double cell[3][3], const double fraction[3]);

#endif
