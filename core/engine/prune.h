/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pictures show again: the tokens of places that look as they did in an earlier picture of the conversation. */

#pragma once

#include "config/config.h"
#include "vision/picture.h"

/* Marks in dropped [n_tiles of all pictures * tokens_per_tile, in their order] the tokens whose place in the picture differs nowhere by more
 * than limit (0 … 1, a mean over a sixteenth of the place and the three colours; 0: nothing is marked) from the latest picture of the same size
 * that shows it, and returns how many. Pictures of another size than the one before are shown whole. dropped is all FALSE. */
gint64 l4_prune_mark (const L4VisionConfig *config, const L4Picture *const *pictures, const L4Canvas *canvases, gsize n_pictures, double limit,
    gboolean *dropped);
