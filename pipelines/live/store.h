/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the page shows: each camera's picture and sentences, and the alerts; and how it is told of them, as server-sent events. */

#pragma once

#include "tell/tell.h"

G_BEGIN_DECLS

/* All functions may be called from any thread. Cameras are numbers from 0. */
typedef struct _L4LiveStore L4LiveStore;

L4LiveStore *l4_live_store_new (const char *const *cameras);
void l4_live_store_free (L4LiveStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4LiveStore, l4_live_store_free)

/* What camera that is; -1: none. */
int l4_live_store_find (const L4LiveStore *self, const char *name);
guint l4_live_store_get_n_cameras (const L4LiveStore *self);
const char *l4_live_store_get_name (const L4LiveStore *self, guint camera);

/* As in live.h. FALSE: nothing is to be told. */
gboolean l4_live_store_set_picture (L4LiveStore *self, guint camera, GBytes *jpeg);
gboolean l4_live_store_set_present (L4LiveStore *self, guint camera, gboolean present);
gboolean l4_live_store_add_said (L4LiveStore *self, guint camera, const L4Said *said);
gboolean l4_live_store_set_growing (L4LiveStore *self, guint camera, const char *text);
gboolean l4_live_store_add_alert (L4LiveStore *self, const L4Alert *alert);

/* Pictures are told of only then, once for each camera whose picture is another one. */
void l4_live_store_tell_pictures (L4LiveStore *self);

/* Events since the last call; NULL: none. state, unless NULL: all there is after them, as an event too. (transfer full) */
char *l4_live_store_take_news (L4LiveStore *self, char **state);

/* NULL: there is none. (transfer full) */
GBytes *l4_live_store_get_picture (L4LiveStore *self, guint camera);
GBytes *l4_live_store_get_alert_picture (L4LiveStore *self, guint64 id);

G_END_DECLS
