/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long the first page of a search takes in an index of a million windows (L4_BENCH_WINDOWS), with words as common as in real text. */

#include <libpq-fe.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define N_WORDS 30000           /* of the language */
#define N_PER_FILM 250          /* windows */
#define REPEATS 5

static char *words[N_WORDS];    /* the most common first */
static double shares[N_WORDS];  /* of it and of those before it */
static guint64 n_windows = 1000000;

/* Text -------------------------------------------------------------------------------------------------------------------------- */

/* Syllables make up words, the more common the shorter. By Zipf's law the nth word is one nth as common as the first: the fourth is in a
 * third of all sentences. */
static void
make_language (GRand *random)
{
  static const char consonants[] = "bdfgklmnprstvz", vowels[] = "aeiou";
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  double sum = 0;

  for (guint i = 0; i < N_WORDS;) {
    GString *word = g_string_new (NULL);

    for (guint n = 1 + (i > 30) + (i > 800) + g_rand_int_range (random, 0, 2); n > 0; n--)
      g_string_append_printf (word, "%c%c%c", consonants[g_rand_int_range (random, 0, 14)], vowels[g_rand_int_range (random, 0, 5)],
          consonants[g_rand_int_range (random, 0, 14)]);
    words[i] = g_string_free (word, FALSE);
    if (!g_hash_table_add (seen, words[i]))
      continue;
    shares[i] = sum += 1.0 / (i + 1);
    i++;
  }
  for (guint i = 0; i < N_WORDS; i++)
    shares[i] /= sum;
}

static const char *
draw_word (GRand *random)
{
  double share = g_rand_double (random);
  guint low = 0, high = N_WORDS - 1;

  while (low < high) {
    guint middle = (low + high) / 2;

    if (shares[middle] < share)
      low = middle + 1;
    else
      high = middle;
  }
  return words[low];
}

/* 8 to 20 words; put into text. */
static void
draw_sentence (GRand *random, GString *text)
{
  g_string_truncate (text, 0);
  for (guint n = g_rand_int_range (random, 8, 21); n > 0; n--)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", draw_word (random));
}

/* Filling ----------------------------------------------------------------------------------------------------------------------- */

static void
add_words (L4Index *index, gint64 run, gint64 video)
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < N_WORDS; i++)
    g_string_append_printf (all, "%s ", words[i]);
  add_window (index, video, run, 0, all->str);  /* so that all may be suggested */
  g_assert_true (l4_index_remove_video (index, video, NULL));
}

