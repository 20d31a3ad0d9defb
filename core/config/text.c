/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decoder's settings in config.json. */

#include <inttypes.h>

#include "config/config-private.h"

static gboolean
read_scaling (const L4Json *json, yyjson_val *object, L4RopeConfig *rope, GError **error)
{
  yyjson_val *type;

  if (!l4_json_get (json, object, "rope_type", YYJSON_TYPE_STR, &type, error))
    return FALSE;
  if (type == NULL && !l4_json_get (json, object, "type", YYJSON_TYPE_STR, &type, error))
    return FALSE;
  if (type == NULL || yyjson_equals_str (type, "default"))
    return TRUE;
  if (!yyjson_equals_str (type, "llama3")) {
    const char *key = yyjson_obj_get (object, "rope_type") == type ? "rope_type" : "type";

    return l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error,
        _("only \"default\" and \"llama3\" are supported"));
  }
  if (!l4_json_get_double (json, object, "factor", 1, 1e6, &rope->factor, error)
      || !l4_json_get_double (json, object, "low_freq_factor", 1e-6, 1e6, &rope->low_freq_factor, error)
      || !l4_json_get_double (json, object, "high_freq_factor", 1e-6, 1e6, &rope->high_freq_factor, error)
      || !l4_json_get_double (json, object, "original_max_position_embeddings", 1, 1e9, &rope->original_context, error))
    return FALSE;
  if (rope->factor == 0 || rope->low_freq_factor == 0 || rope->high_freq_factor == 0 || rope->original_context == 0)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: \"llama3\" scaling of RoPE needs factor, low_freq_factor, high_freq_factor "
            "and original_max_position_embeddings"), json->path);
  if (rope->high_freq_factor < rope->low_freq_factor)
    return l4_json_refuse (json, object, "high_freq_factor", L4_ERROR_FORMAT, error, _("low_freq_factor %g is above it"),
        rope->low_freq_factor);
  return TRUE;
}

gboolean
l4_config_read_rope (const L4Json *json, yyjson_val *object, L4RopeConfig *rope, GError **error)
{
  yyjson_val *scaling;

  if (!l4_json_get_double (json, object, "rope_theta", 1, 1e12, &rope->theta, error)
      || !l4_json_get (json, object, "rope_parameters", YYJSON_TYPE_OBJ, &scaling, error))
    return FALSE;
  if (scaling == NULL && !l4_json_get (json, object, "rope_scaling", YYJSON_TYPE_OBJ, &scaling, error))
    return FALSE;
  return scaling == NULL || (l4_json_get_double (json, scaling, "rope_theta", 1, 1e12, &rope->theta, error)
      && read_scaling (json, scaling, rope, error));
}

/* Heads and what follows from them. */
static gboolean
read_attention (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  if (!l4_config_need_int (json, text, "num_attention_heads", 1, L4_MAX_HEADS, &config->n_heads, error)
      || !l4_config_need_int (json, text, "num_key_value_heads", 1, L4_MAX_HEADS, &config->n_kv_heads, error)
      || !l4_json_get_int (json, text, "head_dim", 2, L4_MAX_HEAD_DIM, &config->head_dim, error)
      || !l4_json_get_bool (json, text, "attention_bias", &config->attention_bias, error)
      || !l4_json_get_bool (json, text, "use_qk_norm", &config->qk_norm, error)
      || !l4_json_get_double (json, text, "floor_scale", 1, 1e12, &config->floor_scale, error)
      || !l4_json_get_double (json, text, "attn_scale", 0, 1e6, &config->attn_scale, error))
    return FALSE;
  if (config->n_heads % config->n_kv_heads != 0)
    return l4_json_refuse (json, text, "num_attention_heads", L4_ERROR_FORMAT, error,
        _("it must be a multiple of num_key_value_heads, %" PRId64), config->n_kv_heads);
  if (config->head_dim == 0)
    config->head_dim = config->hidden / config->n_heads;
  if (config->head_dim < 2 || config->head_dim > L4_MAX_HEAD_DIM || config->head_dim % 2 != 0)
    return l4_json_refuse (json, text, "head_dim", L4_ERROR_FORMAT, error,
        _("each of the %" PRId64 " heads is %" PRId64 " wide, which must be an even number from 2 to %d"), config->n_heads,
        config->head_dim, L4_MAX_HEAD_DIM);
  return TRUE;
}

