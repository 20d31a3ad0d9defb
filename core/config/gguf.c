/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings in the metadata of a GGUF file, as llama.cpp writes them and as Ollama does. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "config/config-private.h"

#define NO_QK_NORM_EXPERTS 128  /* llama.cpp takes a model of so many experts for Maverick, which has no QK norm */
#define LAYER_NAME "language_model.model.layers.%" PRId64 ".%s"

/* Whether layer has a tensor of that name below it. */
static gboolean
layer_has (const L4Checkpoint *checkpoint, gint64 layer, const char *name)
{
  g_autofree char *full = g_strdup_printf (LAYER_NAME, layer, name);

  return l4_checkpoint_find (checkpoint, full) != NULL;
}

/* Attention ----------------------------------------------------------------------------------------------------------- */

static gboolean
read_heads (const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  gint64 value_dim, rotated;

  if (!l4_gguf_need_int (gguf, "llama4.attention.head_count", 1, L4_MAX_HEADS, &config->n_heads, error))
    return FALSE;
  config->n_kv_heads = config->n_heads;
  config->head_dim = config->hidden / config->n_heads;
  if (!l4_gguf_get_int (gguf, "llama4.attention.head_count_kv", 1, L4_MAX_HEADS, &config->n_kv_heads, error)
      || !l4_gguf_get_int (gguf, "llama4.attention.key_length", 2, L4_MAX_HEAD_DIM, &config->head_dim, error))
    return FALSE;
  value_dim = rotated = config->head_dim;
  if (!l4_gguf_get_int (gguf, "llama4.attention.value_length", 2, L4_MAX_HEAD_DIM, &value_dim, error)
      || !l4_gguf_get_int (gguf, "llama4.rope.dimension_count", 2, L4_MAX_HEAD_DIM, &rotated, error))
    return FALSE;
  if (config->n_heads % config->n_kv_heads != 0)
    return l4_gguf_refuse (gguf, "llama4.attention.head_count", L4_ERROR_FORMAT, error,
        _("it must be a multiple of llama4.attention.head_count_kv, %" PRId64), config->n_kv_heads);
  if (config->head_dim < 2 || config->head_dim > L4_MAX_HEAD_DIM || config->head_dim % 2 != 0)
    return l4_gguf_refuse (gguf, "llama4.attention.key_length", L4_ERROR_FORMAT, error,
        _("each of the %" PRId64 " heads is %" PRId64 " wide, which must be an even number from 2 to %d"), config->n_heads,
        config->head_dim, L4_MAX_HEAD_DIM);
  if (value_dim != config->head_dim)
    return l4_gguf_refuse (gguf, "llama4.attention.value_length", L4_ERROR_UNSUPPORTED, error,
        _("only the width of the keys, %" PRId64 ", is supported"), config->head_dim);
  if (rotated != config->head_dim)
    return l4_gguf_refuse (gguf, "llama4.rope.dimension_count", L4_ERROR_UNSUPPORTED, error,
        _("only the width of the heads, %" PRId64 ", is supported"), config->head_dim);
  return TRUE;
}

/* What llama.cpp has no keys for in this architecture, under the names that it has in others, or that Ollama has. */
static gboolean
read_unwritten (const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  config->qk_norm = config->n_experts != NO_QK_NORM_EXPERTS;
  config->floor_scale = L4_DEFAULT_FLOOR_SCALE;
  config->attn_scale = L4_DEFAULT_ATTN_SCALE;
  if (!l4_gguf_get_bool (gguf, "llama4.use_qk_norm", &config->qk_norm, error)
      || !l4_gguf_get_double (gguf, "llama4.attention.temperature_length", 1, 1e12, &config->floor_scale, error)
      || !l4_gguf_get_double (gguf, "llama4.attention.temperature_scale", 0, 1e6, &config->attn_scale, error))
    return FALSE;
  config->temperature = config->attn_scale != 0;
  return TRUE;
}

static gboolean
only_string (const L4Gguf *gguf, const char *key, const char *only, GError **error)
{
  const char *value = only;

  if (!l4_gguf_get_string (gguf, key, &value, error))
    return FALSE;
  return strcmp (value, only) == 0 || l4_gguf_refuse (gguf, key, L4_ERROR_UNSUPPORTED, error, _("only \"%s\" is supported"),
      only);
}

