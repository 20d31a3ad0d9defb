/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dates as people type them, and where their days begin. */

#pragma once

#include <gio/gio.h>

/* "2026-11-28", "2026-11-28T10:00" (or with a blank; with seconds; with Z or +01:00, else local time), "today", "yesterday", and so long
 * before now: "90min", "12h", "3d", "2w", "1y". Sets *time, nanoseconds since 1970, never 0: the first moment that is meant; with last the last one,
 * which of a day is its end. now: microseconds since 1970. Errors name option. */
gboolean l4_date_parse (const char *text, const char *option, gboolean last, gint64 now, gint64 *time, GError **error);

/* The first moment of a day of local time: of two midnights, where clocks are set back to it, the first one. NULL: there is no such day. (transfer full) */
GDateTime *l4_midnight (int year, int month, int day);
