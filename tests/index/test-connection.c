/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an index in PostgreSQL does when the connection is lost at any moment, or the server. */

#include <sys/socket.h>
#include <unistd.h>

#include "index/postgres.h"
#include "version-1.h"

#define N_WINDOWS 2
#define N_AGAIN 1               /* when it is described again */
#define SECOND G_GUINT64_CONSTANT (1000000000)

/* Losing the connection --------------------------------------------------------------------------------------------------------- */

typedef enum
{
  LOST_NOT,
  LOST_BEFORE,                  /* the statement does not arrive */
  LOST_AFTER                    /* the statement is carried out, its answer does not arrive */
} Loss;

static Loss loss;
static guint countdown, n_losses;

/* Linked with --wrap: what the index calls. */
PGresult *__real_l4_postgres_ask (L4Postgres *self, const char *sql);
PGresult *__real_l4_postgres_ask_with (L4Postgres *self, const char *sql, const L4Parameters *parameters);
PGresult *__wrap_l4_postgres_ask (L4Postgres *self, const char *sql);
PGresult *__wrap_l4_postgres_ask_with (L4Postgres *self, const char *sql, const L4Parameters *parameters);

static gboolean
is_lost (Loss when)
{
  return loss == when && countdown > 0 && --countdown == 0;
}

static void
cut (L4Postgres *self)
{
  n_losses++;
  shutdown (PQsocket (self->connection), SHUT_RDWR);
}

/* As if the answer had not come: what the library says of the next statement on a dead connection. */
static PGresult *
lose_answer (L4Postgres *self, PGresult *result)
{
  PQclear (result);
  cut (self);
  return __real_l4_postgres_ask (self, "SELECT 1");
}

PGresult *
__wrap_l4_postgres_ask (L4Postgres *self, const char *sql)
{
  if (is_lost (LOST_BEFORE))
    cut (self);
  return is_lost (LOST_AFTER) ? lose_answer (self, __real_l4_postgres_ask (self, sql)) : __real_l4_postgres_ask (self, sql);
}

PGresult *
__wrap_l4_postgres_ask_with (L4Postgres *self, const char *sql, const L4Parameters *parameters)
{
  if (is_lost (LOST_BEFORE))
    cut (self);
  return is_lost (LOST_AFTER) ? lose_answer (self, __real_l4_postgres_ask_with (self, sql, parameters))
      : __real_l4_postgres_ask_with (self, sql, parameters);
}

/* What an archive does ---------------------------------------------------------------------------------------------------------- */

static void
describe (const Place *place)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Index) index = l4_index_open (place->where, L4_INDEX_WRITE, &error);
  gint64 run, video, other, again;
  gboolean taken;

  g_assert_no_error (error);
  run = add_run (index, "m");
  video = add_video (index, "/a.mkv", "1-a");
  other = add_video (index, "/b.mkv", "1-b");
  l4_index_claim (index, video, run, &taken, &error);
  g_assert_no_error (error);
  g_assert_true (taken);
  for (guint i = 0; i < N_WINDOWS; i++)
    add_window (index, video, run, 4 * i, "A red circle moves.");
  add_window (index, other, run, 0, "To be forgotten.");
  l4_index_forget (index, other, run, &error);
  g_assert_no_error (error);
  l4_index_remove_video (index, other, &error);
  g_assert_no_error (error);
  l4_index_settle (index, video, run, L4_INDEX_DONE, NULL, &error);
  g_assert_no_error (error);
  l4_index_put_again (index, run, &again, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N_AGAIN; i++)
    add_window (index, video, again, 4 * i, "A green circle moves.");
  l4_index_settle (index, video, again, L4_INDEX_DONE, NULL, &error);
  g_assert_no_error (error);
}

