/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which process describes a film. */

#include "base/i18n.h"
#include "index/index-private.h"

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

/* A film that is to be taken. */
typedef struct
{
  L4Index *index;
  gint64 video, run;
  gboolean taken;
  char *key;
} Wish;

static gboolean
claim (L4Database *database, gpointer work, GError **error)
{
  Wish *wish = work;
  const L4Owner *owner = &wish->index->owner;
  g_auto (Claim) claim = { 0 };
  gboolean taken;
  gint64 now;

  wish->taken = FALSE;
  if (!l4_index_lock_video (wish->index, wish->video, error) || !find_claim (wish->index, wish->video, wish->run, &claim, error)
      || !is_taken (wish->index, &claim, &taken, error))
    return FALSE;
  if (taken)
    return TRUE;
  wish->taken = TRUE;
  g_free (wish->key);
  wish->key = get_claim_key (wish->video, &claim);
  return database->class->now (database, &now, error)
      && l4_database_query (database, NULL, NULL, error, "INSERT INTO claims (video, run, host, pid, born, renewed) VALUES ($1, $2, "
      "$3, $4, $5, $6) ON CONFLICT (video, run) DO UPDATE SET host = excluded.host, pid = excluded.pid, born = excluded.born, "
      "renewed = excluded.renewed", "iitiii", wish->video, claim.run, owner->host, owner->pid, owner->born, now);
}

gboolean
l4_index_claim (L4Index *self, gint64 video, gint64 run, gboolean *taken, GError **error)
{
  Wish wish = { self, video, run };
  gboolean right = l4_database_transact (self->database, TRUE, claim, &wish, error);

  *taken = right && wish.taken;
  if (*taken)
    g_hash_table_add (self->claims, g_steal_pointer (&wish.key));
  if (*taken && self->lease == NULL)
    self->lease = l4_lease_new (self->where, &self->owner);
  g_free (wish.key);
  return right;
}

gboolean
l4_index_drop_claim (L4Index *self, gint64 video, gint64 run, char **key, gboolean *lost, GError **error)
{
  g_auto (Claim) claim = { 0 };
  gboolean taken;

  if (!find_claim (self, video, run, &claim, error) || !is_taken (self, &claim, &taken, error) || (taken && !fail_taken (self, error)))
    return FALSE;
  *lost = is_lost (self, video, &claim);
  g_free (*key);
  *key = get_claim_key (video, &claim);
  return l4_database_query (self->database, NULL, NULL, error, "DELETE FROM claims WHERE video = $1 AND run = $2", "ii", video, claim.run);
}
