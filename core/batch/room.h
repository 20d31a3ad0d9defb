/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for the caches of all conversations of a model: who does not fit waits until others have ended. */

#pragma once

#include "decoder/cache.h"

/* Any thread. */
typedef struct _L4Room L4Room;

/* A conversation's cache, which stays between its answers unless others need the memory. Zeroed before; one thread at a time. */
typedef struct
{
  L4Cache *cache;               /* NULL: none, or given up */
  guint64 bytes;
  GList *idle;                  /* its place among those that may be given up; the room's */
} L4Tenant;

/* Whoever has memory that caches may have instead makes do with less, or with more again: bytes are what they take together, and `beside`
 * for every conversation but one, which it takes beside its cache. Before it is used. */
typedef void (*L4RoomFunc) (guint64 bytes, gpointer user_data);
void l4_room_share (L4Room *self, guint64 beside, L4RoomFunc func, gpointer user_data);

/* limit: bytes for all caches; 0: what the machine has free. (transfer full) */
L4Room *l4_room_new (const L4Compute *compute, const L4TextConfig *config, guint64 limit);
void l4_room_free (L4Room *self);       /* NULL is fine; all tenants have gone */

/* A conversation has come (1) or gone (-1). */
void l4_room_count (L4Room *self, gint change);

/* An answer begins: the cache, if it is still there, is the caller's alone, and stays. */
void l4_room_enter (L4Room *self, L4Tenant *tenant);

/* Gives the tenant, between enter and leave, a cache with room for capacity tokens: the one that it has, which grows if there is memory for
 * that now, or an empty one.
 * Waits while others that have entered hold the memory, or have waited for it longer; L4_ERROR_MEMORY when it would not fit without them
 * either. */
gboolean l4_room_take (L4Room *self, L4Tenant *tenant, gboolean int8, gint64 capacity, GCancellable *cancellable, GError **error);

/* The answer has ended: the cache may be given up. */
void l4_room_leave (L4Room *self, L4Tenant *tenant);

/* Frees the cache; not between enter and leave. */
void l4_room_clear (L4Room *self, L4Tenant *tenant);
