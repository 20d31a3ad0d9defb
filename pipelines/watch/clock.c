/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When what a camera shows happened, by the clock on the wall; how long to wait until it is tried again. */

#include "watch/clock.h"

#define JUMP_US (2 * G_USEC_PER_SEC)
#define FIRST_WAIT_MS 1000
#define LONGEST_WAIT_MS 60000

void
l4_clock_learn (L4Clock *self, guint64 stream_time, gint64 now)
{
  gint64 offset = now - (gint64) (stream_time / 1000);

  if (!self->known || ABS (offset - self->offset) >= JUMP_US)
    self->offset = offset;
  self->known = TRUE;
}

gint64
l4_clock_tell (const L4Clock *self, guint64 stream_time, gint64 now)
{
  return self->known ? MIN (self->offset + (gint64) (stream_time / 1000), now) : now;
}

guint
l4_clock_wait (guint attempt, GRand *random)
{
  guint doubled = MIN (attempt, 10) > 0 ? MIN (attempt, 10) - 1 : 0, wait = MIN (FIRST_WAIT_MS << doubled, LONGEST_WAIT_MS);

  return wait - g_rand_int_range (random, 0, wait / 3);
}

static char *
format (gint64 time, const char *as)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? g_date_time_format (local, as) : g_strdup ("");
}

char *
l4_clock_format (gint64 time)
{
  g_autofree char *day = format (time, "%Y-%m-%dT%H:%M:%S"), *zone = format (time, "%:z");

  return g_strdup_printf ("%s.%03d%s", day, (int) (time % G_USEC_PER_SEC / 1000), zone);
}

char *
l4_clock_format_short (gint64 time)
{
  return format (time, "%H:%M:%S");
}
