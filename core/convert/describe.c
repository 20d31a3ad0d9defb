/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metadata of GGUF files that say what a model's shape is. */

#include "convert/describe.h"

#include <inttypes.h>

#define QUANTIZATION_VERSION 2

/* What llama.cpp takes for granted. */
#define DEFAULT_INTERVAL 4
#define DEFAULT_CHUNK 8192
#define DEFAULT_ATTN_SCALE 0.1
#define DEFAULT_FLOOR_SCALE 8192
#define NO_QK_NORM_EXPERTS 128

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

/* Every n-th layer, counted from 1, has no rotary positions; one more than the layers when all have. 0: there is no such n. */
static gint64
rope_interval (const L4TextConfig *config)
{
  gint64 interval = 1;

  while (interval <= config->n_layers && config->layers[interval - 1].rope)
    interval++;
  for (gint64 l = 0; l < config->n_layers; l++)
    if (config->layers[l].rope != ((l + 1) % interval != 0))
      return 0;
  return interval;
}

static gboolean
any_chunked (const L4TextConfig *config)
{
  for (gint64 l = 0; l < config->n_layers; l++)
    if (config->layers[l].chunked)
      return TRUE;
  return FALSE;
}

/* The layers that see only their chunk: all but every interval-th, or a list. */
static void
put_chunks (L4GgufWriter *writer, const L4TextConfig *config, gint64 interval)
{
  g_autofree gboolean *chunked = g_new (gboolean, config->n_layers);
  gboolean regular = TRUE;

  for (gint64 l = 0; l < config->n_layers; l++) {
    chunked[l] = config->layers[l].chunked;
    regular = regular && chunked[l] == config->layers[l].rope;
  }
  if (!regular)
    l4_gguf_writer_put_bools (writer, "llama4.attention.sliding_window_pattern", (gsize) config->n_layers, chunked);
  else if (interval != DEFAULT_INTERVAL)
    l4_gguf_writer_put_uint (writer, "llama4.attention.sliding_window_pattern", (guint32) interval);
  l4_gguf_writer_put_uint (writer, "llama4.attention.chunk_size", (guint32) config->chunk);
}

/* Positions, chunks and temperature, of which llama.cpp has keys only for what differs from its own assumptions, if at all. */
static gboolean
put_positions (L4GgufWriter *writer, const L4TextConfig *config, const char *path, GError **error)
{
  gint64 interval = rope_interval (config);

  if (interval == 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: which of the layers have rotary positions cannot be said in a GGUF file"),
        path);
  if (!any_chunked (config) && interval > config->n_layers) {
    l4_gguf_writer_put_uint (writer, "llama4.attention.sliding_window", 0);
  } else {
    if (interval != DEFAULT_INTERVAL)
      l4_gguf_writer_put_uint (writer, "llama4.no_rope_layer_interval", (guint32) interval);
    put_chunks (writer, config, interval);
  }
  if (!config->temperature || config->attn_scale != DEFAULT_ATTN_SCALE || config->floor_scale != DEFAULT_FLOOR_SCALE) {
    l4_gguf_writer_put_float (writer, "llama4.attention.temperature_length", (float) config->floor_scale);
    l4_gguf_writer_put_float (writer, "llama4.attention.temperature_scale",
        config->temperature ? (float) config->attn_scale : 0);
  }
  return TRUE;
}

gboolean
l4_gguf_is_common (const L4TextConfig *config)
{
  gint64 interval = rope_interval (config);
  gboolean relative = interval > config->n_layers && !any_chunked (config);

  for (gint64 l = 0; !relative && l < config->n_layers; l++)
    if (config->layers[l].chunked != config->layers[l].rope)
      return FALSE;
  return (relative || (interval == DEFAULT_INTERVAL && config->chunk == DEFAULT_CHUNK)) && config->temperature
      && config->attn_scale == DEFAULT_ATTN_SCALE && config->floor_scale == DEFAULT_FLOOR_SCALE
      && config->qk_norm == (config->n_experts != NO_QK_NORM_EXPERTS);
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
  return put_positions (writer, config, path, error);
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
  l4_gguf_writer_put_float (writer, "clip.vision.rope.freq_base", (float) config->rope_theta);
  l4_gguf_writer_put_uint (writer, "clip.vision.max_patches", (guint32) config->max_patches);
  if (config->resize_to_max_canvas)
    l4_gguf_writer_put_bool (writer, "clip.vision.resize_to_max_canvas", TRUE);
  l4_gguf_writer_put_uint (writer, "clip.vision.projection_dim", (guint32) hidden);
  l4_gguf_writer_put_uint (writer, "clip.vision.projector.scale_factor", (guint32) config->shuffle);
  l4_gguf_writer_put_floats (writer, "clip.vision.image_mean", 3, halves);
  l4_gguf_writer_put_floats (writer, "clip.vision.image_std", 3, halves);
}
