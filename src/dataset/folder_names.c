/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the names of numbered files tell: their order, and a scan. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/folder_internal.h"

enum { MOST_NUMBERS = 8 };

/* The text between numbers as it is, numbers by their value: img2 before img10. */
static int compare_names(const void *a, const void *b)
{
    const char *p = *(char *const *)a, *q = *(char *const *)b;
    while (*p != '\0' && *q != '\0') {
        if (!isdigit((unsigned char)*p) || !isdigit((unsigned char)*q)) {
            if (*p != *q) return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
            p++, q++;
            continue;
        }
        p += strspn(p, "0");
        q += strspn(q, "0");
        size_t n = strspn(p, "0123456789"), m = strspn(q, "0123456789");
        int order = n != m ? (n < m ? -1 : 1) : strncmp(p, q, n);
        if (order != 0) return order;
        p += n;
        q += m;
    }
    int order = (*p != '\0') - (*q != '\0');
    return order != 0 ? order : strcmp(*(char *const *)a, *(char *const *)b);
}

/* The numbers in a name, and the first letter of the word before each; how many there are. */
static size_t find_numbers(const char *name, unsigned long numbers[MOST_NUMBERS], char letters[MOST_NUMBERS])
{
    size_t n = 0;
    for (const char *at = name; *at != '\0';) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 0) {
            at++;
            continue;
        }
        if (n == MOST_NUMBERS || digits > 9) return 0;
        numbers[n] = strtoul(at, NULL, 10);
        const char *before = at;
        while (before > name && strchr("_-= ", before[-1]) != NULL)
            before--;
        letters[n] = '\0';
        for (; before > name && isalpha((unsigned char)before[-1]); before--)
            letters[n] = (char)tolower((unsigned char)before[-1]);
        n++;
        at += digits;
    }
    return n;
}

/* Which two numbers of the names count rows and columns; false where they do not fill a grid in this very order. */
static bool find_grid(size_t shape[2], size_t varying[2], char *const *names, size_t n_names)
{
    unsigned long first[MOST_NUMBERS], last[MOST_NUMBERS], now[MOST_NUMBERS];
    char letters[MOST_NUMBERS];
    size_t n_varying = 0;
    size_t n = find_numbers(vtr_companion_name(names[0]), first, letters);
    if (n < 2 || find_numbers(vtr_companion_name(names[n_names - 1]), last, letters) != n) return false;
    for (size_t i = 0; i < n; i++) {
        if (last[i] == first[i]) continue;
        if (n_varying == 2 || last[i] < first[i]) return false;
        varying[n_varying++] = i;
    }
    if (n_varying != 2) return false;
    size_t sizes[2];
    for (int i = 0; i < 2; i++)
        sizes[i] = last[varying[i]] - first[varying[i]] + 1;
    if (sizes[0] * sizes[1] != n_names) return false;
    for (size_t k = 0; k < n_names; k++) {
        if (find_numbers(vtr_companion_name(names[k]), now, letters) != n ||
            now[varying[0]] != first[varying[0]] + k / sizes[1] ||
            now[varying[1]] != first[varying[1]] + k % sizes[1])
            return false;
    }
    shape[0] = sizes[0];
    shape[1] = sizes[1];
    return true;
}

/* Puts n_x columns of n_y names each into rows. */
static vtr_status turn(char **names, size_t n_x, size_t n_y, vtr_error *err)
{
    char **turned = vtr_malloc(n_x * n_y, sizeof *turned);
    if (turned == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    for (size_t k = 0; k < n_x * n_y; k++)
        turned[k % n_y * n_x + k / n_y] = names[k];
    memcpy(names, turned, n_x * n_y * sizeof *turned);
    vtr_free(turned);
    return VTR_OK;
}

vtr_status vtr_folder_grid(bool *has_grid, size_t shape[2], char **names, size_t n, vtr_error *err)
{
    unsigned long numbers[MOST_NUMBERS];
    char letters[MOST_NUMBERS];
    size_t sizes[2], varying[2];
    *has_grid = find_grid(sizes, varying, names, n);
    if (!*has_grid) return VTR_OK;
    find_numbers(vtr_companion_name(names[0]), numbers, letters);
    char a = letters[varying[0]], b = letters[varying[1]];
    bool has_columns_first = (a == 'x' && b == 'y') || (a == 'c' && b == 'r');
    shape[0] = sizes[has_columns_first ? 1 : 0];
    shape[1] = sizes[has_columns_first ? 0 : 1];
    return has_columns_first ? turn(names, shape[1], shape[0], err) : VTR_OK;
}

void vtr_folder_sort(char **names, size_t n)
{
    qsort(names, n, sizeof *names, compare_names);
}
