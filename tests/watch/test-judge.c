/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules hold for what they say, in turn, with their cooldown and outside of their quiet hours. */

#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "watch/clock.h"
#include "watch/judge.h"
#include "watch/pointer.h"

#define SECOND_US ((gint64) G_USEC_PER_SEC)

static void
test_compare (void)
{
  static const struct
  {
    L4Compare compare;
    const char *value, *wanted;
    gboolean holds;
  } cases[] = {
    {L4_COMPARE_GREATER, "3", "2.5", TRUE}, {L4_COMPARE_GREATER, "2.5", "2.5", FALSE}, {L4_COMPARE_GREATER, "\"3\"", "2", FALSE},
    {L4_COMPARE_GREATER, "-1", "-2", TRUE}, {L4_COMPARE_GREATER, "18446744073709551615", "1", TRUE},
    {L4_COMPARE_AT_LEAST, "0.8", "0.8", TRUE}, {L4_COMPARE_AT_LEAST, "0.79", "0.8", FALSE}, {L4_COMPARE_AT_LEAST, "null", "0", FALSE},
    {L4_COMPARE_LESS, "1", "2", TRUE}, {L4_COMPARE_LESS, "true", "2", FALSE}, {L4_COMPARE_AT_MOST, "2", "2", TRUE},
    {L4_COMPARE_AT_MOST, "[]", "2", FALSE}, {L4_COMPARE_EQUAL, "3.0", "3", TRUE}, {L4_COMPARE_EQUAL, "\"a\"", "\"a\"", TRUE},
    {L4_COMPARE_EQUAL, "\"1\"", "1", FALSE}, {L4_COMPARE_EQUAL, "true", "true", TRUE}, {L4_COMPARE_EQUAL, "null", "null", TRUE},
    {L4_COMPARE_UNEQUAL, "\"b\"", "\"a\"", TRUE}, {L4_COMPARE_UNEQUAL, "1", "1.0", FALSE},
    {L4_COMPARE_CONTAINS, "\"A RED car\"", "\"red Car\"", TRUE}, {L4_COMPARE_CONTAINS, "\"STRASSE\"", "\"straße\"", TRUE},
    {L4_COMPARE_CONTAINS, "\"Ein Cafe\u0301\"", "\"café\"", TRUE}, {L4_COMPARE_CONTAINS, "\"ein Café\"", "\"cafe\u0301\"", TRUE},
    {L4_COMPARE_CONTAINS, "\"Kin\u00adder\"", "\"kinder\"", TRUE}, {L4_COMPARE_CONTAINS, "\"a\\u0000b\"", "\"b\"", FALSE},
    {L4_COMPARE_CONTAINS, "\"a car\"", "\"bus\"", FALSE}, {L4_COMPARE_CONTAINS, "[\"a\", 2]", "2.0", TRUE},
    {L4_COMPARE_CONTAINS, "[\"ab\"]", "\"a\"", FALSE}, {L4_COMPARE_CONTAINS, "{\"a\": 1}", "\"a\"", TRUE},
    {L4_COMPARE_CONTAINS, "5", "\"5\"", FALSE}, {L4_COMPARE_CONTAINS, "\"5\"", "5", FALSE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    yyjson_doc *value = yyjson_read (cases[i].value, strlen (cases[i].value), 0);
    yyjson_doc *wanted = yyjson_read (cases[i].wanted, strlen (cases[i].wanted), 0);

    g_test_message ("%s %d %s", cases[i].value, cases[i].compare, cases[i].wanted);
    g_assert_cmpint (l4_compare (cases[i].compare, yyjson_doc_get_root (value), yyjson_doc_get_root (wanted)), ==, cases[i].holds);
    for (L4Compare compare = L4_COMPARE_GREATER; compare <= L4_COMPARE_CONTAINS; compare++)
      g_assert_false (l4_compare (compare, NULL, yyjson_doc_get_root (wanted)));
    yyjson_doc_free (value);
    yyjson_doc_free (wanted);
  }
}

static void
test_pointers (void)
{
  static const char text[] = "{\"text\": \"t\", \"a/b\": {\"m~n\": [10, 20]}, \"answers\": [{\"question\": \"A?\", \"yes\": 0.25}, {\"question\": \"B?\", "
      "\"yes\": 0.75}, 5]}";
  yyjson_doc *doc = yyjson_read (text, strlen (text), 0);
  yyjson_val *root = yyjson_doc_get_root (doc);
  L4Condition condition = { 0 };

  condition.pointer = (char *) "/a~1b/m~0n/1";
  g_assert_cmpfloat (yyjson_get_num (l4_condition_find (&condition, root, NULL)), ==, 20);
  condition.pointer = (char *) "";
  g_assert_true (l4_condition_find (&condition, root, NULL) == root);
  for (guint i = 0; i < 4; i++) {
    condition.pointer = (char *[]) { "/none", "/text/x", "/a~1b/m~0n/2", "/a~1b/m~0n/-1" }[i];
    g_assert_null (l4_condition_find (&condition, root, NULL));
  }
  g_assert_null (l4_condition_find (&condition, NULL, NULL));
  condition = (L4Condition) {.question = (char *) "B?" };
  g_assert_cmpfloat (yyjson_get_num (l4_condition_find (&condition, root, NULL)), ==, 0.75);
  condition.question = (char *) "C?";
  g_assert_null (l4_condition_find (&condition, root, NULL));
  g_assert_null (l4_condition_find (&condition, yyjson_obj_get (root, "text"), NULL));
  yyjson_doc_free (doc);
}

static void
test_any_element_that_matches_is_enough (void)
{
  static const char text[] = "{\"objects\": [{\"label\": \"car\", \"confidence\": 0.4}, 5, {\"confidence\": 0.9}, {\"label\": \"bus\"}], \"value\": {\"a\": "
      "{\"n\": [1, 7]}, \"b\": {\"n\": [8]}, \"*\": {\"n\": []}}, \"empty\": []}";
  static const struct
  {
    const char *pointer;
    L4Compare compare;
    const char *wanted, *found; /* NULL: nothing is */
    gboolean holds;
  } cases[] = {
    {"/objects/*/label", L4_COMPARE_EQUAL, "\"bus\"", "\"bus\"", TRUE}, {"/objects/*/label", L4_COMPARE_EQUAL, "\"dog\"", "\"car\"", FALSE},
    {"/objects/*/label", L4_COMPARE_UNEQUAL, "\"car\"", "\"bus\"", TRUE}, {"/objects/*/confidence", L4_COMPARE_GREATER, "0.5", "0.9", TRUE},
    {"/objects/*/confidence", L4_COMPARE_GREATER, "0.95", "0.4", FALSE}, {"/objects/*", L4_COMPARE_EQUAL, "5", "5", TRUE},
    {"/value/*/n/*", L4_COMPARE_AT_LEAST, "7", "7", TRUE}, {"/value/*/n/*", L4_COMPARE_AT_LEAST, "8", "8", TRUE},
    {"/value/*/n/0", L4_COMPARE_GREATER, "1", "8", TRUE}, {"/*/*/label", L4_COMPARE_CONTAINS, "\"us\"", "\"bus\"", TRUE},
    {"/empty/*", L4_COMPARE_EQUAL, "1", NULL, FALSE}, {"/none/*/x", L4_COMPARE_EQUAL, "1", NULL, FALSE}, {"/objects/*/*/*", L4_COMPARE_EQUAL, "1", NULL, FALSE},
  };
  yyjson_doc *doc = yyjson_read (text, strlen (text), 0);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const L4Condition condition = {.pointer = (char *) cases[i].pointer,.compare = cases[i].compare };
    yyjson_doc *wanted = yyjson_read (cases[i].wanted, strlen (cases[i].wanted), 0);
    yyjson_val *value = l4_condition_find (&condition, yyjson_doc_get_root (doc), yyjson_doc_get_root (wanted));
    g_autofree char *found = value != NULL ? yyjson_val_write (value, 0, NULL) : NULL;

    g_test_message ("%s %d %s", cases[i].pointer, cases[i].compare, cases[i].wanted);
    g_assert_cmpstr (found, ==, cases[i].found);
    g_assert_cmpint (l4_compare (condition.compare, value, yyjson_doc_get_root (wanted)), ==, cases[i].holds);
    yyjson_doc_free (wanted);
  }
  yyjson_doc_free (doc);
}

