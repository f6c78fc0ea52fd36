/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "series_show.h"

/* A row of the table: a recording and a quantity. */
enum { NUMBERS = 23 };
static const char *const names[NUMBERS] = {"contrast",
                                           "contrast_error",
                                           "noise",
                                           "snr",
                                           "snr_error",
                                           "spread",
                                           "spread_error",
                                           "length_nm",
                                           "length_error_nm",
                                           "shift_x_nm",
                                           "shift_x_error_nm",
                                           "shift_y_nm",
                                           "shift_y_error_nm",
                                           "rotation_degrees",
                                           "rotation_error_degrees",
                                           "relative_contrast",
                                           "relative_contrast_error",
                                           "overlap",
                                           "chi2",
                                           "matrix_strain",
                                           "matrix_strain_error",
                                           "matrix_length_nm",
                                           "matrix_length_error_nm"};

static void fill(double numbers[NUMBERS], const vtr_series_recording *r, const vtr_series_reading *q)
{
    const vtr_series_registration *g = &r->registration;
    const vtr_series_transform *t = &g->transform;
    const vtr_series_contrast *c = &q->contrast;
    const double all[NUMBERS] = {c->contrast,
                                 c->contrast_error,
                                 c->noise,
                                 c->snr,
                                 c->snr_error,
                                 q->spread,
                                 q->spread_error,
                                 q->length_nm,
                                 q->length_error_nm,
                                 t->shift_nm[1],
                                 sqrt(t->covariance[1][1]),
                                 t->shift_nm[0],
                                 sqrt(t->covariance[0][0]),
                                 t->angle_degrees,
                                 sqrt(t->covariance[2][2]),
                                 g->scale[0],
                                 g->scale_error[0],
                                 g->overlap,
                                 g->chi2,
                                 r->matrix_strain,
                                 r->matrix_strain_error,
                                 r->matrix_length_nm,
                                 r->matrix_length_error_nm};
    memcpy(numbers, all, sizeof all);
}

/* --- for machines --------------------------------------------------------------------------------------------- */

static void put_text(FILE *out, const char *text, bool is_first)
{
    if (!is_first) fputc(',', out);
    cli_csv_text(out, text);
}

void cli_series_print_table(FILE *out, const cli_series_job *job)
{
    const vtr_series *s = job->series;
    fprintf(out, "# vitrail series: window %.6g nm; contrast, noise and spread as in the map file\n",
            s->smoothing_nm);
    fputs("label,map,quantity,unit", out);
    for (int k = 0; k < NUMBERS; k++)
        fprintf(out, ",%s", names[k]);
    fputc('\n', out);
    for (size_t q = 0; q < s->n_quantities; q++)
        for (size_t i = 0; i < s->n; i++) {
            double numbers[NUMBERS];
            const vtr_series_reading *r = &s->recording[i].reading[q];
            fill(numbers, &s->recording[i], r);
            put_text(out, job->labels[i], true);
            put_text(out, job->run->inputs[i], false);
            put_text(out, r->map.name, false);
            put_text(out, r->map.unit, false);
            for (int k = 0; k < NUMBERS; k++)
                if (isfinite(numbers[k]))
                    fprintf(out, ",%.6g", numbers[k]);
                else
                    fputs(",nan", out);
            fputc('\n', out);
        }
}

static void print_profile(const vtr_line_profile *p)
{
    printf(", \"profile\": {");
    cli_json_array("distance", p->distance_nm, p->n, ", ");
    cli_json_array("mean", p->mean, p->n, ", ");
    cli_json_array("error", p->error, p->n, "}");
}

void cli_series_print_json(const cli_series_job *job)
{
    const vtr_series *s = job->series;
    printf("{\n  ");
    cli_json_member("smoothing_nm", s->smoothing_nm, ",\n  \"rows\": [\n");
    for (size_t q = 0; q < s->n_quantities; q++)
        for (size_t i = 0; i < s->n; i++) {
            double numbers[NUMBERS];
            const vtr_series_reading *r = &s->recording[i].reading[q];
            fill(numbers, &s->recording[i], r);
            fputs("    {", stdout);
            cli_json_text("label", job->labels[i], ", ");
            cli_json_text("map", job->run->inputs[i], ", ");
            cli_json_text("quantity", r->map.name, ", ");
            cli_json_text("unit", r->map.unit, ", ");
            for (int k = 0; k < NUMBERS; k++)
                cli_json_member(names[k], numbers[k], k + 1 < NUMBERS ? ", " : "");
            if (job->has_line) print_profile(&job->profile[i][q]);
            fputs(i + 1 < s->n || q + 1 < s->n_quantities ? "},\n" : "}\n", stdout);
        }
    printf("  ]\n}\n");
}

/* --- for people ------------------------------------------------------------------------------------------------- */

static void print_pair(double value, double error, int digits)
{
    char text[64];
    if (!isfinite(value))
        snprintf(text, sizeof text, "-");
    else if (!(error > 0))
        snprintf(text, sizeof text, "%.*f", digits, value);
    else
        snprintf(text, sizeof text, "%.*f ± %.*f", digits, value, digits, error);
    /* the sign is of two bytes */
    printf("  %*s", strstr(text, "±") != NULL ? 19 : 18, text);
}

static void print_label(const cli_series_job *job, size_t i)
{
    printf("%-16.40s", job->labels[i]);
}

static void print_places(const cli_series_job *job)
{
    printf("%-16s  %18s  %18s  %18s  %18s\n", "recording", "shift x (nm)", "shift y (nm)", "rotation (deg)",
           "contrast to first");
    for (size_t i = 0; i < job->series->n; i++) {
        double n[NUMBERS];
        fill(n, &job->series->recording[i], &job->series->recording[i].reading[0]);
        print_label(job, i);
        print_pair(n[9], n[10], 2);
        print_pair(n[11], n[12], 2);
        print_pair(n[13], n[14], 3);
        print_pair(n[15], n[16], 3);
        putchar('\n');
    }
}

static void print_quantity(const cli_series_job *job, size_t q)
{
    const cli_quantity *words = &job->words[q];
    char contrast[64], noise[64], spread[64];
    const char *unit = words->unit[0] != '\0' ? words->unit : "1";
    snprintf(contrast, sizeof contrast, "contrast (%s)", unit);
    snprintf(noise, sizeof noise, "noise (%s)", unit);
    snprintf(spread, sizeof spread, "spread (%s)", unit);
    printf("\n%-16s  %18s  %18s  %18s  %18s  %18s\n", words->name, contrast, noise, "signal to noise", spread,
           "length (nm)");
    for (size_t i = 0; i < job->series->n; i++) {
        double n[NUMBERS], f = words->factor;
        fill(n, &job->series->recording[i], &job->series->recording[i].reading[q]);
        print_label(job, i);
        print_pair(f * n[0], f * n[1], 4);
        print_pair(f * n[2], 0, 4);
        print_pair(n[3], n[4], 3);
        print_pair(f * n[5], f * n[6], 4);
        print_pair(n[7], n[8], 1);
        putchar('\n');
    }
}

void cli_series_print(const cli_series_job *job)
{
    printf("registered    to the first, seen through a Gaussian of %.3g nm\n\n", job->series->smoothing_nm);
    print_places(job);
    for (size_t q = 0; q < job->series->n_quantities; q++)
        print_quantity(job, q);
}
