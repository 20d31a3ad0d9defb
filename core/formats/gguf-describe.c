/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metadata of GGUF files that say what a model's shape is. */

#include "formats/gguf-describe.h"

#include <inttypes.h>

#define QUANTIZATION_VERSION 2

/* llama.cpp's number for a file of mostly this type. */
static guint32
file_type (L4Type type)
{
  switch (type) {
    case L4_TYPE_F32:
      return 0;
    case L4_TYPE_F16:
      return 1;
    case L4_TYPE_Q4_0:
      return 2;
    case L4_TYPE_Q8_0:
      return 7;
    case L4_TYPE_Q4_K:
      return 14;
    case L4_TYPE_Q6_K:
      return 18;
    case L4_TYPE_BF16:
      return 32;
    default:
      return 1024;              /* "guessed" */
  }
}

static void
put_general (L4GgufWriter *writer, const char *architecture, const char *kind, const char *name, L4Type type)
{
  l4_gguf_writer_put_string (writer, "general.architecture", architecture);
  l4_gguf_writer_put_string (writer, "general.type", kind);
  l4_gguf_writer_put_string (writer, "general.name", name);
  l4_gguf_writer_put_uint (writer, "general.file_type", file_type (type));
  l4_gguf_writer_put_uint (writer, "general.quantization_version", QUANTIZATION_VERSION);
}

/* Every step-th layer, counted from 1, has experts; 0: none has. -1: there is no such step. */
static gint64
moe_step (const L4TextConfig *config)
{
  gint64 step = 0;

  while (step < config->n_layers && !config->layers[step].moe)
    step++;
  step = step < config->n_layers ? step + 1 : 0;
  for (gint64 l = 0; l < config->n_layers; l++)
    if (config->layers[l].moe != (step > 0 && (l + 1) % step == 0))
      return -1;
  return step;
}

/* Whether every period-th layer sees everything without positions, and the others a chunk with rotary ones. */
static gboolean
has_period (const L4TextConfig *config, gint64 period)
{
  for (gint64 l = 0; l < config->n_layers; l++) {
    gboolean full = (l + 1) % period == 0;

    if (config->layers[l].rope == full || config->layers[l].chunked == full)
      return FALSE;
  }
  return TRUE;
}

static gboolean
all_full_and_rotary (const L4TextConfig *config)
{
  for (gint64 l = 0; l < config->n_layers; l++)
    if (!config->layers[l].rope || config->layers[l].chunked)
      return FALSE;
  return TRUE;
}

/* Chunks and positions, of which llama.cpp writes down only what differs from its own assumptions. */
static gboolean
put_pattern (L4GgufWriter *writer, const L4TextConfig *config, const char *path, GError **error)
{
  gint64 period = 2;

  if (all_full_and_rotary (config)) {
    l4_gguf_writer_put_uint (writer, "llama4.attention.sliding_window", 0);
    return TRUE;
  }
  if (!config->temperature || config->attn_scale != 0.1 || config->floor_scale != 8192)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: attn_temperature_tuning %s with attn_scale %g and floor_scale %g cannot "
            "be said in a GGUF file, which stands for true, 0.1 and 8192"), path, config->temperature ? "true" : "false",
        config->attn_scale, config->floor_scale);
  while (period <= config->n_layers && !has_period (config, period))
    period++;
  if (period > config->n_layers)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: the order of the layers with and without chunks and rotary positions "
            "cannot be said in a GGUF file"), path);
  if (period != 4)
    l4_gguf_writer_put_uint (writer, "llama4.attention.sliding_window_pattern", (guint32) period);
  l4_gguf_writer_put_uint (writer, "llama4.attention.chunk_size", (guint32) config->chunk);
  return TRUE;
}

