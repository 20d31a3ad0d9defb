/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding sentences again, in every kind of database. */

#include "fixture.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define DAY (86400 * G_GINT64_CONSTANT (1000000000))
#define HOUR (3600 * G_GINT64_CONSTANT (1000000000))
#define MARK_BEGIN "\356\200\200"
#define MARK_END "\356\200\201"

/* What is there in the tests below. */
static const struct
{
  const char *path, *text;
} films[] = {
  {"/films/a.mkv", "A red circle moves right on a white background."},
  {"/films/b.mp4", "A blue square is moving down, and a red triangle stands still."},
  {"/films/holiday/c.mkv", "The square and the circle are red."},
  {"/films/holiday/d [1].mp4", "Children play on the beach at night."},
  {"/films/caf\351.mkv", "Ein gr\303\274ner Ball; caf\303\251 <b>bold</b> & 'quoted' \"double\"."},
  {"/films/e.mkv", "\344\270\200\344\270\252\347\272\242\350\211\262\347\232\204\345\234\206\345\220\221\345\217\263\347\247\273\345\212\250"},
};

typedef struct
{
  Place *place;
  L4Index *index;
} Archive;

static void
archive_clear (Archive *self)
{
  l4_index_close (self->index);
  place_free (self->place);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Archive, archive_clear)

static Archive
archive_new (void)
{
  Archive self = { place_new () };
  gint64 run;

  self.index = open_index (self.place);
  run = add_run (self.index, "scout");
  for (guint i = 0; i < G_N_ELEMENTS (films); i++) {
    g_autofree char *key = g_strdup_printf ("1-%u", i);
    L4IndexVideo video = { .path = (char *) films[i].path, .key = key, .size = 1, .mtime = (i + 1) * DAY };
    g_autoptr (GError) error = NULL;

    l4_index_put_video (self.index, &video, &error);
    g_assert_no_error (error);
    add_window (self.index, video.id, run, 4 * i, films[i].text);
  }
  return self;
}

/* The films that are hit as their letters' numbers, best first: "0 2". (transfer full) */
static char *
find_with (const Archive *archive, const L4IndexQuery *query, char **nearest)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) hits = l4_index_search (archive->index, query, nearest, &error);
  GString *found = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < hits->len; i++) {
    const L4IndexHit *hit = hits->pdata[i];

    g_assert_cmpstr (hit->video->path, ==, films[hit->video->mtime / DAY - 1].path);
    g_assert_cmpuint (hit->window->start, ==, (hit->video->mtime / DAY - 1) * 4 * SECOND);
    if (i > 0)
      g_assert_cmpfloat (hit->score, <=, ((L4IndexHit *) hits->pdata[i - 1])->score);
    g_string_append_printf (found, "%s%u", i > 0 ? " " : "", (guint) (hit->video->mtime / DAY - 1));
  }
  return g_string_free (found, FALSE);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Whatever their order. */
static void
assert_finds (const Archive *archive, const char *words, const char *expected)
{
  L4IndexQuery query = { .words = words };
  g_autofree char *found = find_with (archive, &query, NULL), *sorted = NULL;
  g_auto (GStrv) each = g_strsplit (found, " ", -1);

  qsort (each, g_strv_length (each), sizeof *each, compare);
  sorted = g_strjoinv (" ", each);
  g_test_message ("%s", words);
  g_assert_cmpstr (sorted, ==, expected);
}

static void
test_words_are_found_in_all_their_forms (void)
{
  g_auto (Archive) archive = archive_new ();

  assert_finds (&archive, "red", "0 1 2");
  assert_finds (&archive, "RED Circle", "0 2");
  assert_finds (&archive, "move", "0 1");
  assert_finds (&archive, "moves", "0 1");
  assert_finds (&archive, "moving", "0 1");
  assert_finds (&archive, "circles", "0 2");
  assert_finds (&archive, "playing", "3");
  assert_finds (&archive, "the beach", "3");
  assert_finds (&archive, "grune", "");
  assert_finds (&archive, "gruner", "4");
  assert_finds (&archive, "gr\303\274ner", "4");
  assert_finds (&archive, "cafe", "4");
  assert_finds (&archive, "CAF\303\211", "4");
}

