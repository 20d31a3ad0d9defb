/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When what a camera shows happened, by the clock on the wall; how long to wait until it is tried again. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Stream times of a camera that is up, and what they are on the wall clock (microseconds since 1970). Zeroed: nothing is known. */
typedef struct
{
  gboolean known;
  gint64 offset;                /* microseconds: wall clock less stream time */
} L4Clock;

/* A picture of that stream time (nanoseconds) came now. Times that jump, there or here, by two seconds or more are followed. */
void l4_clock_learn (L4Clock *self, guint64 stream_time, gint64 now);

/* Never after now. */
gint64 l4_clock_tell (const L4Clock *self, guint64 stream_time, gint64 now);

/* Milliseconds to wait before the attempt-th try after a failure, from 1: 1 s, doubled each time, 60 s at most, of which a random part of a
 * third is taken off, so that all cameras behind one switch do not come at once. */
guint l4_clock_wait (guint attempt, GRand *random);

/* "2026-11-28T14:03:12.345+01:00" of microseconds since 1970, in local time. (transfer full) */
char *l4_clock_format (gint64 time);
/* "14:03:12" (transfer full) */
char *l4_clock_format_short (gint64 time);

G_END_DECLS
