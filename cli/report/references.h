/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_REPORT_REFERENCES_H
#define VITRAIL_CLI_REPORT_REFERENCES_H

/* The literature that the methods text names. */

#include <stddef.h>
#include <stdio.h>

typedef struct cli_reference {
    const char *key;    /* also of its BibTeX entry */
    const char *text;   /* HTML */
    const char *bibtex; /* kind and fields, without the key: "@article" up to the last field */
} cli_reference;

extern const cli_reference cli_references[];
extern const size_t cli_n_references;

/* Place in the table; cli_n_references where there is no such key. */
size_t cli_reference_find(const char *key, size_t length);
/* The BibTeX entry. */
void cli_reference_put_bibtex(FILE *out, const cli_reference *reference);

#endif
