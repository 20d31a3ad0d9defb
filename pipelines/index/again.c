/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films described again: in a run beside the one that described them, until they are done. */

#include "index/index-private.h"

/* A run, and the one beside it. */
typedef struct
{
  gint64 run, again;
} Pair;

/* Its key tells it even in an index of version 1, which has none. */
static gboolean
find_again (L4Database *database, gpointer work, GError **error)
{
  Pair *pair = work;
  g_autofree char *key = g_strdup_printf (L4_AGAIN_KEY "%" G_GINT64_FORMAT, pair->run);

  pair->again = 0;
  return l4_database_query (database, l4_row_integer, &pair->again, error, "SELECT id FROM runs WHERE key = $1", "t", key);
}

static gboolean
put_again (L4Database *database, gpointer work, GError **error)
{
  Pair *pair = work;
  g_autofree char *key = g_strdup_printf (L4_AGAIN_KEY "%" G_GINT64_FORMAT, pair->run);
  gint64 now;

  return database->class->now (database, &now, error)
      && l4_database_query (database, NULL, NULL, error, "INSERT INTO runs (key, model_name, model_digest, quantization, prompt_digest, "
      "settings, language, version, time, again_of) SELECT $1, model_name, model_digest, quantization, prompt_digest, settings, language, "
      "version, $2, id FROM runs WHERE id = $3 ON CONFLICT (key) DO NOTHING", "tii", key, now, pair->run)
      && find_again (database, work, error);
}

gboolean
l4_index_find_again (L4Index *self, gint64 run, gint64 *again, GError **error)
{
  Pair pair = { run };
  gboolean right = l4_database_transact (self->database, FALSE, find_again, &pair, error);

  *again = pair.again;
  return right;
}

gboolean
l4_index_put_again (L4Index *self, gint64 run, gint64 *again, GError **error)
{
  Pair pair = { run };
  gboolean right = l4_database_transact (self->database, TRUE, put_again, &pair, error);

  *again = pair.again;
  return right;
}

/* Once more, when the answer was lost: there is nothing to be moved any more, and nothing goes. */
gboolean
l4_index_replace_windows (L4Index *self, gint64 video, gint64 run, gint64 again, GError **error)
{
  L4Database *database = self->database;
  gint64 there = 0;

  if (!l4_database_query (database, l4_row_integer, &there, error, "SELECT 1 FROM windows WHERE video = $1 AND run = $2 LIMIT 1", "ii", video,
          again))
    return FALSE;
  return there == 0
      || (l4_database_query (database, NULL, NULL, error, "DELETE FROM windows WHERE video = $1 AND run = $2", "ii", video, run)
      && l4_database_query (database, NULL, NULL, error, "UPDATE windows SET run = $2 WHERE video = $1 AND run = $3", "iii", video, run, again)
      && l4_database_query (database, NULL, NULL, error, "DELETE FROM progress WHERE video = $1 AND run IN ($2, $3)", "iii", video, run,
          again));
}

gboolean
l4_index_choose_newest (L4Index *self, gint64 video, GError **error)
{
  return l4_database_query (self->database, NULL, NULL, error, "UPDATE videos SET newest_run = best.run FROM (SELECT p.run FROM progress AS p "
      "JOIN runs AS r ON r.id = p.run WHERE p.video = $1 AND r.again_of IS NULL AND "
      "EXISTS (SELECT 1 FROM windows AS w WHERE w.video = p.video AND w.run = p.run) ORDER BY CASE p.state WHEN 'done' THEN p.turn ELSE 0 END DESC, "
      "(SELECT w.\"end\" FROM windows AS w WHERE w.video = p.video AND w.run = p.run ORDER BY w.start DESC LIMIT 1) DESC, p.run DESC LIMIT 1) "
      "AS best WHERE videos.id = $1 AND (newest_run IS NULL OR newest_run <> best.run)", "i", video);
}