static void
test_phrases_prefixes_or_and_not (void)
{
  g_auto (Archive) archive = archive_new ();

  assert_finds (&archive, "\"red circle\"", "0");
  assert_finds (&archive, "\"circle red\"", "");
  assert_finds (&archive, "\"on the beach\"", "3");
  assert_finds (&archive, "\"beach at ni\"*", "3");
  assert_finds (&archive, "back*", "0");
  assert_finds (&archive, "b*", "0 1 3 4");
  assert_finds (&archive, "night OR square", "1 2 3");
  assert_finds (&archive, "red square OR night", "1 2 3");
  assert_finds (&archive, "red -square", "0");
  assert_finds (&archive, "red -\"red circle\" -triangle", "2");
  assert_finds (&archive, "red -squ*", "0");
  assert_finds (&archive, "night -red OR circle -white", "2 3");
}

static void
test_scripts_without_blanks_are_found_by_their_characters (void)
{
  g_auto (Archive) archive = archive_new ();

  assert_finds (&archive, "\347\272\242\350\211\262", "5");
  assert_finds (&archive, "\345\234\206 \347\247\273\345\212\250", "5");
  assert_finds (&archive, "\350\211\262\347\272\242", "");
}

/* Said as the first, asked for as the second. */
static void
test_a_word_is_found_however_it_is_encoded_and_however_long (void)
{
  g_autofree char *long_word = g_strnfill (200, 'x'), *said = g_strconcat (long_word, "y is told", NULL), *asked = g_strconcat (long_word, "y", NULL);
  g_autofree char *begun = g_strconcat (long_word, "*", NULL);
  const char *const texts[][2] = {
    {said, asked}, {said, begun}, {"Die Kin\302\255der", "kinder"}, {"Die Kinder", "kin\302\255der"}, {"Ein Ballspiel", "ball\342\200\213spiel"}, {"Ein Ball\342\201\240spiel", "ballspiel"},
    {"\341\204\222\341\205\241\341\206\253\341\204\200\341\205\263\341\206\257", "\355\225\234\352\270\200"},   /* Hangul */
    {"\355\225\234\352\270\200", "\341\204\222\341\205\241\341\206\253\341\204\200\341\205\263\341\206\257"},
    {"\343\201\213\343\202\231\343\201\204", "\343\201\214\343\201\204"},       /* hiragana: ga, i */
    {"Cafe\314\201", "caf\303\251"}, {"\320\270\314\206\320\276\320\264", "\320\271\320\276\320\264"},      /* Cyrillic: yod */
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (Place) place = place_new ();
    g_autoptr (L4Index) index = open_index (place);
    L4IndexQuery query = { .words = texts[i][1] };
    g_autoptr (GPtrArray) hits = NULL;

    add_window (index, add_video (index, "/a.mkv", "1-a"), add_run (index, "scout"), 0, texts[i][0]);
    hits = l4_index_search (index, &query, NULL, NULL);
    g_test_message ("%s in %s", texts[i][1], texts[i][0]);
    g_assert_nonnull (hits);
    g_assert_cmpuint (hits->len, ==, 1);
    g_assert_nonnull (strstr (((L4IndexHit *) hits->pdata[0])->marked, MARK_BEGIN));
  }
}

static void
test_nothing_typed_is_an_operator_of_the_database (void)
{
  static const char *const texts[] = {
    "text:red", "red NEAR circle", "red AND", "NOT red", "^red", "red + circle", "{text} : red", "red)", "(red", "red & | !", "red <-> circle",
    "red:*", "red:A", "'red", "red''", "\\red", "red;", "red -- ", "\"red", "red\\'", "red\"\"", "* red", "red:*B", "%red%", "$1 red", "red\n"
  };
  g_auto (Archive) archive = archive_new ();

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    L4IndexQuery query = { .words = texts[i] };
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) hits = l4_index_search (archive.index, &query, NULL, &error);

    g_test_message ("%s", texts[i]);
    g_assert_no_error (error);
  }
}

