/* SPDX-License-Identifier: GPL-3.0-or-later */
#define MAP_PDF
#include "map_file.c"
