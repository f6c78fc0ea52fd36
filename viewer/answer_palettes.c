/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "answer.h"
#include "vitrail/figure.h"

vtr_status view_answer_palettes(view_answer *answer, view_session *session, const view_request *request,
                                vtr_error *err)
{
    enum { COLOURS = 256 };
    (void)session;
    (void)request;
    unsigned char colours[VTR_PALETTE_COUNT][COLOURS][3];
    for (int p = 0; p < VTR_PALETTE_COUNT; p++)
        for (int i = 0; i < COLOURS; i++)
            vtr_palette_colour(colours[p][i], (vtr_palette)p, i / (COLOURS - 1.0));
    view_text text;
    vtr_status status = view_text_begin(&text, err);
    if (status != VTR_OK) return status;
    fprintf(text.out, "{\"names\": \"%s\", \"colours\": %d}", VTR_PALETTE_CHOICES, COLOURS);
    const view_array array = {colours, sizeof colours};
    return view_answer_arrays(answer, &text, &array, 1, err);
}