/* Whatever is typed, the database gets no statement that it does not understand. */
static void
test_random_queries_are_carried_out_or_refused (void)
{
  static const char *const pieces[] = {
    "red", "circle", " ", " ", "\"", "*", "-", "OR", "'", "(", ")", ":", "\\", "\303\251", "\347\272\242", "\377", "&", "|", "!", "<->", "^", "{", "$1", ";", "?"
  };
  g_auto (Archive) archive = archive_new ();

  for (guint i = 0; i < 300; i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    L4IndexQuery query = { .any = i % 5 == 0 };
    g_autofree char *nearest = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) hits = NULL;

    for (guint n = g_test_rand_int_range (0, 12); n > 0; n--)
      g_string_append (text, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
    query.words = text->str;
    query.file = i % 3 == 0 ? text->str : NULL;
    hits = l4_index_search (archive.index, &query, &nearest, &error);
    if (hits == NULL)
      g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  }
}

static void
test_what_cannot_be_searched_for_is_an_error (void)
{
  static const char *const texts[] = { "", "  ", "!!!", "-red" };
  g_auto (Archive) archive = archive_new ();

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    L4IndexQuery query = { .words = texts[i] };
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_index_search (archive.index, &query, NULL, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  }
}

static void
assert_filter (const Archive *archive, L4IndexQuery query, const char *expected)
{
  g_autofree char *found = NULL;

  if (query.words == NULL)
    query.words = "red OR night OR ball";
  found = find_with (archive, &query, NULL);
  g_assert_cmpuint (strlen (found), ==, strlen (expected));
  for (const char *at = expected; *at != '\0'; at++)
    g_assert_nonnull (strchr (found, *at));
}

static void
test_files_are_chosen_by_glob_and_time (void)
{
  g_auto (Archive) archive = archive_new ();

  assert_filter (&archive, (L4IndexQuery) { .file = "*.mkv" }, "0 2 4");
  assert_filter (&archive, (L4IndexQuery) { .file = "holiday/*" }, "2 3");
  assert_filter (&archive, (L4IndexQuery) { .file = "/films/?.m*" }, "0 1");
  assert_filter (&archive, (L4IndexQuery) { .file = "d \\[1].mp4" }, "3");
  assert_filter (&archive, (L4IndexQuery) { .file = "[a-b].*" }, "0 1");
  assert_filter (&archive, (L4IndexQuery) { .file = "caf\351*" }, "4");
  assert_filter (&archive, (L4IndexQuery) { .file = "caf?.mkv" }, "4");
  assert_filter (&archive, (L4IndexQuery) { .file = "'; DROP TABLE videos; --" }, "");
  assert_filter (&archive, (L4IndexQuery) { .since = 3 * DAY }, "2 3 4");
  assert_filter (&archive, (L4IndexQuery) { .until = 2 * DAY }, "0 1");
  assert_filter (&archive, (L4IndexQuery) { .since = 2 * DAY, .until = 3 * DAY }, "1 2");
  assert_filter (&archive, (L4IndexQuery) { .since = 1, .words = "b*" }, "0 1 3 4");
  assert_filter (&archive, (L4IndexQuery) { .file = "*.mkv", .words = "b*" }, "0 4");
  assert_filter (&archive, (L4IndexQuery) { .file = "none", .words = "b*" }, "");
  assert_filter (&archive, (L4IndexQuery) { .since = 1, .until = G_MAXINT64, .file = "*.mp4" }, "1 3");
}

/* The hours at which a camera showed what is found, the newest first. (transfer full) */
static char *
find_hours (L4Index *index, gboolean any, guint since, guint until)
{
  L4IndexQuery query = { .words = "car", .any = any, .since = 100 * DAY + since * HOUR, .until = until > 0 ? 100 * DAY + until * HOUR : 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) hits = l4_index_search (index, &query, NULL, &error);
  GString *found = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < hits->len; i++)
    g_string_append_printf (found, "%s%u", i > 0 ? " " : "", (guint) (((L4IndexHit *) hits->pdata[i])->window->start / HOUR));
  return g_string_free (found, FALSE);
}

