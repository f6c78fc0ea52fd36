/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_REPORT_STATEMENTS_H
#define VITRAIL_CLI_REPORT_STATEMENTS_H

/* The sentences of the methods text (statements.c), and when each of them holds (methods.c). */

#include <stddef.h>

/* A statement of the methods text, chosen by what the map file says about itself. */
typedef struct condition {
    enum {
        ALWAYS,
        HAS,     /* the dataset `name` of `group`, or, NULL, the group */
        LACKS,   /* not that */
        IS,      /* the text attribute `name` begins with `value` */
        YES,     /* the number attribute `name` is not 0 */
        NO,      /* it is 0 */
        KNOWN,   /* it is a finite number */
        UNKNOWN, /* it is there and is none */
        SET      /* the setting `name` of the step `group` is `value`, or, NULL, anything */
    } kind;
    const char *group, *name, *value;
} condition;

/* In the text {group@attribute}, {group@attribute:index} and {group@attribute*factor} stand for a value of the file,
 * {step=setting} for a setting, [key] for a reference. */
typedef struct statement {
    condition when[2];
    const char *text; /* HTML */
} statement;

typedef struct topic {
    const char *title;
    condition when;
    const statement *statements;
    size_t n;
} topic;

extern const topic cli_report_topics[];
extern const size_t cli_report_n_topics;

#endif
