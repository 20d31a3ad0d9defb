/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sentence cut into cues, and these into lines. */

#pragma once

#include "cues/sentence.h"

G_BEGIN_DECLS

/* One cue of a sentence. */
typedef struct
{
  char **lines;
  guint64 reading;              /* nanoseconds that the rules give a reader for it */
} L4CuePart;

/* The parts, of L4CuePart, for a time of `length` nanoseconds: as many as are good to read; the fewest when only these have
 * time. When even they are more than the time holds of the shortest cues, the text is cut, and *cut set. (transfer full) */
GArray *l4_cue_layout (const char *text, guint64 length, const L4CueRules *rules, gboolean *cut);

/* The least time in which the parts can be shown, gaps among it: as read, or each as the shortest cue. */
guint64 l4_cue_layout_needs (GArray *parts, const L4CueRules *rules);

G_END_DECLS