static void
execute (sqlite3 *handle, const char *sql)
{
  if (sqlite3_exec (handle, sql, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (handle));
}

static void
fill_sqlite (const char *path, gint64 run, gint64 first_video, GRand *random)
{
  g_autoptr (GString) text = g_string_new (NULL);
  sqlite3 *handle;
  sqlite3_stmt *insert;

  g_assert_cmpint (sqlite3_open (path, &handle), ==, SQLITE_OK);
  execute (handle, "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN");
  sqlite3_prepare_v2 (handle, "INSERT INTO windows (video, run, start, \"end\", text, frames, finish, prompt_tokens, generated_tokens) "
      "VALUES (?, ?, ?, ?, ?, '[0,1333333333,2633333333,3966666666]', 'stop', 700, 20)", -1, &insert, NULL);
  for (guint64 i = 0; i < n_windows; i++) {
    draw_sentence (random, text);
    sqlite3_bind_int64 (insert, 1, first_video + i / N_PER_FILM);
    sqlite3_bind_int64 (insert, 2, run);
    sqlite3_bind_int64 (insert, 3, i % N_PER_FILM * 4 * SECOND);
    sqlite3_bind_int64 (insert, 4, (i % N_PER_FILM + 1) * 4 * SECOND);
    sqlite3_bind_text (insert, 5, text->str, text->len, SQLITE_STATIC);
    g_assert_cmpint (sqlite3_step (insert), ==, SQLITE_DONE);
    sqlite3_reset (insert);
  }
  sqlite3_finalize (insert);
  execute (handle, "COMMIT");
  sqlite3_close (handle);
}

static void
command (PGconn *connection, const char *sql, ExecStatusType expected)
{
  PGresult *result = PQexec (connection, sql);

  if (PQresultStatus (result) != expected)
    g_error ("%s: %s", sql, PQerrorMessage (connection));
  PQclear (result);
}

/* Words of no known language are their own stems, as those of the dictionary "simple" are. */
static void
fill_postgres (const char *address, gint64 run, gint64 first_video, GRand *random)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *sql = g_strdup_printf ("INSERT INTO llama4.windows (video, run, start, \"end\", text, frames, finish, prompt_tokens, "
      "generated_tokens, words) SELECT %" G_GINT64_FORMAT " + n / %d, %" G_GINT64_FORMAT ", n %% %d * 4000000000, (n %% %d + 1) * 4000000000, "
      "text, '[0,1333333333,2633333333,3966666666]', 'stop', 700, 20, to_tsvector ('pg_catalog.simple', text) FROM sentences ORDER BY n",
      first_video, N_PER_FILM, run, N_PER_FILM, N_PER_FILM);
  PGconn *connection = PQconnectdb (address);

  command (connection, "CREATE TEMPORARY TABLE sentences (n bigint, text text)", PGRES_COMMAND_OK);
  command (connection, "COPY sentences FROM STDIN", PGRES_COPY_IN);
  for (guint64 i = 0; i < n_windows; i++) {
    g_autofree char *line = NULL;

    draw_sentence (random, text);
    line = g_strdup_printf ("%" G_GUINT64_FORMAT "\t%s\n", i, text->str);
    g_assert_cmpint (PQputCopyData (connection, line, strlen (line)), ==, 1);
  }
  g_assert_cmpint (PQputCopyEnd (connection, NULL), ==, 1);
  PQclear (PQgetResult (connection));
  command (connection, "DROP INDEX llama4.windows_words", PGRES_COMMAND_OK);
  command (connection, sql, PGRES_COMMAND_OK);
  command (connection, "SET maintenance_work_mem = '256MB'; "
      "CREATE INDEX windows_words ON llama4.windows USING gin (words) WITH (fastupdate = off)", PGRES_COMMAND_OK);
  command (connection, "VACUUM ANALYZE", PGRES_COMMAND_OK);
  PQfinish (connection);
}

static gint64
add_films (const Place *place, L4Index *index, gint64 run)
{
  guint64 n = (n_windows + N_PER_FILM - 1) / N_PER_FILM;
  gint64 first = add_video (index, "/films/0.mkv", "first");
  const char *schema = place_get_server () == NULL ? "" : "llama4.";
  g_autofree char *sql = g_strdup_printf ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %" G_GUINT64_FORMAT ") "
      "INSERT INTO %svideos (key, shown, path, size, mtime, container, codec, width, height, duration) SELECT 'film ' || i, "
      "'/films/' || i || '.mkv', %s, 1000000000, 1600000000000000000 + i * 86400000000000, 'matroska', 'h264', 1920, 1080, 0 FROM n", n, schema,
      place_get_server () == NULL ? "CAST ('/films/' || i || '.mkv' AS BLOB)" : "('/films/' || i || '.mkv')::bytea");
  g_autofree char *none = place_query (place, sql), *newest = g_strdup_printf ("UPDATE %svideos SET newest_run = %" G_GINT64_FORMAT, schema,
      run), *done = place_query (place, newest);

  return first;
}

static gint64
add_run_without_language (L4Index *index)
{
  L4IndexRun run = { .model_name = (char *) "m", .model_digest = (char *) "d", .quantization = (char *) "q", .prompt_digest = (char *) "p",
                     .settings = (char *) "{\"language\":\"none\"}", .version = (char *) "1" };

  g_assert_true (l4_index_put_run (index, &run, NULL));
  return run.id;
}

static void
fill (const Place *place, GRand *random)
{
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run_without_language (index), video;

  add_words (index, run, add_video (index, "/words.mkv", "words"));
  video = add_films (place, index, run);
  (place_get_server () == NULL ? fill_sqlite : fill_postgres) (place->where, run, video, random);
}

/* Searching --------------------------------------------------------------------------------------------------------------------- */

static int
compare (gconstpointer a, gconstpointer b)
{
  return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

/* Milliseconds; the median of a few. */
static double
measure (L4Index *index, const L4IndexQuery *query, guint *n_hits)
{
  double times[REPEATS];

  for (int i = -1; i < REPEATS; i++) {
    gint64 begun = g_get_monotonic_time ();
    g_autofree char *nearest = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) hits = l4_index_search (index, query, &nearest, &error);

    g_assert_no_error (error);
    *n_hits = hits->len;
    if (i >= 0)
      times[i] = (g_get_monotonic_time () - begun) / 1000.0;
  }
  qsort (times, REPEATS, sizeof *times, compare);
  return times[REPEATS / 2];
}