/* (transfer full) */
static L4Cameras *
make_of (const char *text)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  L4Cameras *cameras;
  int file = g_file_open_tmp ("rules-XXXXXX.yaml", &path, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  cameras = l4_cameras_read (path, &error);
  g_assert_no_error (error);
  g_unlink (path);
  g_close (file, NULL);
  return cameras;
}

/* Cameras and one rule of that text. (transfer full) */
static L4Cameras *
make (const char *more)
{
  g_autofree char *text = g_strdup_printf ("cameras: [{name: a, uri: /a}, {name: b, uri: /b}]\n"
      "rules: [{name: r, pointer: /n, compare: \">\", value: 5, %s}]\n", more);

  return make_of (text);
}

/* What comes of windows whose n is 9 ('x') or 0 ('.'), one every ten seconds; '|': the camera is lost. A letter each: A alert, G again,
 * H hushed, O over, - nothing. (transfer full) */
static char *
judge (L4Judge *self, guint camera, const char *windows, gint64 begin)
{
  static const char letters[] = {[L4_VERDICT_NONE] = '-',[L4_VERDICT_ALERT] = 'A',[L4_VERDICT_AGAIN] = 'G',[L4_VERDICT_HUSHED] = 'H',
    [L4_VERDICT_OVER] = 'O' };
  GString *verdicts = g_string_new (NULL);

  for (guint i = 0; windows[i] != '\0'; i++) {
    const char *text = windows[i] == 'x' ? "{\"n\": 9}" : "{\"n\": 0}";
    yyjson_doc *doc = yyjson_read (text, strlen (text), 0);
    yyjson_val *value;

    if (windows[i] == '|')
      g_string_append_c (verdicts, l4_judge_break (self, camera, 0) ? 'O' : '-');
    else
      g_string_append_c (verdicts, letters[l4_judge_window (self, camera, 0, yyjson_doc_get_root (doc), begin + i * 10 * SECOND_US, &value)]);
    yyjson_doc_free (doc);
  }
  return g_string_free (verdicts, FALSE);
}