static gboolean
only_int (const L4Gguf *gguf, const char *key, gint64 only, GError **error)
{
  gint64 value = only;

  if (!l4_gguf_get_int (gguf, key, G_MININT64, G_MAXINT64, &value, error))
    return FALSE;
  return value == only || l4_gguf_refuse (gguf, key, L4_ERROR_UNSUPPORTED, error, _("only %" PRId64 " is supported"), only);
}

/* The frequencies' divisors, which hold all scaling of them that a converter found. */
static gboolean
read_divisors (const L4Checkpoint *checkpoint, L4TextConfig *config, GError **error)
{
  const gint64 n = config->head_dim / 2;
  const L4Tensor *tensor = l4_checkpoint_find (checkpoint, "rope_freqs.weight");

  if (tensor == NULL)
    return TRUE;
  if (l4_checkpoint_expect (checkpoint, tensor->name, 1, &n, error) == NULL)
    return FALSE;
  config->rope.divisors = g_new0 (float, n);
  if (!l4_checkpoint_read_float (checkpoint, tensor, 0, (gsize) n, config->rope.divisors, error))
    return FALSE;
  for (gint64 i = 0; i < n; i++)
    if (!(config->rope.divisors[i] >= 1e-6f && config->rope.divisors[i] <= 1e6f))
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: item %" PRId64 " of rope_freqs.weight is %g, not a number from %g to %g"),
          l4_checkpoint_get_file (checkpoint, tensor->file), i, config->rope.divisors[i], 1e-6, 1e6);
  return TRUE;
}

static gboolean
read_rope (const L4Checkpoint *checkpoint, const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  return l4_gguf_need_double (gguf, "llama4.rope.freq_base", 1, 1e12, &config->rope.theta, error)
      && only_string (gguf, "llama4.rope.scaling.type", "none", error) && only_int (gguf, "llama4.rope.scale_linear", 1, error)
      && read_divisors (checkpoint, config, error);
}

/* Layers -------------------------------------------------------------------------------------------------------------- */

/* The layers that see only their chunk: of each period all but the last, or those that a list marks. */
static gboolean
read_pattern (const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  static const char key[] = "llama4.attention.sliding_window_pattern";
  gint64 period = L4_DEFAULT_INTERVAL;
  g_autofree gboolean *marks = NULL;

  if (l4_gguf_is_array (gguf, key)) {
    if (!l4_gguf_get_bools (gguf, key, (gsize) config->n_layers, &marks, error))
      return FALSE;
  } else if (!l4_gguf_get_int (gguf, key, 0, L4_MAX_LAYERS, &period, error)) {
    return FALSE;
  }
  for (gint64 l = 0; l < config->n_layers; l++)
    config->layers[l].chunked = marks != NULL ? marks[l] : period == 0 || l % period < period - 1;
  return TRUE;
}

/* A window of 0 is how llama.cpp marks the relatives that have neither chunks nor layers without positions. */
static gboolean
read_positions (const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  gint64 window = L4_DEFAULT_CHUNK, interval = L4_DEFAULT_INTERVAL;

  config->chunk = L4_DEFAULT_CHUNK;
  if (!l4_gguf_get_int (gguf, "llama4.attention.sliding_window", 0, G_MAXINT64, &window, error)
      || !l4_gguf_get_int (gguf, "llama4.attention.chunk_size", 0, L4_MAX_CONTEXT, &config->chunk, error)
      || !l4_gguf_get_int (gguf, "llama4.no_rope_layer_interval", 1, L4_MAX_LAYERS + 1, &interval, error)
      || !read_pattern (gguf, config, error))
    return FALSE;
  if (window == 0)
    config->chunk = 0;
  for (gint64 l = 0; l < config->n_layers; l++) {
    config->layers[l].rope = window == 0 || (l + 1) % interval != 0;
    config->layers[l].chunked = config->layers[l].chunked && config->chunk != 0;
  }
  return TRUE;
}

