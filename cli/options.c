/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "options.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const vtr_parameter common_parameters[] = {
    {"threads", NULL, VTR_PARAMETER_INT, offsetof(cli_common, threads), .maximum = 4096, .metavar = "N",
     .help = "threads to use; 0 is all processors"},
    {"memory", NULL, VTR_PARAMETER_STRING, offsetof(cli_common, memory), .metavar = "SIZE",
     .help = "memory to hold at most, such as 4G; half of what is free unless given, but at least 2G"},
    {"force", NULL, VTR_PARAMETER_BOOL, offsetof(cli_common, force), .help = "replace files that exist"},
    {"json", NULL, VTR_PARAMETER_BOOL, offsetof(cli_common, json), .help = "print the result as JSON"},
    {"quiet", NULL, VTR_PARAMETER_BOOL, offsetof(cli_common, quiet),
     .help = "no progress, no warnings, no text about what is in a file written"},
    {"verbose", NULL, VTR_PARAMETER_BOOL, offsetof(cli_common, verbose),
     .help = "say more about what is done"},
    {"help", NULL, VTR_PARAMETER_BOOL, offsetof(cli_common, help), .help = "print this help"},
};
const vtr_parameter_table cli_common_options = {"Common options", common_parameters,
                                                sizeof common_parameters / sizeof *common_parameters};

static const char *full_name(const char *letter)
{
    if (strcmp(letter, "o") == 0) return "output";
    if (strcmp(letter, "j") == 0) return "threads";
    if (strcmp(letter, "h") == 0) return "help";
    if (strcmp(letter, "q") == 0) return "quiet";
    if (strcmp(letter, "v") == 0) return "verbose";
    if (strcmp(letter, "f") == 0) return "force";
    if (strcmp(letter, "k") == 0) return "components";
    return letter;
}

static const vtr_parameter *find(const cli_group *groups, size_t n_groups, const char *name, void **values)
{
    for (size_t i = 0; i < n_groups; i++) {
        const vtr_parameter *p = vtr_parameters_find(groups[i].table, name);
        if (p != NULL) {
            *values = groups[i].values;
            return p;
        }
    }
    return NULL;
}

static const vtr_parameter *find_any(cli_run *run, const cli_group *groups, size_t n_groups, const char *name,
                                     void **values)
{
    const vtr_parameter *p = vtr_parameters_find(&cli_common_options, name);
    *values = &run->common;
    return p != NULL ? p : find(groups, n_groups, name, values);
}

/* One option at argv[i]; sets *used to the number of words taken. */
static vtr_status parse_option(cli_run *run, const cli_group *groups, size_t n_groups, int left, char **word,
                               int *used, vtr_error *err)
{
    char name[64];
    bool is_long = word[0][1] == '-';
    const char *start = word[0] + (is_long ? 2 : 1), *equals = strchr(start, '=');
    size_t length = equals != NULL ? (size_t)(equals - start) : strlen(start);
    if (length >= sizeof name)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "unknown option '%s'; see vitrail help %s", word[0],
                        run->command);
    memcpy(name, start, length);
    name[length] = '\0';

    void *values;
    const char *text = equals != NULL ? equals + 1 : NULL;
    const vtr_parameter *p = find_any(run, groups, n_groups, is_long ? name : full_name(name), &values);
    if (p == NULL && !is_long && length > 1) { /* -j4: a letter with its value */
        p = find_any(run, groups, n_groups, full_name((char[]){start[0], '\0'}), &values);
        if (p != NULL && p->type == VTR_PARAMETER_BOOL) p = NULL;
        text = start + 1;
    }
    if (p == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "unknown option '%s'; see vitrail help %s", word[0],
                        run->command);
    *used = 1;
    if (text == NULL && p->type != VTR_PARAMETER_BOOL) {
        if (left < 2) return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s needs a value", p->name);
        text = word[1];
        *used = 2;
    }
    vtr_status status = vtr_parameters_set(p, values, text, err);
    /* whatever is wrong with an option's text is wrong use */
    return status == VTR_OK ? VTR_OK : (err != NULL ? (err->status = VTR_ERR_ARGUMENT) : VTR_ERR_ARGUMENT);
}

