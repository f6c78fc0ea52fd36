/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/memory.h"

static const size_t least_default = (size_t)2 << 30;

size_t vtr_memory_default_ceiling(void)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) break;
    if (file != NULL) fclose(file);
    return kib * 512 > least_default ? (size_t)kib * 512 : least_default;
}

vtr_status vtr_memory_parse(size_t *bytes, const char *text, vtr_error *err)
{
    static const char letters[] = "KMGT";
    size_t n = strcspn(text, " KMGTkmgtB");
    char number[32] = "";
    double value, unit = 1;
    if (n < sizeof number) memcpy(number, text, n);
    const char *rest = text + n + strspn(text + n, " ");
    const char *letter = *rest != '\0' ? strchr(letters, toupper((unsigned char)*rest)) : NULL;
    if (letter != NULL) {
        unit = (double)((size_t)1 << 10 * (letter - letters + 1));
        rest++;
        if (*rest == 'i') rest++;
    }
    if (*rest == 'B') rest++;
    if (*rest != '\0' || vtr_parse_double(number, &value) != 0 || !(value * unit >= 1 && value * unit < 1e18))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not a size such as 2G, 800M or 1.5 GiB", text);
    *bytes = (size_t)(value * unit);
    return VTR_OK;
}
