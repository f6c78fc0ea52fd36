/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "recipe/recipe_internal.h"

enum { LONGEST = 63 };

static int letter(char c)
{
    return c == '_' ? '-' : tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

size_t vtr_recipe_key_distance(const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) return LONGEST + 1;
    /* rows i - 2, i - 1 and i of the table of distances between beginnings */
    size_t rows[3][LONGEST + 1];
    for (size_t k = 0; k <= m; k++)
        rows[0][k] = k;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t k = 1; k <= m; k++) {
            const bool is_same = letter(a[i - 1]) == letter(b[k - 1]);
            row[k] = least(above[k] + 1, row[k - 1] + 1, above[k - 1] + !is_same);
            const bool is_swap = i > 1 && k > 1 && letter(a[i - 1]) == letter(b[k - 2]) &&
                                 letter(a[i - 2]) == letter(b[k - 1]);
            if (is_swap && second[k - 2] + 1 < row[k]) row[k] = second[k - 2] + 1;
        }
    }
    return rows[n % 3][m];
}
