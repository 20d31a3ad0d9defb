/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One block of the vision encoder: attention over all patches of a tile, then a two-layer perceptron. */

#pragma once

#include "compute/key-values.h"
#include "compute/loader.h"
#include "compute/product.h"
#include "config/config.h"

/* y = weight x + bias; bias NULL where there is none */
typedef struct
{
  L4Weight *weight;
  float *bias;
} L4Linear;

typedef struct
{
  L4LayerNorm attention_norm;
  L4Linear q, k, v, o;
  L4LayerNorm mlp_norm;
  L4Linear fc1, fc2;
} L4VisionBlock;

/* Errors stay in the loader. */
void l4_layer_norm_load (L4LayerNorm *self, L4Loader *loader, const L4VisionConfig *config, const char *prefix);
void l4_layer_norm_clear (L4LayerNorm *self);

void l4_linear_load (L4Linear *self, L4Loader *loader, gint64 n_out, gint64 n_in, gboolean bias, const char *prefix);
void l4_linear_clear (L4Linear *self);

/* prefix: "vision_model.model.layers.N" */
void l4_vision_block_load (L4VisionBlock *self, L4Loader *loader, const L4VisionConfig *config, const char *prefix);
void l4_vision_block_clear (L4VisionBlock *self);

/* Cosines and sines of the 2-D rotary positions: [patches + 1, head_dim / 2]; the class token, last, is not turned.
 * Pairs of the first half turn with the column, those of the second with the row, both counted from 1. */
void l4_vision_angles (const L4VisionConfig *config, float *cosines, float *sines);

/* What blocks keep the keys and values of a tile in, for as many as one likes, one after the other. */
gboolean l4_vision_store_init (L4KeyValues *store, const L4Compute *compute, const L4VisionConfig *config, GError **error);

/* h += attention(norm(h)); h += perceptron(norm(h)). h: [n_tiles, patches + 1, hidden] */
gboolean l4_vision_block_forward (const L4VisionBlock *self, L4Compute *compute, const L4VisionConfig *config,
    const float *cosines, const float *sines, L4KeyValues *store, gint64 n_tiles, float *h, GError **error);
