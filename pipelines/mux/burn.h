/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film's pictures with cues drawn into them, encoded as H.264. */

#pragma once

#include "mux/mux.h"

G_BEGIN_DECLS

typedef struct _L4Burn L4Burn;

/* gst_init() comes first. columns: characters of a line. path and cancellable (NULL: none): borrowed. */
L4Burn *l4_burn_new (const char *path, guint columns, GCancellable *cancellable);
void l4_burn_free (L4Burn *self);       /* NULL is fine */

/* Before the pictures are taken. Holds on to the cues. */
void l4_burn_set_cues (L4Burn *self, GPtrArray *cues);

/* For l4_mux_new(); they may be taken again after they have ended. Borrowed. */
const L4MuxPictures *l4_burn_get_pictures (L4Burn *self);

G_END_DECLS
