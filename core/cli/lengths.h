/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of tokens that are given as a list. */

#pragma once

#include <glib.h>

/* Numbers from 0 to most, with commas between them; given NULL: the usual one, or most. NULL: one of them is none. (transfer full; gint64) */
GArray *l4_lengths_parse (const char *given, gint64 usual, gint64 most, GError **error);

/* The largest; 0: there are none. */
gint64 l4_lengths_longest (const GArray *lengths);
