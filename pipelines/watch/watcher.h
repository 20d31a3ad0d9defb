/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cameras that are watched: what they have to say is judged, told and kept, by one thread. */

#pragma once

#include "cameras/cameras.h"
#include "run/options.h"
#include "run/progress.h"

G_BEGIN_DECLS

typedef struct _L4Watcher L4Watcher;

/* cameras: taken; options: how cameras are described that do not say it themselves, copied, its texts borrowed. gst_init() comes first.
 * (transfer full) */
L4Watcher *l4_watcher_new (L4Cameras *cameras, const L4DescribeOptions *options, L4ProgressStyle style);
void l4_watcher_free (L4Watcher *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Watcher, l4_watcher_free)

/* Whether a model is where it should be, elements can be made as each camera says, and passwords, tokens and certificates in files that are named
 * can be read. The model is not loaded, and no camera and no receiver is asked anything. */
gboolean l4_watcher_check (L4Watcher *self, GError **error);

/* Until it is cancelled, all films are over, or none can be described (an error). Once. */
gboolean l4_watcher_run (L4Watcher *self, GCancellable *cancellable, GError **error);

G_END_DECLS
