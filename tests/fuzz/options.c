/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "vitrail/detector.h"
#include "vitrail/line_profile.h"
#include "vitrail/parameters.h"
#include "vitrail/pass.h"
#include "vitrail/pdf.h"
#include "vitrail/pdf_result.h"
#include "vitrail/region.h"
#include "vitrail/virtual.h"

/* The small languages of options: regions, virtual detectors, lines, noise, and values of every type in a parameter table.
 * The first byte says which. */

static void parse_region(const char *text)
{
    /* Images named by a region are image.c's, and their names not to be guessed here. */
    if (strstr(text, "mask:") != NULL) return;
    vtr_error err = {0};
    vtr_region region;
    vtr_status status = vtr_region_parse(&region, text, NULL, 7, 5, &err);
    fuzz_check_sentence(status, err.message);
    if (status != VTR_OK) return;
    size_t n = 0;
    for (size_t i = 0; i < region.n_y * region.n_x; i++)
        n += region.member[i] != 0;
    if (n == 0 || n != region.n) abort();
    vtr_region_release(&region);
}

static void parse_parameter(uint8_t which, const char *text)
{
    static union {
        vtr_map_params map;
        vtr_pdf_params pdf;
        vtr_dataset_params dataset;
    } values;
    static const vtr_parameter_table *const tables[] = {&vtr_map_parameters, &vtr_pdf_parameters,
                                                        &vtr_dataset_parameters};
    const vtr_parameter_table *table = tables[which % 3];
    vtr_parameters_default(table, &values);
    vtr_error err = {0};
    fuzz_check_sentence(vtr_parameters_set(&table->parameters[which / 3 % table->n], &values, text, &err),
                        err.message);
}

int fuzz_one(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    const char *text = fuzz_text(data + 2, size - 2);
    vtr_error err = {0};
    vtr_virtual detector;
    vtr_line line;
    vtr_noise noise;
    unsigned hold;
    vtr_status status = VTR_OK;
    switch (data[0] % 6) {
    case 0:
        parse_region(text);
        break;
    case 1:
        status = vtr_virtual_parse(&detector, text, &err);
        break;
    case 2:
        status = vtr_line_parse(&line, text, &err);
        break;
    case 3:
        status = vtr_noise_parse(&noise, text, &err);
        break;
    case 4:
        status = vtr_pdf_hold_parse(&hold, text, &err);
        break;
    default:
        parse_parameter(data[1], text);
        break;
    }
    fuzz_check_sentence(status, err.message);
    return 0;
}