/* {n}: the nth word or thereabouts. (transfer full) */
static char *
fill_in (const char *pattern, guint number)
{
  GString *text = g_string_new (NULL);

  for (const char *at = pattern; *at != '\0'; at++)
    if (*at == '{') {
      char *end;
      guint rank = strtoul (at + 1, &end, 10);

      g_string_append (text, words[(guint) (rank * (1 + number * 0.02))]);
      at = end;
    } else {
      g_string_append_c (text, *at);
    }
  return g_string_free (text, FALSE);
}

static void
measure_kind (L4Index *index, const char *name, const char *pattern, const char *file, gboolean any, GArray *all)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  guint n_hits = 0;

  for (guint i = 0; i < 7; i++) {
    g_autofree char *text = fill_in (pattern, i);
    L4IndexQuery query = { .words = text, .file = file, .any = any };
    double time = measure (index, &query, &n_hits);

    g_array_append_val (times, time);
  }
  g_array_sort (times, compare);
  printf ("%-34s median %7.1f ms   slowest %7.1f ms   %u hits\n", name, g_array_index (times, double, times->len / 2),
      g_array_index (times, double, times->len - 1), n_hits);
  fflush (stdout);
  if (all != NULL)
    g_array_append_vals (all, times->data, times->len);
}

int
main (int argc, char **argv)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autoptr (Place) place = NULL;
  g_autoptr (L4Index) index = NULL;
  gint64 begun = g_get_monotonic_time ();

  if (g_getenv ("L4_BENCH_WINDOWS") != NULL)
    n_windows = strtoul (g_getenv ("L4_BENCH_WINDOWS"), NULL, 10);
  make_language (random);
  place = place_new ();
  fill (place, random);
  printf ("%" G_GUINT64_FORMAT " windows, made in %.0f s\n", n_windows, (g_get_monotonic_time () - begun) / 1e6);
  index = l4_index_open (place->where, L4_INDEX_READ, NULL);
  measure_kind (index, "a rare word", "{20000}", NULL, FALSE, all);
  measure_kind (index, "a middling word", "{300}", NULL, FALSE, all);
  measure_kind (index, "a common word", "{30}", NULL, FALSE, all);
  measure_kind (index, "a word of a third of the windows", "{3}", NULL, FALSE, all);
  measure_kind (index, "two middling words", "{100} {200}", NULL, FALSE, all);
  measure_kind (index, "two common words", "{3} {6}", NULL, FALSE, all);
  measure_kind (index, "a common word and a rare one", "{3} {5000}", NULL, FALSE, all);
  measure_kind (index, "a phrase of common words", "\"{3} {6}\"", NULL, FALSE, all);
  measure_kind (index, "a phrase of middling words", "\"{40} {80}\"", NULL, FALSE, all);
  measure_kind (index, "a rare phrase of common words", "\"{3} {400}\"", NULL, FALSE, all);
  measure_kind (index, "one of two common words", "{3} OR {6}", NULL, FALSE, all);
  measure_kind (index, "one without another", "{6} -{3}", NULL, FALSE, all);
  measure_kind (index, "a beginning of six letters", "{20000}*", NULL, FALSE, all);
  measure_kind (index, "a beginning of three letters", "{5}*", NULL, FALSE, all);
  g_array_sort (all, compare);
  printf ("%-34s median %7.1f ms\n", "all of these", g_array_index (all, double, all->len / 2));
  measure_kind (index, "a beginning of two letters", "ka*", NULL, FALSE, NULL);
  measure_kind (index, "a common word in one film of 100", "{6}", "*00.mkv", FALSE, NULL);
  measure_kind (index, "a common word in one film", "{6}", "77.mkv", FALSE, NULL);
  measure_kind (index, "a word that is misspelled", "{3000}x", NULL, FALSE, NULL);
  measure_kind (index, "a question of middling words", "{100} {200} {400}", NULL, TRUE, NULL);
  measure_kind (index, "a question of common words", "{3} {6} {12}", NULL, TRUE, NULL);
  return 0;
}
