/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clips of alerts: each is written when what comes after its window is there, by a thread that holds up nobody. */

#pragma once

#include "cameras/cameras.h"
#include "watch/news.h"
#include "watch/ring.h"

G_BEGIN_DECLS

#define L4_CLIPS_WAITING 64     /* at most; further ones are left out, and told of */

typedef struct _L4Clips L4Clips;

/* cameras: borrowed. Clips that are there, or cannot be, are told to news: {"event":"clip","camera","rule","file"}. (transfer full) */
L4Clips *l4_clips_new (const L4Cameras *cameras, L4NewsQueue *news);
/* What waits is written as far as it is there. */
void l4_clips_free (L4Clips *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Clips, l4_clips_free)

/* Those that wait are written with what is there, and no others any more. */
void l4_clips_finish (L4Clips *self);

/* The packets of a camera, for its feed; NULL: no rule wants clips of it. */
L4Ring *l4_clips_get_ring (L4Clips *self, guint camera);

/* Of a window about which a rule alerts: it, and what the file says before and after it. */
void l4_clips_add (L4Clips *self, const L4Rule *rule, const L4News *window);

G_END_DECLS
