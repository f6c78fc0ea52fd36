/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_CALIBRATION_TEXT_H
#define VITRAIL_CLI_CALIBRATION_TEXT_H

#include "vitrail/calibration.h"

/* A calibration on stdout, for people and as JSON. */
void cli_print_calibration(const vtr_calibration *calibration);
void cli_print_calibration_json(const vtr_calibration *calibration);

/* The same of a polycrystalline standard, with its rings. */
void cli_print_standard(const vtr_standard_pattern *standard);
void cli_print_standard_json(const vtr_standard_pattern *standard);

#endif
