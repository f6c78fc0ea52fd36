/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nothing: cffi knows these types itself. */