vtr_status cli_parse(cli_run *run, const cli_group *groups, size_t n_groups, int argc, char **argv,
                     vtr_error *err)
{
    bool options_end = false;
    for (int i = 1; i < argc;) {
        const char *word = argv[i];
        if (!options_end && strcmp(word, "--") == 0) {
            options_end = true;
            i++;
        } else if (!options_end && word[0] == '-' && word[1] != '\0' && !isdigit((unsigned char)word[1])) {
            int used = 1;
            vtr_status status = parse_option(run, groups, n_groups, argc - i, argv + i, &used, err);
            if (status != VTR_OK) return status;
            i += used;
        } else {
            if (run->n_inputs == CLI_MAX_INPUTS)
                return vtr_fail(err, VTR_ERR_ARGUMENT, "more than %d inputs", CLI_MAX_INPUTS);
            run->inputs[run->n_inputs++] = word;
            i++;
        }
    }
    return VTR_OK;
}

static void print_wrapped(FILE *out, const char *text, int indent, int column)
{
    enum { WIDTH = 100 };
    while (*text != '\0') {
        size_t length = strcspn(text, " \n");
        if (column > indent && column + 1 + (int)length > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)length, text);
        column += (int)length;
        text += length;
        if (*text == '\n') {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        if (*text != '\0') text++;
    }
    fputc('\n', out);
}

static bool has_default(const vtr_parameter *p)
{
    bool is_number = p->type == VTR_PARAMETER_INT || p->type == VTR_PARAMETER_SIZE ||
                     p->type == VTR_PARAMETER_DOUBLE || p->type == VTR_PARAMETER_CHOICE;
    return is_number && !isnan(p->default_value);
}

static void print_parameter(FILE *out, const vtr_parameter *p, const void *values)
{
    char left[128], help[512], value[64];
    const char *metavar = p->metavar != NULL ? p->metavar : p->choices != NULL ? p->choices : "VALUE";
    if (p->type == VTR_PARAMETER_BOOL)
        snprintf(left, sizeof left, "  --%s", p->name);
    else
        snprintf(left, sizeof left, "  %s--%s %s", strcmp(p->name, "output") == 0 ? "-o, " : "", p->name,
                 metavar);
    int n = snprintf(help, sizeof help, "%s", p->help != NULL ? p->help : "");
    if (has_default(p) && n > 0 && (size_t)n < sizeof help) {
        vtr_parameters_format(p, values, value, sizeof value);
        snprintf(help + n, sizeof help - (size_t)n, " [%s%s%s]", value, p->unit != NULL ? " " : "",
                 p->unit != NULL ? p->unit : "");
    } else if (p->unit != NULL && n > 0 && (size_t)n < sizeof help) {
        snprintf(help + n, sizeof help - (size_t)n, " (%s)", p->unit);
    }
    enum { COLUMN = 30 };
    if (strlen(left) >= COLUMN)
        fprintf(out, "%s\n%*s", left, COLUMN, "");
    else
        fprintf(out, "%-*s", COLUMN, left);
    print_wrapped(out, help, COLUMN, COLUMN);
}

static void print_group(FILE *out, const cli_group *group)
{
    fprintf(out, "\n%s:\n", group->table->title);
    for (size_t i = 0; i < group->table->n; i++)
        print_parameter(out, &group->table->parameters[i], group->values);
}

void cli_print_help(FILE *out, const cli_command *command)
{
    cli_group groups[CLI_MAX_GROUPS];
    size_t n = command->options != NULL ? command->options(groups) : 0;
    fprintf(out, "usage: vitrail %s %s\n\n", command->name, command->usage);
    print_wrapped(out, command->summary, 0, 0);
    if (command->details != NULL) {
        fputc('\n', out);
        print_wrapped(out, command->details, 0, 0);
    }
    for (size_t i = 0; i < n; i++)
        print_group(out, &groups[i]);
    cli_common common;
    vtr_parameters_default(&cli_common_options, &common);
    cli_group shared = {&cli_common_options, &common};
    print_group(out, &shared);
}