/* What a rule of those conditions says of a window, and of which value. (transfer full) */
static char *
judge_once (const char *conditions, const char *record)
{
  g_autofree char *text = g_strdup_printf ("cameras: [{name: a, uri: /a, questions: [Q, R]}]\nrules: [{name: r, %s}]\n", conditions);
  g_autoptr (L4Cameras) cameras = make_of (text);
  g_autoptr (L4Judge) self = l4_judge_new (cameras);
  yyjson_doc *doc = yyjson_read (record, strlen (record), 0);
  yyjson_val *value;
  L4Verdict verdict = l4_judge_window (self, 0, 0, yyjson_doc_get_root (doc), 0, &value);
  char *found = value != NULL ? yyjson_val_write (value, 0, NULL) : NULL;
  char *said = g_strdup_printf ("%s %s", verdict == L4_VERDICT_ALERT ? "holds" : "no", found != NULL ? found : "nothing");

  g_assert_true (verdict == L4_VERDICT_ALERT || verdict == L4_VERDICT_NONE);
  free (found);
  yyjson_doc_free (doc);
  return said;
}

static void
test_conditions (void)
{
  static const char record[] = "{\"text\": \"a red car\", \"n\": 4, \"answers\": [{\"question\": \"Q\", \"yes\": 0.9}, {\"question\": \"R\", "
      "\"yes\": 0.1}]}";
  static const struct
  {
    const char *conditions, *said;
  } cases[] = {
    {"all: [{question: Q, value: 0.8}, {pointer: /n, compare: '<', value: 5}]", "holds 0.9"},
    {"all: [{question: Q, value: 0.8}, {question: R, value: 0.8}]", "no 0.1"},
    {"all: [{question: R, value: 0.8}, {question: Q, value: 0.8}]", "no 0.1"},
    {"all: [{question: Q, value: 0.8}, {pointer: /none, compare: '!=', value: 5}]", "no nothing"},
    {"any: [{question: R, value: 0.8}, {pointer: /text, compare: contains, value: car}]", "holds \"a red car\""},
    {"any: [{question: R, value: 0.8}, {pointer: /n, value: 5}]", "no 0.1"},
    {"any: [{pointer: /n, compare: '>', value: 3}, {pointer: /n, compare: '<', value: 3}]", "holds 4"},
    {"all: [{question: Q, value: 0.8}], any: [{question: R, value: 0.8}, {pointer: /n, compare: '==', value: 4}]", "holds 0.9"},
    {"all: [{question: Q, value: 0.8}], any: [{question: R, value: 0.8}, {pointer: /n, compare: '==', value: 5}]", "no 0.1"},
    {"all: [{question: R, value: 0.8}], any: [{pointer: /n, compare: '==', value: 4}]", "no 0.1"},
    {"question: Q, value: 0.8", "holds 0.9"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *said = judge_once (cases[i].conditions, record);

    g_test_message ("%s", cases[i].conditions);
    g_assert_cmpstr (said, ==, cases[i].said);
  }
}

static void
test_turns (void)
{
  static const struct
  {
    const char *rule, *windows, *verdicts;
  } cases[] = {
    {"windows: 1", "..x.xx.", "--AOA-O"},
    {"windows: 3", "xx.xxxx.xxx", "-----A-O--A"},
    {"cooldown: 25 s", "xxxxxxx.", "A--G--GO"},
    {"cooldown: 25 s", "x.x.xx.", "AOH-A-O"},
    {"windows: 2", "xx|xx|x", "-AO-AO-"},
    {"windows: 2, cooldown: 1 min", "xx|xxxxx|", "-AO-HHHAO"},
    {"cameras: [a]", "x", "A"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (L4Cameras) cameras = make (cases[i].rule);
    g_autoptr (L4Judge) self = l4_judge_new (cameras);
    g_autofree char *verdicts = judge (self, 0, cases[i].windows, 1000 * SECOND_US);

    g_test_message ("%s: %s", cases[i].rule, cases[i].windows);
    g_assert_cmpstr (verdicts, ==, cases[i].verdicts);
    g_assert_true (l4_judge_concerns (self, 0, 0));
    g_assert_cmpint (l4_judge_concerns (self, 1, 0), ==, i + 1 < G_N_ELEMENTS (cases));
  }
}

/* Each camera has its own turn, and its own cooldown. */
static void
test_cameras (void)
{
  g_autoptr (L4Cameras) cameras = make ("windows: 2, cooldown: 1 h");
  g_autoptr (L4Judge) self = l4_judge_new (cameras);
  g_autofree char *one = judge (self, 0, "x", 0), *other = judge (self, 1, "xx", 0), *then = judge (self, 0, "x", 20 * SECOND_US);

  g_assert_cmpstr (one, ==, "-");
  g_assert_cmpstr (other, ==, "-A");
  g_assert_cmpstr (then, ==, "A");
}

static void
test_clock_back (void)
{
  g_autoptr (L4Cameras) cameras = make ("cooldown: 1 h");
  g_autoptr (L4Judge) self = l4_judge_new (cameras);
  g_autofree char *before = judge (self, 0, "x.", 1000000 * SECOND_US), *after = judge (self, 0, "x", 5000 * SECOND_US);

  g_assert_cmpstr (before, ==, "AO");
  g_assert_cmpstr (after, ==, "A");
}

/* TZ is UTC. */
static void
test_quiet (void)
{
  g_autoptr (L4Cameras) cameras = make ("quiet: [\"22:00-06:30\", \"12:00-12:01\"]");
  const GArray *hours = ((L4Rule *) g_ptr_array_index (cameras->rules, 0))->quiet;
  g_autoptr (L4Judge) self = l4_judge_new (cameras);
  static const struct
  {
    guint hour, minute;
    gboolean quiet;
  } cases[] = { {21, 59, FALSE}, {22, 0, TRUE}, {23, 59, TRUE}, {0, 0, TRUE}, {6, 29, TRUE}, {6, 30, FALSE}, {12, 0, TRUE}, {12, 1, FALSE} };
  g_autofree char *verdicts = judge (self, 0, "xxxxx.", (6 * 3600 + 29 * 60 + 30) * SECOND_US);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (l4_hours_have (hours, (cases[i].hour * 3600 + cases[i].minute * 60) * SECOND_US), ==, cases[i].quiet);
  g_assert_cmpstr (verdicts, ==, "HHHA-O");
}

static void
test_waits (void)
{
  GRand *random = g_rand_new_with_seed (1);
  guint least[12], most[12];

  for (guint attempt = 1; attempt < G_N_ELEMENTS (least); attempt++) {
    least[attempt] = G_MAXUINT;
    most[attempt] = 0;
    for (guint i = 0; i < 1000; i++) {
      guint wait = l4_clock_wait (attempt, random);

      least[attempt] = MIN (least[attempt], wait);
      most[attempt] = MAX (most[attempt], wait);
    }
    g_assert_cmpuint (most[attempt], <=, MIN (1000u << (attempt - 1), 60000));
    g_assert_cmpuint (least[attempt], >=, MIN (1000u << (attempt - 1), 60000) * 2 / 3);
    g_assert_cmpuint (least[attempt], <, most[attempt]);
  }
  g_assert_cmpuint (l4_clock_wait (G_MAXUINT, random), >=, 40000);
  g_rand_free (random);
}

static void
test_times (void)
{
  L4Clock clock = { 0 };
  gint64 now = 1000 * SECOND_US;
  g_autofree char *text = l4_clock_format (1795874592345000), *brief = l4_clock_format_short (1795874592345000);

  g_assert_cmpint (l4_clock_tell (&clock, 5000000000, now), ==, now);
  l4_clock_learn (&clock, 5000000000, now);
  g_assert_cmpint (l4_clock_tell (&clock, 4000000000, now), ==, now - SECOND_US);
  g_assert_cmpint (l4_clock_tell (&clock, 9000000000, now), ==, now);
  l4_clock_learn (&clock, 6000000000, now + 2500 * 1000);       /* it stutters */
  g_assert_cmpint (l4_clock_tell (&clock, 4000000000, now), ==, now - SECOND_US);
  l4_clock_learn (&clock, 86400 * G_GUINT64_CONSTANT (1000000000), now + 3 * SECOND_US);        /* it jumps a day */
  g_assert_cmpint (l4_clock_tell (&clock, 86399 * G_GUINT64_CONSTANT (1000000000), now + 3 * SECOND_US), ==, now + 2 * SECOND_US);
  g_assert_cmpstr (text, ==, "2026-11-28T14:03:12.345+00:00");
  g_assert_cmpstr (brief, ==, "14:03:12");
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rules/values-are-compared-by-their-kinds", test_compare);
  g_test_add_func ("/rules/pointers-and-questions-find-their-value-or-none", test_pointers);
  g_test_add_func ("/rules/all-conditions-of-one-list-hold-and-one-of-the-other", test_conditions);
  g_test_add_func ("/rules/any-element-that-matches-is-enough", test_any_element_that_matches_is_enough);
  g_test_add_func ("/rules/an-alert-is-told-once-a-turn-and-again-when-cool", test_turns);
  g_test_add_func ("/rules/each-camera-has-its-own-turn", test_cameras);
  g_test_add_func ("/rules/a-clock-set-back-makes-no-cooldown-longer", test_clock_back);
  g_test_add_func ("/rules/quiet-hours-keep-an-alert-back-until-they-end", test_quiet);
  g_test_add_func ("/clock/waits-double-to-a-minute-and-differ", test_waits);
  g_test_add_func ("/clock/stream-times-become-those-of-the-wall", test_times);
  return g_test_run ();
}