static void
assert_complete (const Place *place)
{
  L4IndexQuery query = { .words = "green circle" };
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Index) index = l4_index_open (place->where, L4_INDEX_READ, &error);
  g_autoptr (GPtrArray) runs = NULL, videos = NULL, windows = NULL, hits = NULL;
  g_auto (L4IndexProgress) progress = { 0 };

  g_assert_no_error (error);
  runs = l4_index_list_runs (index, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 1);
  videos = l4_index_list_videos (index, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (videos->len, ==, 1);
  windows = l4_index_list_windows (index, ((L4IndexVideo *) videos->pdata[0])->id, 0, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (windows->len, ==, N_AGAIN);
  g_assert_true (l4_index_get_progress (index, ((L4IndexVideo *) videos->pdata[0])->id, ((L4IndexRun *) runs->pdata[0])->id, &progress, NULL));
  g_assert_cmpint (progress.state, ==, L4_INDEX_DONE);
  g_assert_cmpuint (progress.n_windows, ==, N_AGAIN);
  hits = l4_index_search (index, &query, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hits->len, ==, N_AGAIN);
}

/* Whether the connection was lost at the nth statement of all that begins now. */
static gboolean
lose_at (const Place *place, Loss when, guint n)
{
  loss = when;
  countdown = n;
  n_losses = 0;
  describe (place);
  loss = LOST_NOT;
  assert_complete (place);
  return n_losses > 0;
}

/* At the 1st, the 2nd, … statement, until there are no more: all succeeds, and nothing is there twice. The first ones make the schema. */
static void
lose_at_every_statement (Loss when)
{
  guint n = 1;

  for (; n <= 15; n++) {
    g_autoptr (Place) place = place_new ();

    g_assert_true (lose_at (place, when, n));
  }
  {
    g_autoptr (Place) place = place_new ();
    g_autoptr (L4Index) index = open_index (place);

    for (n = 1;; n++) {
      g_autofree char *none = place_query (place, "TRUNCATE llama4.runs, llama4.videos, llama4.windows, llama4.details, llama4.claims, "
          "llama4.progress, llama4.words");

      if (!lose_at (place, when, n))
        break;
    }
  }
  g_test_message ("%u statements", n - 1);
  g_assert_cmpuint (n, >, 60);
}

/* The connection is lost at every statement of a migration, which is done all the same, once. */
static void
test_a_migration_is_repeated (gconstpointer when)
{
  for (guint n = 1;; n++) {
    g_autoptr (Place) place = place_new ();
    g_autoptr (L4Index) index = NULL;

    version_1_make (place);
    loss = GPOINTER_TO_INT (when);
    countdown = n;
    n_losses = 0;
    index = open_index (place);
    loss = LOST_NOT;
    version_1_assert_found (index);
    g_assert_cmpint (version_1_get (place), ==, 3);
    if (n_losses == 0) {
      g_assert_cmpuint (n, >, 7);
      break;
    }
  }
}

static void
test_a_statement_that_does_not_arrive_is_repeated (void)
{
  lose_at_every_statement (LOST_BEFORE);
}

static void
test_an_answer_that_does_not_arrive_makes_nothing_twice (void)
{
  lose_at_every_statement (LOST_AFTER);
}

/* Losing the server ------------------------------------------------------------------------------------------------------------- */

static void
control (const char *what)
{
  const char *const argv[] = { g_getenv ("LLAMA4_TEST_POSTGRES_CONTROL"), what, NULL };
  g_autoptr (GSubprocess) process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_NONE, NULL);

  g_assert_true (g_subprocess_wait_check (process, NULL, NULL));
}

static gpointer
start_later (gpointer unused)
{
  g_usleep (G_USEC_PER_SEC);
  control ("start");
  return NULL;
}

static void
test_a_server_that_starts_again_is_waited_for (void)
{
  static const char *const ends[] = { "stop", "kill" };
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "m"), video = add_video (index, "/a.mkv", "1-a");

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autoptr (GPtrArray) windows = NULL;
    GThread *thread;

    control (ends[i]);
    thread = g_thread_new ("start", start_later, NULL);
    add_window (index, video, run, 4 * i, "A red circle moves.");
    g_thread_join (thread);
    windows = l4_index_list_windows (index, video, run, FALSE, NULL);
    g_assert_cmpuint (windows->len, ==, i + 1);
  }
}