static void
assert_hours (L4Index *index, guint since, guint until, const char *expected)
{
  for (guint any = 0; any < 2; any++) {
    g_autofree char *found = find_hours (index, any, since, until);

    g_assert_cmpstr (found, ==, expected);
  }
}

static void
test_what_a_camera_showed_is_chosen_by_when_it_did (void)
{
  g_auto (Archive) archive = archive_new ();
  L4IndexVideo day = { .path = (char *) "/cameras/gate/1970-04-11", .key = (char *) "camera:gate:1970-04-11", .container = (char *) "camera",
    .mtime = 100 * DAY + 20 * HOUR, .duration = 20 * HOUR };
  gint64 run = add_run (archive.index, "scout");
  g_autoptr (GError) error = NULL;

  l4_index_put_video (archive.index, &day, &error);
  g_assert_no_error (error);
  for (guint hour = 0; hour <= 20; hour += 10)
    add_window (archive.index, day.id, run, hour * 3600, "A car.");
  assert_hours (archive.index, 0, 0, "20 10 0");
  assert_hours (archive.index, 9, 0, "20 10");
  assert_hours (archive.index, 9, 11, "10");
  assert_hours (archive.index, 0, 11, "10 0");
  assert_hours (archive.index, 11, 19, "");
  assert_hours (archive.index, 20, 0, "20");    /* which the day's time is behind of for a while */
  assert_hours (archive.index, 21, 0, "");
}

static void
test_times_of_a_camera_are_those_of_the_clock_on_the_wall (void)
{
  static const struct
  {
    const char *midnight;
    guint elapsed, shown;
  } cases[] = {
    {"2026-03-28T23:00:00Z", 1, 1}, {"2026-03-28T23:00:00Z", 2, 3}, {"2026-03-28T23:00:00Z", 19, 20},
    {"2026-10-24T22:00:00Z", 2, 2}, {"2026-10-24T22:00:00Z", 3, 2}, {"2026-10-24T22:00:00Z", 21, 20},
    {"2026-11-29T23:00:00Z", 20, 20},
  };
  g_autofree char *before = g_strdup (g_getenv ("TZ"));

  g_setenv ("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GDateTime) midnight = g_date_time_new_from_iso8601 (cases[i].midnight, NULL);
    L4IndexVideo day = {.mtime = g_date_time_to_unix (midnight) * SECOND + 22 * HOUR,.duration = 22 * HOUR };

    g_assert_cmpuint (l4_index_video_clock (&day, cases[i].elapsed * HOUR), ==, cases[i].elapsed * HOUR);
    day.container = (char *) "camera";
    g_assert_cmpuint (l4_index_video_clock (&day, cases[i].elapsed * HOUR), ==, cases[i].shown * HOUR);
  }
  if (before != NULL)
    g_setenv ("TZ", before, TRUE);
  else
    g_unsetenv ("TZ");
}

/* The best of one word are short or have it twice; with any, what has more words, and rarer ones, comes first. */
static void
test_the_best_comes_first (void)
{
  g_auto (Archive) archive = archive_new ();
  L4IndexQuery query = { .words = "Where do the children play with a square?", .any = TRUE };
  g_autofree char *question = find_with (&archive, &query, NULL), *other = NULL, *nothing = NULL;

  g_assert_true (g_str_has_prefix (question, "3 "));
  g_assert_cmpuint (strlen (question), ==, strlen ("3 1 2"));
  query.words = "Is the triangle red?";
  other = find_with (&archive, &query, NULL);
  g_assert_true (g_str_has_prefix (other, "1 "));
  query.words = "What is it?";
  nothing = find_with (&archive, &query, NULL);
  g_assert_cmpstr (nothing, ==, "");
}