/* A layer has experts if it has a router; the step between such layers must say the same. */
static gboolean
read_moe_layers (const L4Checkpoint *checkpoint, const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  static const char key[] = "llama4.interleave_moe_layer_step";
  gint64 step = 0;

  if (!l4_gguf_get_int (gguf, key, 0, L4_MAX_LAYERS, &step, error))
    return FALSE;
  for (gint64 l = 0; l < config->n_layers; l++) {
    gboolean expected = config->n_experts > 0 && step > 0 && (l + 1) % step == 0;

    config->layers[l].moe = layer_has (checkpoint, l, "feed_forward.router.weight");
    if (l4_gguf_has (gguf, key) && config->layers[l].moe != expected)
      return l4_gguf_refuse (gguf, key, L4_ERROR_FORMAT, error, expected ? _("but layer %" PRId64 " has no router")
          : _("but layer %" PRId64 " has a router"), l);
    if (config->layers[l].moe && config->n_experts == 0)
      return l4_gguf_refuse (gguf, "llama4.expert_count", L4_ERROR_FORMAT, error, _("but layer %" PRId64 " has a router"), l);
  }
  return TRUE;
}

/* Feed-forward sizes; those that no layer uses stay 0. Ollama has other keys, and takes feed_forward_length for the experts'. */
static gboolean
read_feed_forward (const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  const char *expert = l4_gguf_has (gguf, "llama4.intermediate_size_moe") ? "llama4.intermediate_size_moe"
      : "llama4.expert_feed_forward_length";
  const char *dense = l4_gguf_has (gguf, "llama4.intermediate_size") ? "llama4.intermediate_size" : "llama4.feed_forward_length";
  gint64 n_moe = 0;

  for (gint64 l = 0; l < config->n_layers; l++)
    n_moe += config->layers[l].moe;
  if (n_moe == 0)
    config->n_experts = 0;
  if (n_moe > 0
      && (!l4_gguf_need_int (gguf, expert, 1, L4_MAX_HIDDEN, &config->expert_width, error)
          || !l4_gguf_need_int (gguf, "llama4.expert_used_count", 1, config->n_experts, &config->top_k, error)
          || !only_int (gguf, "llama4.expert_gating_func", 2, error)))
    return FALSE;
  return n_moe == config->n_layers || l4_gguf_need_int (gguf, dense, 1, L4_MAX_HIDDEN, &config->dense_width, error);
}

/* The vocabulary is as large as the table of embeddings, whatever else says so must agree. */
static gboolean
read_vocabulary (const L4Checkpoint *checkpoint, const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  const L4Tensor *table = l4_checkpoint_find (checkpoint, "language_model.model.embed_tokens.weight");

  if (table == NULL || table->n_dims != 2 || table->dims[1] != config->hidden || table->dims[0] > L4_MAX_VOCAB)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: there is no tensor \"token_embd.weight\" of at most %" PRId64
            " rows of %" PRId64), l4_gguf_get_path (gguf), L4_MAX_VOCAB, config->hidden);
  config->vocab = table->dims[0];
  config->tied = l4_checkpoint_find (checkpoint, "language_model.lm_head.weight") == NULL;
  return l4_gguf_get_int (gguf, "llama4.vocab_size", config->vocab, config->vocab, &config->vocab, error);
}

static gboolean
read_text (const L4Checkpoint *checkpoint, const L4Gguf *gguf, L4TextConfig *config, GError **error)
{
  if (!l4_gguf_need_int (gguf, "llama4.embedding_length", 1, L4_MAX_HIDDEN, &config->hidden, error)
      || !l4_gguf_need_int (gguf, "llama4.block_count", 1, L4_MAX_LAYERS, &config->n_layers, error)
      || !l4_gguf_need_int (gguf, "llama4.context_length", 1, L4_MAX_CONTEXT, &config->context, error)
      || !l4_gguf_need_double (gguf, "llama4.attention.layer_norm_rms_epsilon", 0, 1, &config->rms_eps, error)
      || !l4_gguf_get_int (gguf, "llama4.expert_count", 0, L4_MAX_EXPERTS, &config->n_experts, error)
      || !read_vocabulary (checkpoint, gguf, config, error) || !read_heads (gguf, config, error)
      || !read_unwritten (gguf, config, error) || !read_rope (checkpoint, gguf, config, error))
    return FALSE;
  config->attention_bias = layer_has (checkpoint, 0, "self_attn.q_proj.bias");
  config->layers = g_new0 (L4LayerConfig, config->n_layers);
  return read_positions (gguf, config, error) && read_moe_layers (checkpoint, gguf, config, error)
      && read_feed_forward (gguf, config, error);
}