static void
test_sessions_that_the_server_ends_are_begun_anew (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "m"), video = add_video (index, "/a.mkv", "1-a");
  g_autoptr (GPtrArray) windows = NULL;

  for (guint i = 0; i < 5; i++) {
    g_autofree char *none = place_query (place, "SELECT count (pg_terminate_backend (pid)) FROM pg_stat_activity WHERE "
        "application_name = 'llama4'");

    add_window (index, video, run, 4 * i, "A red circle moves.");
  }
  windows = l4_index_list_windows (index, video, run, FALSE, NULL);
  g_assert_cmpuint (windows->len, ==, 5);
}

static void
test_a_server_that_stays_away_is_one_line (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "m"), video = add_video (index, "/a.mkv", "1-a");
  L4IndexWindow window = { .video = video, .run = run, .end = SECOND, .text = (char *) "Text." };
  g_autoptr (GError) error = NULL, other = NULL;

  control ("stop");
  g_assert_false (l4_index_put_window (index, &window, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, "postgresql://|/test_");
  g_assert_null (l4_index_open (place->where, L4_INDEX_READ, &other));
  assert_says (other, "postgresql://|/test_");
  control ("start");
  g_assert_true (l4_index_put_window (index, &window, NULL));
}

/* Nobody closes its connections; what is asked goes nowhere. */
static void
test_a_server_that_has_stopped_is_not_waited_for_without_end (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "m"), video = add_video (index, "/a.mkv", "1-a"), began = g_get_monotonic_time ();
  g_autofree char *long_record = g_strnfill (4 << 20, ' ');
  L4IndexWindow window = { .video = video, .run = run, .end = SECOND, .text = (char *) "Text." };
  g_autoptr (GError) error = NULL, other = NULL;

  memcpy (long_record, "{}", 2);
  g_assert_true (l4_index_hurry (index, NULL));
  control ("pause");
  g_assert_false (l4_index_put_window (index, &window, &error));
  control ("resume");
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, "/test_|does not answer");
  g_assert_cmpint (g_get_monotonic_time () - began, <, 30 * G_USEC_PER_SEC);
  g_assert_true (l4_index_put_window (index, &window, &other));
  g_assert_no_error (other);
  window.record = long_record;          /* more than the connection takes at once */
  g_assert_true (l4_index_put_window (index, &window, &other));
  g_assert_no_error (other);
}

/* It is asked on another connection whether it lives. */
static void
test_a_server_that_is_busy_is_waited_for (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "m"), video = add_video (index, "/a.mkv", "1-a"), began;

  place_execute (place, "CREATE FUNCTION llama4.rest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep (6); RETURN NEW; END $$; "
      "CREATE TRIGGER rest BEFORE INSERT ON llama4.windows FOR EACH ROW EXECUTE FUNCTION llama4.rest ()");
  g_assert_true (l4_index_hurry (index, NULL));
  began = g_get_monotonic_time ();
  add_window (index, video, run, 0, "A red circle moves.");
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 6 * G_USEC_PER_SEC);
}

static void
test_an_address_that_is_wrong_is_one_line_without_its_password (void)
{
  static const char *const addresses[][2] = {
    {"postgresql://user:secret@/db?host=/nowhere", "postgresql:///nowhere/db"}, {"postgresql://user:secret@%zz/", "postgresql://"},
    {"postgresql://127.0.0.1:1/db?password=secret", "postgresql://127.0.0.1:1/db"}, {"postgres://u:secret@/?nonsense=1", "postgresql://"},
    {"postgresql://u:secret/secret@127.0.0.1:1/db", "%40"}, {"postgresql://u:1/secret@127.0.0.1:1/db", "%40"},
    {"postgresql://u:p@secret@127.0.0.1:1/db", "%40"}, {"postgresql://u:p@127.0.0.1:secret@127.0.0.1:1/db", "%40"},
    {"postgresql://u:p@127.0.0.1/secret@127.0.0.1:1/db", "%40"}, {"postgresql://u:p@127.0.0.1?secret@127.0.0.1:1/db", "%40"},
    {"postgresql://u:%secret@127.0.0.1:1/db", "%40"}, {"postgresql://u:secret%00@127.0.0.1:1/db", "%40"},
    {"postgresql://u:secret@127.0.0.1:1:secret/db", "postgresql://"}, {"postgresql://u:secret@127.0.0.1:1/db?port=secret", "postgresql://"},
    {"postgresql://u:p@[secret@127.0.0.1:1/db", "%40"}, {"postgresql://u:secret@127.0.0.1:1/db?sslmode=nonsense", "postgresql://127.0.0.1:1/db"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_index_open (addresses[i][0], L4_INDEX_WRITE, &error));
    assert_says (error, addresses[i][1]);
    g_assert_null (strstr (error->message, "secret"));
  }
}

