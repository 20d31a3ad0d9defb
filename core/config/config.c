/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of a model, and what their readers share. */

#include "config/config.h"

#include <inttypes.h>

#include "config/config-private.h"

gboolean
l4_config_need_int (const L4Json *json, yyjson_val *object, const char *key, gint64 minimum, gint64 maximum, gint64 *value,
    GError **error)
{
  yyjson_val *found;

  if (!l4_json_get (json, object, key, YYJSON_TYPE_NONE, &found, error))
    return FALSE;
  if (found == NULL)
    return l4_json_refuse (json, object, key, L4_ERROR_FORMAT, error,
        _("it must be an integer from %" PRId64 " to %" PRId64), minimum, maximum);
  return l4_json_get_int (json, object, key, minimum, maximum, value, error);
}

gboolean
l4_config_only_string (const L4Json *json, yyjson_val *object, const char *key, const char *only, GError **error)
{
  yyjson_val *found;

  if (!l4_json_get (json, object, key, YYJSON_TYPE_STR, &found, error))
    return FALSE;
  if (found != NULL && !yyjson_equals_str (found, only))
    return l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error, _("only \"%s\" is supported"), only);
  return TRUE;
}

gboolean
l4_config_check_total (const char *path, const L4Config *config, GError **error)
{
  const L4TextConfig *text = &config->text;
  double hidden = (double) text->hidden, attention = (double) (text->n_heads + text->n_kv_heads) * (double) text->head_dim;
  double widths = ((double) text->n_experts + 1) * (double) text->expert_width + (double) text->dense_width;
  double total = hidden * ((double) text->vocab + (double) text->n_layers * (2 * attention + 3 * widths));

  if (total > 1e15)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: %" PRId64 " layers of %" PRId64 " experts, hidden_size %" PRId64
            " and intermediate_size %" PRId64 " make about %.0f parameters, more than any model has"), path,
        text->n_layers, text->n_experts, text->hidden, text->expert_width, total);
  return TRUE;
}

gboolean
l4_config_add_stop (L4Config *config, gint64 id)
{
  for (guint i = 0; i < config->n_stop_tokens; i++)
    if (config->stop_tokens[i] == id)
      return TRUE;
  if (config->n_stop_tokens == L4_MAX_STOP_IDS)
    return FALSE;
  config->stop_tokens[config->n_stop_tokens++] = id;
  return TRUE;
}

void
l4_config_free (L4Config *self)
{
  if (self == NULL)
    return;
  g_free (self->text.layers);
  g_free (self->text.rope.divisors);
  g_free (self);
}

gint64
l4_vision_grid (const L4VisionConfig *self)
{
  return self->image_size / self->patch_size;
}

gint64
l4_vision_tokens_per_tile (const L4VisionConfig *self)
{
  gint64 side = l4_vision_grid (self) / self->shuffle;

  return side * side;
}
