/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sign of life of a process that has claimed films. */

#include "index/lease.h"

#define PERIOD (15 * G_USEC_PER_SEC)

struct _L4Lease
{
  char *where;
  const L4Owner *owner;
  GThread *thread;
  GMutex lock;
  GCond ends;
  gboolean ended;
};

static gboolean
renew (L4Database *database, gpointer work, GError **error)
{
  const L4Owner *owner = work;
  gint64 now;

  return database->class->now (database, &now, error)
      && l4_database_query (database, NULL, NULL, error, "UPDATE claims SET renewed = $1 WHERE host = $2 AND pid = $3 AND born = $4",
      "itii", now, owner->host, owner->pid, owner->born);
}

/* What fails is tried again at the next turn, and not before: who ends does not wait for it. Four fail before others may think the
 * process dead. */
static gpointer
keep_alive (gpointer data)
{
  L4Lease *self = data;
  g_autoptr (L4Database) database = NULL;
  gint64 next = g_get_monotonic_time () + PERIOD;

  g_mutex_lock (&self->lock);
  while (!self->ended) {
    if (g_cond_wait_until (&self->ends, &self->lock, next) || self->ended)
      continue;
    g_mutex_unlock (&self->lock);
    if (database == NULL)
      database = l4_database_open (self->where, L4_INDEX_WRITE, TRUE, NULL);
    if (database != NULL)
      l4_database_transact_once (database, TRUE, renew, (gpointer) self->owner, NULL);
    next = g_get_monotonic_time () + PERIOD;
    g_mutex_lock (&self->lock);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

L4Lease *
l4_lease_new (const char *where, const L4Owner *owner)
{
  L4Lease *self = g_new0 (L4Lease, 1);

  self->where = g_strdup (where);
  self->owner = owner;
  g_mutex_init (&self->lock);
  g_cond_init (&self->ends);
  self->thread = g_thread_new ("lease", keep_alive, self);
  return self;
}

void
l4_lease_free (L4Lease *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_signal (&self->ends);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->ends);
  g_free (self->where);
  g_free (self);
}
