/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a checkpoint's files say about the shape of the model. */

#pragma once

#include "checkpoint/checkpoint.h"

#define L4_MAX_STOP_IDS 16

/* Base frequencies of RoPE; with factor > 0 those of the "llama3" scaling, with divisors each divided by its own. */
typedef struct
{
  double theta;
  float *divisors;              /* [head_dim / 2], each > 0, or NULL; owned */
  double factor;                /* 0: unscaled */
  double low_freq_factor;
  double high_freq_factor;
  double original_context;
} L4RopeConfig;

/* One decoder layer. */
typedef struct
{
  gboolean rope;                /* rotary positions (and QK norm, if the model has it); otherwise temperature, if it has that */
  gboolean chunked;             /* sees only its own chunk */
  gboolean moe;                 /* routed + shared experts; otherwise one dense feed-forward */
} L4LayerConfig;

typedef struct
{
  gint64 hidden;                /* D */
  gint64 n_heads;
  gint64 n_kv_heads;            /* divides n_heads */
  gint64 head_dim;              /* even */
  gint64 expert_width;          /* F: one routed expert, and the shared one; 0 when no layer has experts */
  gint64 dense_width;           /* feed-forward of dense layers; 0 when there are none */
  gint64 n_experts;             /* 0: every layer is dense */
  gint64 top_k;
  gint64 vocab;
  gint64 context;               /* max_position_embeddings */
  gint64 chunk;                 /* 0: no chunks */
  gint64 n_layers;
  L4LayerConfig *layers;        /* [n_layers] */
  double rms_eps;
  gboolean qk_norm;
  gboolean attention_bias;
  gboolean tied;                /* lm_head is embed_tokens */
  gboolean temperature;         /* attn_temperature_tuning */
  double floor_scale;
  double attn_scale;
  L4RopeConfig rope;
} L4TextConfig;

typedef struct
{
  gint64 image_size;            /* tile side in pixels; multiple of patch_size * shuffle */
  gint64 patch_size;
  gint64 channels;              /* 3 */
  gint64 hidden;
  gint64 n_heads;
  gint64 n_layers;
  gint64 intermediate;
  gint64 shuffle;               /* pixel shuffle: side of the square of patches that becomes one token (2 for ratio 0.5) */
  gint64 projector_input;       /* width between and after the adapter's two layers */
  gint64 projector_output;
  gint64 output;                /* vision_output_dim: what the projector takes */
  gint64 max_patches;           /* most tiles a picture, 1 … 64 */
  gboolean resize_to_max_canvas;
  double norm_eps;
  double rope_theta;
} L4VisionConfig;

typedef struct
{
  gboolean has_vision;          /* FALSE: a text-only checkpoint; vision is then all zero */
  gboolean text_prefix;         /* tensors are named language_model.model.… rather than model.… */
  L4TextConfig text;
  L4VisionConfig vision;
  gint64 image_token;           /* ids; -1 where the files do not say */
  gint64 image_start_token;
  gint64 image_end_token;
  gint64 bos_token;
  gint64 pad_token;
  gint64 stop_tokens[L4_MAX_STOP_IDS];
  guint n_stop_tokens;          /* union of generation_config's and config's eos ids */
} L4Config;

/* The settings of a checkpoint: of a folder as below, of a GGUF file its metadata, with what llama.cpp takes for granted where
 * they are silent; shapes of tensors must agree with them. (transfer full) */
L4Config *l4_config_load (const L4Checkpoint *checkpoint, GError **error);

/* Reads config.json and, where present, generation_config.json, preprocessor_config.json or processor_config.json of folder.
 * Every value is range-checked, so that products of sizes cannot overflow gint64. (transfer full) */
L4Config *l4_config_load_folder (const char *folder, GError **error);
void l4_config_free (L4Config *self);   /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Config, l4_config_free)

/* One more id that ends an answer. FALSE: there are as many as can be. */
gboolean l4_config_add_stop (L4Config *config, gint64 id);

/* Derived: patches along one side of a tile, and language tokens of one tile. */
gint64 l4_vision_grid (const L4VisionConfig *self);
gint64 l4_vision_tokens_per_tile (const L4VisionConfig *self);
