/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far runs are with films. */

#include "base/i18n.h"
#include "index/index-private.h"

static const char *const states[] = { NULL, "begun", "done", "failed" };        /* by L4IndexState */

/* A film in a run, and what is done about it. */
typedef struct
{
  L4Index *index;
  gint64 video, run;
  L4IndexProgress *progress;
  L4IndexState state;
  const char *reason;
  char *claim;                  /* that was dropped */
} Job;

/* Progress ---------------------------------------------------------------------------------------------------------------------- */

void
l4_index_progress_clear (L4IndexProgress *progress)
{
  g_clear_pointer (&progress->reason, g_free);
  *progress = (L4IndexProgress) { 0 };
}

static void
row_state (const L4Value *columns, gpointer data)
{
  L4IndexProgress *progress = data;
  g_autofree char *state = l4_value_text (&columns[0]);

  for (guint i = L4_INDEX_BEGUN; i < G_N_ELEMENTS (states); i++)
    if (g_strcmp0 (state, states[i]) == 0)
      progress->state = i;
  g_free (progress->reason);
  progress->reason = l4_value_text (&columns[1]);
}

static void
row_windows (const L4Value *columns, gpointer data)
{
  L4IndexProgress *progress = data;

  progress->n_windows = l4_value_unsigned (&columns[0]);
  progress->next = l4_value_unsigned (&columns[1]);
}

static gboolean
get_progress (L4Database *database, gpointer work, GError **error)
{
  Job *job = work;

  l4_index_progress_clear (job->progress);
  return l4_database_query (database, row_state, job->progress, error, "SELECT state, reason FROM progress WHERE video = $1 AND run = $2",
      "ii", job->video, job->run)
      && l4_database_query (database, row_windows, job->progress, error, "SELECT count(*), (SELECT \"end\" FROM windows WHERE video = $1 "
      "AND run = $2 ORDER BY start DESC LIMIT 1) FROM windows WHERE video = $1 AND run = $2", "ii", job->video, job->run);
}

gboolean
l4_index_get_progress (L4Index *self, gint64 video, gint64 run, L4IndexProgress *progress, GError **error)
{
  Job job = { self, video, run, .progress = progress };

  *progress = (L4IndexProgress) { 0 };
  return l4_database_transact (self->database, FALSE, get_progress, &job, error);
}

/* The end of it ----------------------------------------------------------------------------------------------------------------- */

/* What was done before keeps its turn. */
static gboolean
put_state (const Job *job, gint64 run, GError **error)
{
  gint64 turn = 0;

  return (job->state != L4_INDEX_DONE || l4_database_query (job->index->database, l4_row_integer, &turn, error, "SELECT 1 + COALESCE (max (turn), 0) "
          "FROM progress WHERE video = $1", "i", job->video))
      && l4_database_query (job->index->database, NULL, NULL, error, "INSERT INTO progress (video, run, state, reason, turn) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (video, run) DO UPDATE SET state = excluded.state, reason = excluded.reason, "
      "turn = CASE WHEN excluded.state = progress.state THEN progress.turn ELSE excluded.turn END", "iitti", job->video, run,
      states[job->state], job->reason, turn);
}

/* Of one that is described again nothing is kept before the first window: it is not begun. */
static gboolean
settle_again (const Job *job, gint64 run, GError **error)
{
  if (job->state == L4_INDEX_DONE)
    return l4_index_replace_windows (job->index, job->video, run, job->run, error) && put_state (job, run, error);
  return put_state (job, job->run, error)
      && (job->state != L4_INDEX_BEGUN || l4_database_query (job->index->database, NULL, NULL, error, "DELETE FROM progress WHERE video = $1 "
          "AND run = $2 AND NOT EXISTS (SELECT 1 FROM windows WHERE video = $1 AND run = $2)", "ii", job->video, job->run));
}

static gboolean
settle (L4Database *database, gpointer work, GError **error)
{
  Job *job = work;
  gint64 run = 0;
  gboolean lost;

  if (!l4_index_lock_video (job->index, job->video, error)
      || !l4_index_drop_claim (job->index, job->video, job->run, &job->claim, &lost, error))
    return FALSE;
  if (lost && job->state != L4_INDEX_DONE)
    return TRUE;
  return l4_database_query (database, l4_row_integer, &run, error, "SELECT again_of FROM runs WHERE id = $1", "i", job->run)
      && (run != 0 ? settle_again (job, run, error) : put_state (job, job->run, error))
      && l4_index_choose_newest (job->index, job->video, error);
}

gboolean
l4_index_settle (L4Index *self, gint64 video, gint64 run, L4IndexState state, const char *reason, GError **error)
{
  g_autofree char *line = reason == NULL ? NULL : l4_text_to_line (reason, -1);
  Job job = { self, video, run, .state = state, .reason = line };
  gboolean right;

  if (state < L4_INDEX_BEGUN || state > L4_INDEX_FAILED || (state == L4_INDEX_FAILED && reason == NULL))
    return l4_database_fail (self->database, L4_ERROR_INPUT, error, _("a film cannot be left in that state"));
  right = l4_database_transact (self->database, TRUE, settle, &job, error);
  if (right)
    g_hash_table_remove (self->claims, job.claim);
  g_free (job.claim);
  return right;
}

static gboolean
forget (L4Database *database, gpointer work, GError **error)
{
  Job *job = work;

  return l4_index_lock_video (job->index, job->video, error) && l4_index_check_claim (job->index, job->video, job->run, error)
      && l4_database_query (database, NULL, NULL, error, "DELETE FROM windows WHERE video = $1 AND run = $2", "ii", job->video, job->run)
      && l4_database_query (database, NULL, NULL, error, "DELETE FROM progress WHERE video = $1 AND run = $2", "ii", job->video, job->run)
      && l4_database_query (database, NULL, NULL, error, "UPDATE videos SET newest_run = NULL WHERE id = $1 AND newest_run = $2", "ii",
      job->video, job->run)
      && l4_index_choose_newest (job->index, job->video, error);
}

gboolean
l4_index_forget (L4Index *self, gint64 video, gint64 run, GError **error)
{
  Job job = { self, video, run };

  return l4_database_transact (self->database, TRUE, forget, &job, error);
}
