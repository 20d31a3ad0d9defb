/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dates as people type them. */

#include "find/date.h"

#include <string.h>

#include "base/error.h"

#define NS_PER_US G_GINT64_CONSTANT (1000)
#define LONGEST_AGE G_GINT64_CONSTANT (10000000000)     /* seconds, three hundred years: the clock's range */

/* What is meant: from there to before there, microseconds since 1970. */
typedef struct
{
  gint64 from, to;
} Span;

static gint64
get_microseconds (GDateTime *date)
{
  return g_date_time_to_unix (date) * G_USEC_PER_SEC + g_date_time_get_microsecond (date);
}

GDateTime *
l4_midnight (int year, int month, int day)
{
  g_autoptr (GDateTime) midnight = g_date_time_new_local (year, month, day, 0, 0, 0);
  g_autoptr (GDateTime) earlier = midnight != NULL ? g_date_time_add_hours (midnight, -1) : NULL;

  if (earlier != NULL && g_date_time_get_day_of_month (earlier) == day)
    return g_steal_pointer (&earlier);
  return g_steal_pointer (&midnight);
}

/* A day of the local calendar, so many days from that of now. */
static gboolean
read_day (gint64 now, int days, Span *span)
{
  g_autoptr (GDateTime) moment = g_date_time_new_from_unix_local (now / G_USEC_PER_SEC);
  g_autoptr (GDateTime) day = moment == NULL ? NULL : g_date_time_add_days (moment, days);
  g_autoptr (GDateTime) next = day == NULL ? NULL : g_date_time_add_days (day, 1);
  g_autoptr (GDateTime) begin = NULL, end = NULL;

  if (next == NULL)
    return FALSE;
  begin = l4_midnight (g_date_time_get_year (day), g_date_time_get_month (day), g_date_time_get_day_of_month (day));
  end = l4_midnight (g_date_time_get_year (next), g_date_time_get_month (next), g_date_time_get_day_of_month (next));
  if (begin == NULL || end == NULL)
    return FALSE;
  *span = (Span) { get_microseconds (begin), get_microseconds (end) };
  return TRUE;
}

/* "3d": a moment that long ago. */
static gboolean
read_age (const char *text, gint64 now, Span *span)
{
  static const struct
  {
    const char *unit;
    gint64 seconds;
  } units[] = { {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 7 * 86400}, {"y", 31556952} };
  char *unit;
  gint64 n = g_ascii_strtoll (text, &unit, 10);

  if (!g_ascii_isdigit (*text))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (unit, units[i].unit) == 0 && n <= LONGEST_AGE / units[i].seconds) {
      *span = (Span) { now - n * units[i].seconds * G_USEC_PER_SEC, now - n * units[i].seconds * G_USEC_PER_SEC + 1 };
      return TRUE;
    }
  return FALSE;
}

static gboolean
are_digits (const char *text, const char *pattern)
{
  for (; *pattern != '\0'; text++, pattern++)
    if (*pattern == '0' ? !g_ascii_isdigit (*text) : *text != *pattern)
      return FALSE;
  return TRUE;
}

/* "2026-11-28T10:00": a day, a minute or a second. */
static gboolean
read_date (const char *text, Span *span)
{
  g_autoptr (GTimeZone) local = g_time_zone_new_local ();
  g_autoptr (GDateTime) date = NULL;
  g_autofree char *whole = NULL;
  const char *zone = "";
  gint64 length = 86400;

  if (!are_digits (text, "0000-00-00"))
    return FALSE;
  if (text[10] == '\0') {
    g_autoptr (GDateTime) day = NULL;

    whole = g_strconcat (text, "T12:00:00", NULL);
    day = g_date_time_new_from_iso8601 (whole, local);
    return day != NULL && read_day (get_microseconds (day), 0, span);   /* which need not have 24 hours */
  }
  if ((text[10] != 'T' && text[10] != ' ') || !are_digits (text + 11, "00:00"))
    return FALSE;
  length = text[16] == ':' && are_digits (text + 16, ":00") ? 1 : 60;
  zone = text + (length == 1 ? 19 : 16);
  whole = g_strdup_printf ("%.10sT%.5s:%.2s%s", text, text + 11, length == 1 ? text + 17 : "00", zone);
  if ((date = g_date_time_new_from_iso8601 (whole, local)) == NULL)
    return FALSE;
  *span = (Span) { get_microseconds (date), get_microseconds (date) + length * G_USEC_PER_SEC };
  return TRUE;
}

static gboolean
read_any (const char *text, gint64 now, Span *span)
{
  if (strcmp (text, "today") == 0)
    return read_day (now, 0, span);
  if (strcmp (text, "yesterday") == 0)
    return read_day (now, -1, span);
  return read_age (text, now, span) || read_date (text, span);
}

gboolean
l4_date_parse (const char *text, const char *option, gboolean last, gint64 now, gint64 *time, GError **error)
{
  Span span;

  if (!g_utf8_validate (text, -1, NULL) || !read_any (text, now, &span))
    return l4_fail (error, L4_ERROR_INPUT, _("%s %s: is no date such as 2026-11-28, 2026-11-28T10:00, yesterday, 12h or 3d"), option, text);
  if (ABS (span.from) > G_MAXINT64 / NS_PER_US - G_USEC_PER_SEC || ABS (span.to) > G_MAXINT64 / NS_PER_US - G_USEC_PER_SEC)
    return l4_fail (error, L4_ERROR_INPUT, _("%s %s: no file is as old or as new"), option, text);
  *time = last ? span.to * NS_PER_US - 1 : span.from * NS_PER_US;
  if (*time == 0)
    *time = 1;
  return TRUE;
}