gboolean
l4_gguf_put_text (L4GgufWriter *writer, const L4TextConfig *config, const char *name, L4Type type, const char *path,
    GError **error)
{
  gint64 step = moe_step (config);

  if (step < 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: which of the layers have experts cannot be said in a GGUF file"), path);
  put_general (writer, "llama4", "model", name, type);
  l4_gguf_writer_put_uint (writer, "llama4.block_count", (guint32) config->n_layers);
  l4_gguf_writer_put_uint (writer, "llama4.context_length", (guint32) config->context);
  l4_gguf_writer_put_uint (writer, "llama4.embedding_length", (guint32) config->hidden);
  l4_gguf_writer_put_uint (writer, "llama4.feed_forward_length", (guint32) config->dense_width);
  l4_gguf_writer_put_uint (writer, "llama4.expert_feed_forward_length", (guint32) config->expert_width);
  l4_gguf_writer_put_uint (writer, "llama4.expert_count", (guint32) config->n_experts);
  l4_gguf_writer_put_uint (writer, "llama4.expert_used_count", (guint32) config->top_k);
  l4_gguf_writer_put_uint (writer, "llama4.interleave_moe_layer_step", (guint32) step);
  l4_gguf_writer_put_uint (writer, "llama4.attention.head_count", (guint32) config->n_heads);
  l4_gguf_writer_put_uint (writer, "llama4.attention.head_count_kv", (guint32) config->n_kv_heads);
  l4_gguf_writer_put_uint (writer, "llama4.attention.key_length", (guint32) config->head_dim);
  l4_gguf_writer_put_uint (writer, "llama4.attention.value_length", (guint32) config->head_dim);
  l4_gguf_writer_put_float (writer, "llama4.attention.layer_norm_rms_epsilon", (float) config->rms_eps);
  l4_gguf_writer_put_uint (writer, "llama4.rope.dimension_count", (guint32) config->head_dim);
  l4_gguf_writer_put_float (writer, "llama4.rope.freq_base", (float) config->rope.theta);
  l4_gguf_writer_put_uint (writer, "llama4.vocab_size", (guint32) config->vocab);
  l4_gguf_writer_put_bool (writer, "llama4.use_qk_norm", config->qk_norm);
  return put_pattern (writer, config, path, error);
}

void
l4_gguf_put_vision (L4GgufWriter *writer, const L4VisionConfig *config, gint64 hidden, const char *name, L4Type type)
{
  static const float halves[3] = { 0.5f, 0.5f, 0.5f };

  put_general (writer, "clip", "mmproj", name, type);
  l4_gguf_writer_put_bool (writer, "clip.has_vision_encoder", TRUE);
  l4_gguf_writer_put_string (writer, "clip.projector_type", "llama4");
  l4_gguf_writer_put_bool (writer, "clip.use_gelu", TRUE);
  l4_gguf_writer_put_uint (writer, "clip.vision.image_size", (guint32) config->image_size);
  l4_gguf_writer_put_uint (writer, "clip.vision.patch_size", (guint32) config->patch_size);
  l4_gguf_writer_put_uint (writer, "clip.vision.embedding_length", (guint32) config->hidden);
  l4_gguf_writer_put_uint (writer, "clip.vision.feed_forward_length", (guint32) config->intermediate);
  l4_gguf_writer_put_uint (writer, "clip.vision.block_count", (guint32) config->n_layers);
  l4_gguf_writer_put_uint (writer, "clip.vision.attention.head_count", (guint32) config->n_heads);
  l4_gguf_writer_put_float (writer, "clip.vision.attention.layer_norm_epsilon", (float) config->norm_eps);
  l4_gguf_writer_put_uint (writer, "clip.vision.projection_dim", (guint32) hidden);
  l4_gguf_writer_put_uint (writer, "clip.vision.projector.scale_factor", (guint32) config->shuffle);
  l4_gguf_writer_put_floats (writer, "clip.vision.image_mean", 3, halves);
  l4_gguf_writer_put_floats (writer, "clip.vision.image_std", 3, halves);
}