/* Token ids ----------------------------------------------------------------------------------------------------------- */

static gboolean
add_stop (const L4Gguf *gguf, const char *key, L4Config *config, gint64 id, GError **error)
{
  return id < 0 || l4_config_add_stop (config, id)
      || l4_gguf_refuse (gguf, key, L4_ERROR_FORMAT, error, _("more than %d ids"), L4_MAX_STOP_IDS);
}

static gboolean
read_stop_ids (const L4Gguf *gguf, L4Config *config, GError **error)
{
  static const char *const keys[] = {
    "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"
  };
  static const char list[] = "tokenizer.ggml.eos_token_ids";
  g_autofree gint64 *ids = NULL;
  gsize n;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    gint64 id = -1;

    if (!l4_gguf_get_int (gguf, keys[i], 0, config->text.vocab - 1, &id, error) || !add_stop (gguf, keys[i], config, id, error))
      return FALSE;
  }
  if (!l4_gguf_get_ints (gguf, list, 0, L4_MAX_STOP_IDS, &ids, &n, error))
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    if (ids[i] < 0 || ids[i] >= config->text.vocab)
      return l4_gguf_refuse (gguf, list, L4_ERROR_FORMAT, error, _("each must be an integer from 0 to %" PRId64),
          config->text.vocab - 1);
    if (!add_stop (gguf, list, config, ids[i], error))
      return FALSE;
  }
  return TRUE;
}

/* Ids that no key has are found by the names of their tokens. */
static gboolean
find_named_ids (const L4Gguf *gguf, L4Config *config, GError **error)
{
  gint64 stops[3] = { -1, -1, -1 };
  const struct
  {
    const char *name;
    gint64 *id;
  } wanted[] = {
    {"<|end_of_text|>", &stops[0]}, {"<|eom|>", &stops[1]}, {"<|eot|>", &stops[2]},
    {"<|begin_of_text|>", &config->bos_token}, {"<|patch|>", &config->image_token},
    {"<|image_start|>", &config->image_start_token}, {"<|image_end|>", &config->image_end_token},
  };
  static const char key[] = "tokenizer.ggml.tokens";
  g_autofree L4GgufString *tokens = NULL;
  gsize n;

  if (!l4_gguf_get_strings (gguf, key, 0, (gsize) config->text.vocab, &tokens, &n, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    for (guint k = 0; k < G_N_ELEMENTS (wanted); k++)
      if (*wanted[k].id < 0 && tokens[i].length == strlen (wanted[k].name)
          && memcmp (tokens[i].text, wanted[k].name, tokens[i].length) == 0)
        *wanted[k].id = (gint64) i;
  return add_stop (gguf, key, config, stops[0], error) && add_stop (gguf, key, config, stops[1], error)
      && add_stop (gguf, key, config, stops[2], error);
}

static gboolean
read_ids (const L4Gguf *gguf, L4Config *config, GError **error)
{
  const gint64 last = config->text.vocab - 1;

  config->image_token = config->image_start_token = config->image_end_token = config->bos_token = config->pad_token = -1;
  return l4_gguf_get_int (gguf, "tokenizer.ggml.bos_token_id", 0, last, &config->bos_token, error)
      && l4_gguf_get_int (gguf, "tokenizer.ggml.padding_token_id", 0, last, &config->pad_token, error)
      && read_stop_ids (gguf, config, error) && find_named_ids (gguf, config, error);
}

L4Config *
l4_config_load_gguf (const L4Checkpoint *checkpoint, GError **error)
{
  const L4Gguf *gguf = l4_checkpoint_get_gguf (checkpoint);
  g_autoptr (L4Config) config = g_new0 (L4Config, 1);

  config->text_prefix = TRUE;
  config->has_vision = l4_checkpoint_get_projector (checkpoint) != NULL;
  if (!read_text (checkpoint, gguf, &config->text, error)
      || !l4_config_check_total (l4_gguf_get_path (gguf), config, error) || !read_ids (gguf, config, error)
      || (config->has_vision && !l4_config_read_gguf_vision (checkpoint, config, error)))
    return NULL;
  return g_steal_pointer (&config);
}
