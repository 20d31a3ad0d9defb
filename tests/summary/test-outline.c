/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Titles, summaries and chapters out of whatever a model replies. */

#include <string.h>

#include "talk/outline.h"

/* "TITLE|SUMMARY|seconds title|…"; - for what is not there. */
static char *
to_text (const L4Outline *outline)
{
  GString *text = g_string_new (outline->title != NULL ? outline->title : "-");

  g_string_append_printf (text, "|%s", outline->summary != NULL ? outline->summary : "-");
  for (guint i = 0; i < outline->headings->len; i++) {
    const L4Heading *heading = &g_array_index (outline->headings, L4Heading, i);

    g_string_append_printf (text, "|%.15g %s", heading->start / 1e9, heading->title);
  }
  return g_string_free (text, FALSE);
}

static void
test_replies_are_understood_in_whatever_form (void)
{
  static const char *const cases[][2] = {
    {"TITLE: A day\nSUMMARY: It goes by.\nCHAPTER 0:00:00 Morning\nCHAPTER 1:02:03 Evening", "A day|It goes by.|0 Morning|3723 Evening"},
    {"**Title:** A day\n\n**Summary:**\nIt goes by.\nSlowly.\n\n**Chapters:**\n- 0:00 Morning\n- 0:30.5: Noon",
        "A day|It goes by. Slowly.|0 Morning|30.5 Noon"},
    {"# Title\nA day\n## Summary\nIt goes.\n1. [0:00] - Morning\n2. (00:01:00) Noon\n3) 02:00 – 03:00: Night",
        "A day|It goes.|0 Morning|60 Noon|120 Night"},
    {"title: a\nchapter 0:10 b\nChapter: 0:20 | c\nCHAPTER 2: 0:30 - d\n* CHAPTER 0:40 — **e**", "a|-|10 b|20 c|30 d|40 e"},
    {"CHAPTER 0:50 b\nCHAPTER 0:10 a\nCHAPTER 0:50 again", "-|-|10 a|50 b"},
    {"0:10\n0:20 \n0:30 x", "-|-|30 x"},
    {"Here you are:\nTITLE: A\nTITLE: B\nSUMMARY: one\nSUMMARY: two", "A|one two"},
    {"", "-|-"},
    {"I cannot do that.", "-|-"},
    {"TITLE:\nSUMMARY:\nCHAPTER", "-|-"},
    {"CHAPTER 99999:99:99 far", "-|-|360002439 far"},
    {"CHAPTER 999999999999:00 x\nCHAPTER 1:2:3:4 y\nCHAPTER :10 z\nCHAPTER 5 w", "-|-"},
    {"TITLE: a\033[31mb\nSUMMARY: c\342\200\256d\nCHAPTER 0:01 e\tf", "a[31mb|cd|1 e f"},
    {"- **0:05** *Title of it*", "-|-|5 Title of it"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (L4Outline) outline = { 0 };
    g_autofree char *text = NULL;

    l4_outline_read (cases[i][0], &outline);
    text = to_text (&outline);
    g_test_message ("%s", cases[i][0]);
    g_assert_cmpstr (text, ==, cases[i][1]);
  }
}

static void
test_headings_move_to_where_windows_begin (void)
{
  static const struct
  {
    const char *reply, *result;
  } cases[] = {
    {"0:00 a\n0:05 b\n0:07 c", "-|-|0 a|4 b|8 c"},
    {"0:03 a\n0:09 b", "-|-|0 a|8 b"},
    {"0:05 a\n0:06 b\n9:00 c", "-|-|0 a|4 b|12 c"},
    {"0:08 a\n0:08.1 b\n0:09 c\n0:09.9 d", "-|-|0 a|8 b"},
    {"5:00 a\n6:00 b\n7:00 c", "-|-|0 a|12 b"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (guint64));
    g_auto (L4Outline) outline = { 0 };
    g_autofree char *text = NULL;

    for (guint64 time = 0; time <= 12; time += 4) {
      guint64 start = time * 1000000000;

      g_array_append_val (times, start);
    }
    l4_outline_read (cases[i].reply, &outline);
    l4_outline_snap (&outline, times);
    text = to_text (&outline);
    g_assert_cmpstr (text, ==, cases[i].result);
  }
}

/* Whatever comes: valid text, times that rise. */
static void
test_noise_gives_valid_chapters (void)
{
  static const char *const bits[] = { "CHAPTER", "TITLE", "SUMMARY", ":", " ", "\n", "0:00", "1:2:3", "99", "-", "*", "\t", "[", "ä", "\033", "x" };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  const guint64 starts[] = { 0, 7, 8, 100 };
  g_autoptr (GArray) times = g_array_append_vals (g_array_new (FALSE, FALSE, sizeof (guint64)), starts, G_N_ELEMENTS (starts));

  for (guint round = 0; round < 10000; round++) {
    g_autoptr (GString) reply = g_string_new (NULL);
    g_auto (L4Outline) outline = { 0 };

    for (guint i = 0; i < 40; i++)
      g_string_append (reply, bits[g_rand_int_range (random, 0, G_N_ELEMENTS (bits))]);
    l4_outline_read (reply->str, &outline);
    l4_outline_snap (&outline, times);
    for (guint i = 0; i < outline.headings->len; i++) {
      const L4Heading *heading = &g_array_index (outline.headings, L4Heading, i);

      g_assert_true (g_utf8_validate (heading->title, -1, NULL) && *heading->title != '\0' && strchr (heading->title, '\n') == NULL);
      g_assert_true (i == 0 ? heading->start == 0 : heading->start > g_array_index (outline.headings, L4Heading, i - 1).start);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/summary/outline/replies-are-understood-in-whatever-form", test_replies_are_understood_in_whatever_form);
  g_test_add_func ("/summary/outline/headings-move-to-where-windows-begin", test_headings_move_to_where_windows_begin);
  g_test_add_func ("/summary/outline/noise-gives-valid-chapters", test_noise_gives_valid_chapters);
  return g_test_run ();
}