/* Published as true, false, or a number of which only "not zero" counts. */
static gboolean
read_temperature (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  yyjson_val *found;

  if (!l4_json_get (json, text, "attn_temperature_tuning", YYJSON_TYPE_NONE, &found, error))
    return FALSE;
  if (found != NULL && !yyjson_is_bool (found) && !yyjson_is_num (found))
    return l4_json_refuse (json, text, "attn_temperature_tuning", L4_ERROR_FORMAT, error,
        _("it must be true, false or a number"));
  if (found == NULL)
    config->temperature = yyjson_obj_get (text, "attn_temperature_tuning") == NULL;     /* null is off, absence on */
  else
    config->temperature = yyjson_is_bool (found) ? yyjson_get_bool (found) : yyjson_get_num (found) != 0;
  return TRUE;
}

static gboolean
read_context (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  config->context = L4_DEFAULT_CONTEXT;
  config->chunk = yyjson_obj_get (text, "attention_chunk_size") == NULL ? L4_DEFAULT_CHUNK : 0;    /* null is none */
  return l4_json_get_int (json, text, "max_position_embeddings", 1, L4_MAX_CONTEXT, &config->context, error)
      && l4_json_get_int (json, text, "attention_chunk_size", 0, L4_MAX_CONTEXT, &config->chunk, error);
}

/* Layers ------------------------------------------------------------------------------------------------------------- */

/* The array under key: NULL when missing, null or empty, else of n_layers items. */
static gboolean
get_per_layer (const L4Json *json, yyjson_val *text, const char *key, gint64 n_layers, yyjson_val **list, GError **error)
{
  if (!l4_json_get (json, text, key, YYJSON_TYPE_ARR, list, error))
    return FALSE;
  if (yyjson_arr_size (*list) == 0)
    *list = NULL;
  else if (yyjson_arr_size (*list) != (gsize) n_layers)
    return l4_json_refuse (json, text, key, L4_ERROR_FORMAT, error, _("there are %" PRId64 " layers"), n_layers);
  return TRUE;
}

/* no_rope_layers: despite its name, 1 means that the layer uses RoPE. */
static gboolean
read_rope_layers (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  gint64 interval = L4_DEFAULT_INTERVAL;
  yyjson_val *list, *item;
  size_t i, n;

  if (!get_per_layer (json, text, "no_rope_layers", config->n_layers, &list, error)
      || !l4_json_get_int (json, text, "no_rope_layer_interval", 1, L4_MAX_LAYERS + 1, &interval, error))
    return FALSE;
  for (gint64 k = 0; k < config->n_layers; k++)
    config->layers[k].rope = (k + 1) % interval != 0;
  yyjson_arr_foreach (list, i, n, item) {
    gint64 value = yyjson_is_bool (item) ? yyjson_get_bool (item) : yyjson_get_sint (item);

    if ((!yyjson_is_bool (item) && !yyjson_is_int (item)) || (value != 0 && value != 1))
      return l4_json_refuse (json, text, "no_rope_layers", L4_ERROR_FORMAT, error, _("item %zu must be 0 or 1"), i);
    config->layers[i].rope = value == 1;
  }
  return TRUE;
}

static gboolean
read_chunked_layers (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  yyjson_val *list, *item;
  size_t i, n;

  if (!get_per_layer (json, text, "layer_types", config->n_layers, &list, error))
    return FALSE;
  for (gint64 k = 0; k < config->n_layers; k++)
    config->layers[k].chunked = config->layers[k].rope;
  yyjson_arr_foreach (list, i, n, item) {
    config->layers[i].chunked = yyjson_equals_str (item, "chunked_attention");
    if (!config->layers[i].chunked && !yyjson_equals_str (item, "full_attention")) {
      g_autofree char *shown = l4_json_describe (item);

      return l4_json_refuse (json, text, "layer_types", L4_ERROR_UNSUPPORTED, error,
          _("item %zu is %s; \"chunked_attention\" and \"full_attention\" are supported"), i, shown);
    }
  }
  for (gint64 k = 0; config->chunk == 0 && k < config->n_layers; k++)
    config->layers[k].chunked = FALSE;
  return TRUE;
}

