/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vision encoder: prepared tiles to the decoder's picture tokens. */

#pragma once

#include "compute/loader.h"
#include "config/config.h"

/* Weights. Immutable after loading; any thread. */
typedef struct _L4VisionEncoder L4VisionEncoder;

/* config is borrowed and outlives the encoder. NULL when the loader has failed. (transfer full) */
L4VisionEncoder *l4_vision_encoder_load (L4Loader *loader, const L4Config *config);
void l4_vision_encoder_free (L4VisionEncoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4VisionEncoder, l4_vision_encoder_free)

/* Weights that loading will ask for. */
guint64 l4_vision_encoder_n_parameters (const L4Config *config);

/* How many tiles are computed together: what working memory there must be for. */
gint64 l4_vision_tiles_at_once (const L4VisionConfig *config);

/* tiles: [n_tiles, channels, image_size, image_size]; features: [n_tiles * tokens_per_tile, text hidden]. Tiles do not see one
 * another. A cancelled cancellable stops between layers: FALSE with L4_ERROR_CANCELLED. */
gboolean l4_vision_encoder_forward (const L4VisionEncoder *self, L4Compute *compute, const float *tiles, gint64 n_tiles,
    float *features, GCancellable *cancellable, GError **error);