static void
assert_marked (const Archive *archive, const char *words, const char *expected)
{
  L4IndexQuery query = { .words = words };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) hits = l4_index_search (archive->index, &query, NULL, &error);
  g_autoptr (GString) marked = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (hits->len, ==, 1);
  marked = g_string_new (((L4IndexHit *) hits->pdata[0])->marked);
  g_string_replace (marked, MARK_BEGIN, "\302\253", 0);
  g_string_replace (marked, MARK_END, "\302\273", 0);
  g_assert_cmpstr (marked->str, ==, expected);
}

static void
test_hits_are_marked (void)
{
  g_auto (Archive) archive = archive_new ();

  assert_marked (&archive, "background move", "A red circle \302\253moves\302\273 right on a white \302\253background\302\273.");
  assert_marked (&archive, "\"red circle\"", "A \302\253red circle\302\273 moves right on a white background.");
  assert_marked (&archive, "\"red circle\" \"circle moves\"", "A \302\253red circle moves\302\273 right on a white background.");
  assert_marked (&archive, "chil* -red", "\302\253Children\302\273 play on the beach at night.");
  assert_marked (&archive, "cafe bold", "Ein gr\303\274ner Ball; \302\253caf\303\251\302\273 <b>\302\253bold\302\273</b> & 'quoted' \"double\".");
  assert_marked (&archive, "\347\272\242\350\211\262", "\344\270\200\344\270\252\302\253\347\272\242\350\211\262\302\273"
      "\347\232\204\345\234\206\345\220\221\345\217\263\347\247\273\345\212\250");
}

static void
assert_nearest (const Archive *archive, const char *words, const char *expected)
{
  L4IndexQuery query = { .words = words };
  g_autofree char *nearest = NULL, *found = find_with (archive, &query, &nearest);

  g_test_message ("%s", words);
  g_assert_cmpstr (found, ==, "");
  g_assert_cmpstr (nearest, ==, expected);
}

static void
test_a_word_that_hits_nothing_gets_the_nearest_that_would (void)
{
  g_auto (Archive) archive = archive_new ();

  assert_nearest (&archive, "cirlce", "circle");
  assert_nearest (&archive, "red sqare", "red square");
  assert_nearest (&archive, "\"on the baech\" nihgt -red", "\"on the beach\" night -red");
  assert_nearest (&archive, "tirangles", "triangle");
  assert_nearest (&archive, "grunre", "gr\303\274ner");
  assert_nearest (&archive, "bakcg*", "backg*");
  assert_nearest (&archive, "xylophone", NULL);
  assert_nearest (&archive, "night circle", NULL);      /* each is there, only not together */
}

/* Else "on" would be asked for as "no". */
static void
test_words_of_two_letters_are_not_replaced (void)
{
  g_auto (Archive) archive = archive_new ();

  assert_nearest (&archive, "no", NULL);
  assert_nearest (&archive, "og circle", NULL);
  assert_nearest (&archive, "rde", "red");
}

/* In a film there: a dog runs past gate 3 of platform 12. */
static void
test_numbers_and_single_characters_are_not_replaced (void)
{
  g_auto (Archive) archive = archive_new ();
  L4IndexVideo video = { .path = (char *) "/films/g.mkv", .key = (char *) "1-g", .size = 1, .mtime = 1 };
  g_autoptr (GError) error = NULL;

  l4_index_put_video (archive.index, &video, &error);
  g_assert_no_error (error);
  add_window (archive.index, video.id, add_run (archive.index, "scout"), 0, "\347\212\254\343\201\214\350\265\260\343\202\213\343\200\202 Gate 3, platform 12.");
  assert_nearest (&archive, "\347\214\253", NULL);     /* a cat */
  assert_nearest (&archive, "\350\273\212", NULL);     /* a car */
  assert_nearest (&archive, "gate 5", NULL);
  assert_nearest (&archive, "platform 13", NULL);
  assert_nearest (&archive, "platfrom 12", "platform 12");
}

static void
test_words_of_removed_films_are_not_suggested (void)
{
  g_auto (Archive) archive = archive_new ();
  g_autoptr (L4IndexVideo) video = l4_index_find_path (archive.index, films[3].path, NULL);

  g_assert_true (l4_index_remove_video (archive.index, video->id, NULL));
  assert_nearest (&archive, "baech", NULL);
}

