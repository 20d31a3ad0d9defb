/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dates as people type them, and the command lines of players. The time zone is that of Berlin. */

#include <string.h>

#include "find/date.h"
#include "find/player.h"

/* 2026-03-29 10:00:00 there, a day of 23 hours. */
#define NOW (G_GINT64_CONSTANT (1774771200) * G_USEC_PER_SEC)

static void
assert_date (const char *text, gboolean last, const char *utc)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDateTime) expected = utc == NULL ? NULL : g_date_time_new_from_iso8601 (utc, NULL);
  gint64 time = 0;

  if (utc == NULL) {
    g_assert_false (l4_date_parse (text, "--since", last, NOW, &time, &error));
    g_assert_nonnull (strstr (error->message, "--since"));
    return;
  }
  l4_date_parse (text, "--since", last, NOW, &time, &error);
  g_assert_no_error (error);
  g_assert_cmpint (time, ==, g_date_time_to_unix (expected) * 1000000000 - last);
}

static void
test_dates_are_days_moments_and_ages (void)
{
  assert_date ("2026-11-28", FALSE, "2026-11-27T23:00:00Z");
  assert_date ("2026-11-28", TRUE, "2026-11-28T23:00:00Z");
  assert_date ("2026-03-29", FALSE, "2026-03-28T23:00:00Z");
  assert_date ("2026-03-29", TRUE, "2026-03-29T22:00:00Z");
  assert_date ("2026-07-01T10:00", FALSE, "2026-07-01T08:00:00Z");
  assert_date ("2026-07-01 10:00", TRUE, "2026-07-01T08:01:00Z");
  assert_date ("2026-07-01T10:00:30", TRUE, "2026-07-01T08:00:31Z");
  assert_date ("2026-07-01T10:00Z", FALSE, "2026-07-01T10:00:00Z");
  assert_date ("2026-07-01T10:00:05+05:30", FALSE, "2026-07-01T04:30:05Z");
  assert_date ("today", FALSE, "2026-03-28T23:00:00Z");
  assert_date ("today", TRUE, "2026-03-29T22:00:00Z");
  assert_date ("yesterday", FALSE, "2026-03-27T23:00:00Z");
  assert_date ("90min", FALSE, "2026-03-29T06:30:00Z");
  assert_date ("3h", FALSE, "2026-03-29T05:00:00Z");
  assert_date ("3d", FALSE, "2026-03-26T08:00:00Z");
  assert_date ("2w", FALSE, "2026-03-15T08:00:00Z");
}

/* On the Azores clocks go back from one to midnight. */
static void
test_a_day_begins_at_the_first_of_two_midnights (void)
{
  g_autofree char *before = g_strdup (g_getenv ("TZ"));

  g_setenv ("TZ", "AZOT1AZOST,M3.5.0/0,M10.5.0/1", TRUE);
  for (guint day = 24; day < 28; day++) {
    g_autoptr (GDateTime) midnight = l4_midnight (2026, 10, day), utc = g_date_time_to_utc (midnight);

    g_assert_cmpint (g_date_time_get_day_of_month (utc), ==, day);
    g_assert_cmpint (g_date_time_get_hour (utc), ==, day < 26 ? 0 : 1);
  }
  g_setenv ("TZ", before, TRUE);
}

static void
test_what_is_no_date_is_refused (void)
{
  static const char *const texts[] = {
    "", "2026", "2026-13-01", "2026-02-30", "2026-11-28T", "2026-11-28T25:00", "2026-11-28T10", "2026-11-28T10:00:", "28.11.2026", "3", "3x",
    "-3d", "99999999999999999999d", "9999-12-31", "0001-01-01", "0000-00-00", "tomorrow", "2026-11-28T10:00%s", "\377", "1000000y", "2026-1-1"
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_date (texts[i], FALSE, NULL);
}

static void
assert_command (const char *choice, const char *path, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) command = l4_player_get_command (choice, path, G_GUINT64_CONSTANT (3723500000000), &error);
  g_autofree char *joined = NULL;

  g_assert_no_error (error);
  joined = g_strjoinv ("|", command);
  g_assert_cmpstr (joined, ==, expected);
}

static void
test_a_player_gets_the_file_and_the_time (void)
{
  assert_command ("mpv", "/a b.mkv", "mpv|--start=3723.500|--|/a b.mkv");
  assert_command ("/usr/bin/mpv --fs", "/a.mkv", "/usr/bin/mpv|--fs|--start=3723.500|--|/a.mkv");
  assert_command ("vlc", "/a.mkv", "vlc|--start-time=3723.500|/a.mkv");
  assert_command ("ffplay", "/a.mkv", "ffplay|-loglevel|warning|-autoexit|-ss|3723.500|-i|/a.mkv");
  assert_command ("xdg-open", "/a.mkv", "xdg-open|/a.mkv");
  assert_command ("other 'an option'", "/a.mkv", "other|an option|/a.mkv");
  assert_command ("other --at={start} {file} --then {seconds}", "/a.mkv", "other|--at=1:02:03.500|/a.mkv|--then|3723.500");
}

static void
test_a_name_stays_one_argument_as_it_is (void)
{
  assert_command ("mpv", "/-rf $(x) `y` '\"\n\377%20{start}{seconds}{file}.mkv",
      "mpv|--start=3723.500|--|/-rf $(x) `y` '\"\n\377%20{start}{seconds}{file}.mkv");
  assert_command ("p {start} {file}", "/{file} {start}", "p|1:02:03.500|/{file} {start}");
}

static void
test_what_is_no_player_is_an_error (void)
{
  static const char *const choices[] = { "", "  ", "'open" };

  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_player_get_command (choices[i], "/a.mkv", 0, &error));
    g_assert_nonnull (strstr (error->message, "LLAMA4_PLAYER"));
  }
  g_assert_null (l4_player_get_command ("mpv", "--script=evil.lua", 0, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/find/dates-are-days-moments-and-ages", test_dates_are_days_moments_and_ages);
  g_test_add_func ("/find/a-day-begins-at-the-first-of-two-midnights", test_a_day_begins_at_the_first_of_two_midnights);
  g_test_add_func ("/find/what-is-no-date-is-refused", test_what_is_no_date_is_refused);
  g_test_add_func ("/find/a-player-gets-the-file-and-the-time", test_a_player_gets_the_file_and_the_time);
  g_test_add_func ("/find/a-name-stays-one-argument-as-it-is", test_a_name_stays_one_argument_as_it_is);
  g_test_add_func ("/find/what-is-no-player-is-an-error", test_what_is_no_player_is_an_error);
  return g_test_run ();
}