static void
test_a_user_who_may_only_read_can_search (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  g_autoptr (L4Index) theirs = NULL;
  g_autofree char *none = place_query (place, "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA llama4 TO reader; "
      "GRANT SELECT ON ALL TABLES IN SCHEMA llama4 TO reader");
  g_autoptr (GString) address = g_string_new (place->where);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) hits = NULL;
  L4IndexQuery query = { .words = "circles" };
  L4IndexRun run = { .model_name = (char *) "m", .model_digest = (char *) "d", .quantization = (char *) "q", .prompt_digest = (char *) "p",
                     .settings = (char *) "{}", .version = (char *) "1" };

  add_window (index, add_video (index, "/a.mkv", "1-a"), add_run (index, "m"), 0, "A red circle.");
  g_string_replace (address, "user=llama4", "user=reader", 1);
  theirs = l4_index_open (address->str, L4_INDEX_READ, &error);
  g_assert_no_error (error);
  hits = l4_index_search (theirs, &query, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hits->len, ==, 1);
  l4_index_close (theirs);
  theirs = l4_index_open (address->str, L4_INDEX_WRITE, &error);
  g_assert_no_error (error);
  g_assert_false (l4_index_put_run (theirs, &run, &error));
  assert_says (error, "/test_|permission");
}

static void
test_a_database_of_another_encoding_is_refused (void)
{
  g_autoptr (Place) place = place_new ();
  g_autofree char *none = place_query (place, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  g_autoptr (GString) address = g_string_new (place_get_server ());
  g_autoptr (GError) error = NULL;

  g_string_replace (address, "?", "/latin?", 1);
  g_assert_null (l4_index_open (address->str, L4_INDEX_WRITE, &error));
  assert_says (error, "/latin|LATIN1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection/a-statement-that-does-not-arrive-is-repeated", test_a_statement_that_does_not_arrive_is_repeated);
  g_test_add_func ("/connection/an-answer-that-does-not-arrive-makes-nothing-twice", test_an_answer_that_does_not_arrive_makes_nothing_twice);
  g_test_add_data_func ("/connection/a-migration-is-repeated", GINT_TO_POINTER (LOST_BEFORE), test_a_migration_is_repeated);
  g_test_add_data_func ("/connection/a-migration-whose-answer-does-not-arrive-is-done-once", GINT_TO_POINTER (LOST_AFTER),
      test_a_migration_is_repeated);
  g_test_add_func ("/connection/a-server-that-starts-again-is-waited-for", test_a_server_that_starts_again_is_waited_for);
  g_test_add_func ("/connection/sessions-that-the-server-ends-are-begun-anew", test_sessions_that_the_server_ends_are_begun_anew);
  g_test_add_func ("/connection/a-server-that-stays-away-is-one-line", test_a_server_that_stays_away_is_one_line);
  g_test_add_func ("/connection/a-server-that-has-stopped-is-not-waited-for-without-end",
      test_a_server_that_has_stopped_is_not_waited_for_without_end);
  g_test_add_func ("/connection/a-server-that-is-busy-is-waited-for", test_a_server_that_is_busy_is_waited_for);
  g_test_add_func ("/connection/an-address-that-is-wrong-is-one-line-without-its-password",
      test_an_address_that_is_wrong_is_one_line_without_its_password);
  g_test_add_func ("/connection/a-user-who-may-only-read-can-search", test_a_user_who_may_only_read_can_search);
  g_test_add_func ("/connection/a-database-of-another-encoding-is-refused", test_a_database_of_another_encoding_is_refused);
  return g_test_run ();
}