static void
test_the_newest_whole_description_counts_and_films_that_lost_their_place_do_not (void)
{
  g_auto (Archive) archive = archive_new ();
  gint64 run = add_run (archive.index, "scout"), newer = add_run (archive.index, "maverick");
  g_autoptr (L4IndexVideo) video = l4_index_find_path (archive.index, films[0].path, NULL);
  L4IndexVideo other = { .path = (char *) films[2].path, .key = (char *) "1-another", .size = 1, .mtime = DAY };

  g_assert_true (l4_index_settle (archive.index, video->id, run, L4_INDEX_DONE, NULL, NULL));
  add_window (archive.index, video->id, newer, 0, "A yellow ring.");
  assert_finds (&archive, "red", "0 1 2");
  assert_finds (&archive, "yellow", "");
  g_assert_true (l4_index_settle (archive.index, video->id, newer, L4_INDEX_DONE, NULL, NULL));
  assert_finds (&archive, "red", "1 2");
  assert_finds (&archive, "yellow", "0");
  g_assert_true (l4_index_put_video (archive.index, &other, NULL));
  assert_finds (&archive, "red", "1");
  g_assert_true (l4_index_forget (archive.index, video->id, newer, NULL));
  assert_finds (&archive, "red", "0 1");
  assert_finds (&archive, "yellow", "");
}

static void
test_what_is_being_described_again_is_found_when_it_is_done (void)
{
  g_auto (Archive) archive = archive_new ();
  g_autoptr (L4IndexVideo) video = l4_index_find_path (archive.index, films[0].path, NULL);
  gint64 again;

  g_assert_true (l4_index_put_again (archive.index, add_run (archive.index, "scout"), &again, NULL));
  add_window (archive.index, video->id, again, 0, "A yellow ring.");
  assert_finds (&archive, "circle", "0 2");
  assert_finds (&archive, "yellow", "");
  g_assert_true (l4_index_settle (archive.index, video->id, again, L4_INDEX_DONE, NULL, NULL));
  assert_finds (&archive, "circle", "2");
  assert_finds (&archive, "yellow", "0");
}

static void
test_a_replaced_sentence_is_found_no_more (void)
{
  g_auto (Archive) archive = archive_new ();
  g_autoptr (L4IndexVideo) video = l4_index_find_path (archive.index, films[0].path, NULL);

  add_window (archive.index, video->id, add_run (archive.index, "scout"), 0, "A yellow ring.");
  assert_finds (&archive, "circle", "2");
  assert_finds (&archive, "yellow", "0");
}

/* 620 windows are more than a block of those that are ranked together. */
static void
test_pages_have_each_hit_once (void)
{
  g_auto (Archive) archive = archive_new ();
  g_autoptr (L4IndexVideo) video = l4_index_find_path (archive.index, films[0].path, NULL);
  gint64 run = add_run (archive.index, "scout");
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  guint n = 0;

  for (guint i = 1; i <= 620; i++)
    add_window (archive.index, video->id, run, 4 * i, i % 3 == 0 ? "Zebra zebra." : "A zebra stands beside a tree for a long time.");
  for (guint page = 0;; page++) {
    L4IndexQuery query = { .words = "zebra", .limit = 70, .offset = page * 70 };
    g_autoptr (GPtrArray) hits = l4_index_search (archive.index, &query, NULL, NULL);

    if (hits->len == 0)
      break;
    for (guint i = 0; i < hits->len; i++, n++)
      g_assert_true (g_hash_table_add (seen, g_memdup2 (&((L4IndexHit *) hits->pdata[i])->window->id, sizeof (gint64))));
    if (page == 0)
      g_assert_cmpstr (((L4IndexHit *) hits->pdata[0])->window->text, ==, "Zebra zebra.");
  }
  g_assert_cmpuint (n, ==, 620);
}

static gint64
add_german (const Archive *archive)
{
  L4IndexRun run = { .model_name = (char *) "m", .model_digest = (char *) "d", .quantization = (char *) "q", .prompt_digest = (char *) "p",
                     .settings = (char *) "{\"language\":\"German\"}", .version = (char *) "1" };

  g_assert_true (l4_index_put_run (archive->index, &run, NULL));
  return run.id;
}

