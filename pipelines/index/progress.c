/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far runs are with films, and who describes them. */

#include <string.h>

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
  gboolean taken;
  char *key;                    /* of the claim */
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

/* Claims ------------------------------------------------------------------------------------------------------------------------ */

/* Whose a film is in a run. */
typedef struct
{
  L4Owner owner;                /* host NULL: nobody's */
  gint64 renewed;
  gint64 run;                   /* that the claim is made in */
} Claim;

static void
claim_clear (Claim *claim)
{
  l4_owner_clear (&claim->owner);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Claim, claim_clear)

static void
row_claim (const L4Value *columns, gpointer data)
{
  Claim *claim = data;

  claim_clear (claim);
  claim->owner.host = l4_value_text (&columns[0]);
  claim->owner.pid = l4_value_integer (&columns[1]);
  claim->owner.born = l4_value_integer (&columns[2]);
  claim->renewed = l4_value_integer (&columns[3]);
  claim->run = l4_value_integer (&columns[4]);
}

static gboolean
find_claim (L4Index *self, gint64 video, gint64 run, Claim *claim, GError **error)
{
  return l4_database_query (self->database, row_claim, claim, error, "SELECT c.host, c.pid, c.born, c.renewed, r.run FROM "
      "(SELECT " L4_CLAIMED_RUN ("$2") " AS run) AS r LEFT JOIN claims AS c ON c.video = $1 AND c.run = r.run", "ii", video, run);
}

/* What this process keeps in mind of its claims. (transfer full) */
static char *
get_claim_key (gint64 video, const Claim *claim)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, video, claim->run);
}

static gboolean
is_own (L4Index *self, const Claim *claim)
{
  return claim->owner.host != NULL && l4_owner_equal (&claim->owner, &self->owner);
}

/* Whether it was this process's, and is no more: it was taken over, and may have been given back since. */
static gboolean
is_lost (L4Index *self, gint64 video, const Claim *claim)
{
  g_autofree char *key = get_claim_key (video, claim);

  return !is_own (self, claim) && g_hash_table_contains (self->claims, key);
}

/* Whether another process that lives has the film. A sign of life from the future is none: a clock was set. */
static gboolean
is_taken (L4Index *self, const Claim *claim, gboolean *taken, GError **error)
{
  gint64 now;

  *taken = FALSE;
  if (claim->owner.host == NULL || is_own (self, claim))
    return TRUE;
  if (!self->database->class->now (self->database, &now, error))
    return FALSE;
  switch (l4_owner_get_life (&claim->owner, &self->owner)) {
    case L4_OWNER_ALIVE:
      *taken = TRUE;
      break;
    case L4_OWNER_DEAD:
      break;
    case L4_OWNER_ELSEWHERE:
      *taken = ABS (now - claim->renewed) <= L4_LEASE_TIME;
      break;
  }
  return TRUE;
}

static gboolean
fail_taken (L4Index *self, GError **error)
{
  g_set_error (error, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN, "%s: %s", self->database->name, _("another program is describing this film"));
  return FALSE;
}

gboolean
l4_index_lock_video (L4Index *self, gint64 video, GError **error)
{
  gint64 found = 0;

  return l4_database_query (self->database, l4_row_integer, &found, error, self->database->class->lock_video, "i", video)
      && (found != 0 || l4_database_fail (self->database, L4_ERROR_NOT_FOUND, error, _("the index has no film %" PRIi64), video));
}

gboolean
l4_index_check_claim (L4Index *self, gint64 video, gint64 run, GError **error)
{
  g_auto (Claim) claim = { 0 };
  gboolean taken;

  if (!find_claim (self, video, run, &claim, error) || !is_taken (self, &claim, &taken, error))
    return FALSE;
  return (!taken && !is_lost (self, video, &claim)) || fail_taken (self, error);
}

static gboolean
claim (L4Database *database, gpointer work, GError **error)
{
  Job *job = work;
  const L4Owner *owner = &job->index->owner;
  g_auto (Claim) claim = { 0 };
  gboolean taken;
  gint64 now;

  job->taken = FALSE;
  if (!l4_index_lock_video (job->index, job->video, error) || !find_claim (job->index, job->video, job->run, &claim, error)
      || !is_taken (job->index, &claim, &taken, error))
    return FALSE;
  if (taken)
    return TRUE;
  job->taken = TRUE;
  g_free (job->key);
  job->key = get_claim_key (job->video, &claim);
  return database->class->now (database, &now, error)
      && l4_database_query (database, NULL, NULL, error, "INSERT INTO claims (video, run, host, pid, born, renewed) VALUES ($1, $2, "
      "$3, $4, $5, $6) ON CONFLICT (video, run) DO UPDATE SET host = excluded.host, pid = excluded.pid, born = excluded.born, "
      "renewed = excluded.renewed", "iitiii", job->video, claim.run, owner->host, owner->pid, owner->born, now);
}

gboolean
l4_index_claim (L4Index *self, gint64 video, gint64 run, gboolean *taken, GError **error)
{
  Job job = { self, video, run };
  gboolean right = l4_database_transact (self->database, TRUE, claim, &job, error);

  *taken = right && job.taken;
  if (*taken)
    g_hash_table_add (self->claims, g_steal_pointer (&job.key));
  if (*taken && self->lease == NULL)
    self->lease = l4_lease_new (self->where, &self->owner);
  g_free (job.key);
  return right;
}

/* The end of it ----------------------------------------------------------------------------------------------------------------- */

/* *lost: it was gone before. Once more, when the answer was lost, it is as well. */
static gboolean
drop_claim (Job *job, gboolean *lost, GError **error)
{
  L4Index *self = job->index;
  g_auto (Claim) claim = { 0 };
  gboolean taken;

  if (!l4_index_lock_video (self, job->video, error) || !find_claim (self, job->video, job->run, &claim, error)
      || !is_taken (self, &claim, &taken, error) || (taken && !fail_taken (self, error)))
    return FALSE;
  *lost = is_lost (self, job->video, &claim);
  g_free (job->key);
  job->key = get_claim_key (job->video, &claim);
  return l4_database_query (self->database, NULL, NULL, error, "DELETE FROM claims WHERE video = $1 AND run = $2", "ii", job->video, claim.run);
}

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

  if (!drop_claim (job, &lost, error))
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
    g_hash_table_remove (self->claims, job.key);
  g_free (job.key);
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