/* The layers in moe_layers; without that key every interleave_moe_layer_step-th one. */
static gboolean
read_moe_layers (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  gint64 step = 1;
  yyjson_val *list, *item;
  size_t i, n;

  if (!l4_json_get_int (json, text, "interleave_moe_layer_step", 0, L4_MAX_LAYERS, &step, error)
      || !l4_json_get (json, text, "moe_layers", YYJSON_TYPE_ARR, &list, error))
    return FALSE;
  for (gint64 k = 0; list == NULL && config->n_experts > 0 && step > 0 && k < config->n_layers; k++)
    config->layers[k].moe = (k + 1) % step == 0;
  yyjson_arr_foreach (list, i, n, item) {
    if (!yyjson_is_int (item) || yyjson_get_sint (item) < 0 || yyjson_get_sint (item) >= config->n_layers)
      return l4_json_refuse (json, text, "moe_layers", L4_ERROR_FORMAT, error,
          _("item %zu must be an integer from 0 to %" PRId64), i, config->n_layers - 1);
    if (config->n_experts == 0)
      return l4_json_refuse (json, text, "moe_layers", L4_ERROR_FORMAT, error, _("but there are no experts"));
    config->layers[yyjson_get_sint (item)].moe = TRUE;
  }
  return TRUE;
}

static gboolean
read_layers (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  config->layers = g_new0 (L4LayerConfig, config->n_layers);
  return read_rope_layers (json, text, config, error) && read_chunked_layers (json, text, config, error)
      && read_moe_layers (json, text, config, error);
}

/* Feed-forward sizes; those that no layer uses become 0. */
static gboolean
read_feed_forward (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  gint64 n_moe = 0;

  for (gint64 i = 0; i < config->n_layers; i++)
    n_moe += config->layers[i].moe;
  if (n_moe == 0)
    config->n_experts = 0;
  config->top_k = MIN (config->n_experts, 1);
  if (n_moe > 0
      && (!l4_config_need_int (json, text, "intermediate_size", 1, L4_MAX_HIDDEN, &config->expert_width, error)
          || !l4_json_get_int (json, text, "num_experts_per_tok", 1, config->n_experts, &config->top_k, error)))
    return FALSE;
  return n_moe == config->n_layers
      || l4_config_need_int (json, text, "intermediate_size_mlp", 1, L4_MAX_HIDDEN, &config->dense_width, error);
}

gboolean
l4_config_read_text (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error)
{
  config->qk_norm = TRUE;
  config->floor_scale = L4_DEFAULT_FLOOR_SCALE;
  config->attn_scale = L4_DEFAULT_ATTN_SCALE;
  config->rms_eps = L4_DEFAULT_RMS_EPS;
  config->rope.theta = L4_DEFAULT_THETA;
  return l4_config_need_int (json, text, "hidden_size", 1, L4_MAX_HIDDEN, &config->hidden, error)
      && l4_config_need_int (json, text, "num_hidden_layers", 1, L4_MAX_LAYERS, &config->n_layers, error)
      && l4_config_need_int (json, text, "vocab_size", 1, L4_MAX_VOCAB, &config->vocab, error)
      && l4_config_need_int (json, text, "num_local_experts", 0, L4_MAX_EXPERTS, &config->n_experts, error)
      && l4_json_get_double (json, text, "rms_norm_eps", 0, 1, &config->rms_eps, error)
      && l4_config_only_string (json, text, "hidden_act", "silu", error)
      && read_attention (json, text, config, error) && read_temperature (json, text, config, error)
      && read_context (json, text, config, error) && l4_config_read_rope (json, text, &config->rope, error)
      && read_layers (json, text, config, error) && read_feed_forward (json, text, config, error);
}