/* PostgreSQL has dictionaries for many languages, SQLite the English one alone. */
static void
test_word_forms_are_those_of_the_sentences_language (void)
{
  g_auto (Archive) archive = archive_new ();
  gint64 run = add_german (&archive);
  g_autoptr (L4IndexVideo) video = l4_index_find_path (archive.index, films[4].path, NULL);

  add_window (archive.index, video->id, run, 16, "Zwei gr\303\274ne B\303\244lle fliegen durch die H\303\244user.");
  assert_finds (&archive, "h\303\244user", "4");
  assert_finds (&archive, "moving", "0 1");
  assert_finds (&archive, "\"gr\303\274ne b\303\244lle\" fliegen", "4");
  if (place_get_server () == NULL)
    return;
  assert_finds (&archive, "haus", "4");
  assert_finds (&archive, "fliege", "4");
  assert_marked (&archive, "haus ball", "Zwei gr\303\274ne \302\253B\303\244lle\302\273 fliegen durch die \302\253H\303\244user\302\273.");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/search/words-are-found-in-all-their-forms", test_words_are_found_in_all_their_forms);
  g_test_add_func ("/search/phrases-prefixes-or-and-not", test_phrases_prefixes_or_and_not);
  g_test_add_func ("/search/scripts-without-blanks-are-found-by-their-characters", test_scripts_without_blanks_are_found_by_their_characters);
  g_test_add_func ("/search/a-word-is-found-however-it-is-encoded-and-however-long", test_a_word_is_found_however_it_is_encoded_and_however_long);
  g_test_add_func ("/search/nothing-typed-is-an-operator-of-the-database", test_nothing_typed_is_an_operator_of_the_database);
  g_test_add_func ("/search/random-queries-are-carried-out-or-refused", test_random_queries_are_carried_out_or_refused);
  g_test_add_func ("/search/what-cannot-be-searched-for-is-an-error", test_what_cannot_be_searched_for_is_an_error);
  g_test_add_func ("/search/files-are-chosen-by-glob-and-time", test_files_are_chosen_by_glob_and_time);
  g_test_add_func ("/search/what-a-camera-showed-is-chosen-by-when-it-did", test_what_a_camera_showed_is_chosen_by_when_it_did);
  g_test_add_func ("/search/times-of-a-camera-are-those-of-the-clock-on-the-wall", test_times_of_a_camera_are_those_of_the_clock_on_the_wall);
  g_test_add_func ("/search/the-best-comes-first", test_the_best_comes_first);
  g_test_add_func ("/search/hits-are-marked", test_hits_are_marked);
  g_test_add_func ("/search/a-word-that-hits-nothing-gets-the-nearest-that-would", test_a_word_that_hits_nothing_gets_the_nearest_that_would);
  g_test_add_func ("/search/words-of-two-letters-are-not-replaced", test_words_of_two_letters_are_not_replaced);
  g_test_add_func ("/search/numbers-and-single-characters-are-not-replaced", test_numbers_and_single_characters_are_not_replaced);
  g_test_add_func ("/search/words-of-removed-films-are-not-suggested", test_words_of_removed_films_are_not_suggested);
  g_test_add_func ("/search/the-newest-whole-description-counts-and-films-that-lost-their-place-do-not",
      test_the_newest_whole_description_counts_and_films_that_lost_their_place_do_not);
  g_test_add_func ("/search/what-is-being-described-again-is-found-when-it-is-done",
      test_what_is_being_described_again_is_found_when_it_is_done);
  g_test_add_func ("/search/a-replaced-sentence-is-found-no-more", test_a_replaced_sentence_is_found_no_more);
  g_test_add_func ("/search/pages-have-each-hit-once", test_pages_have_each_hit_once);
  g_test_add_func ("/search/word-forms-are-those-of-the-sentences-language", test_word_forms_are_those_of_the_sentences_language);
  return g_test_run ();
}
