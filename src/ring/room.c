/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placeholder until the first source of this room arrives; remove it then. */
typedef int vtr_room_ring;
