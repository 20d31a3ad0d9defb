/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings in the JSON files of a Hugging Face folder. */

#include <inttypes.h>

#include "checkpoint/quantised.h"
#include "config/config-private.h"

/* The model -------------------------------------------------------------------------------------------------------- */

/* The checkpoint reads quantised weights by the same settings; here they are only looked at. */
static gboolean
check_quantised (const L4Json *json, yyjson_val *settings, GError **error)
{
  L4Quantised quantised;

  return l4_quantised_read (json, settings, &quantised, error);
}

/* Finds the objects with the decoder's and the vision encoder's settings (*vision: NULL when there is none). */
static gboolean
find_parts (const L4Json *json, L4Config *config, yyjson_val **text, yyjson_val **vision, GError **error)
{
  yyjson_val *type;

  *text = json->root;
  *vision = NULL;
  if (!l4_json_get (json, json->root, "model_type", YYJSON_TYPE_STR, &type, error))
    return FALSE;
  if (type == NULL)
    return l4_json_refuse (json, json->root, "model_type", L4_ERROR_FORMAT, error, _("it must be \"llama4\""));
  if (yyjson_equals_str (type, "llama4_text"))
    return TRUE;
  if (!yyjson_equals_str (type, "llama4"))
    return l4_json_refuse (json, json->root, "model_type", L4_ERROR_UNSUPPORTED, error,
        _("only \"llama4\" and \"llama4_text\" are supported"));
  if (!l4_json_get (json, json->root, "text_config", YYJSON_TYPE_OBJ, text, error)
      || !l4_json_get (json, json->root, "vision_config", YYJSON_TYPE_OBJ, vision, error))
    return FALSE;
  if (*text == NULL)
    return l4_json_refuse (json, json->root, "text_config", L4_ERROR_FORMAT, error, _("it must be an object"));
  config->text_prefix = TRUE;
  config->has_vision = *vision != NULL;
  return l4_config_only_string (json, *text, "model_type", "llama4_text", error);
}

/* The embeddings may be tied by the decoder's settings or, where those are silent, by the whole model's. */
static gboolean
read_tied (const L4Json *json, yyjson_val *text, gboolean *tied, GError **error)
{
  return l4_json_get_bool (json, json->root, "tie_word_embeddings", tied, error)
      && l4_json_get_bool (json, text, "tie_word_embeddings", tied, error);
}

/* Token ids ---------------------------------------------------------------------------------------------------------- */

static gboolean
read_id (const L4Json *json, yyjson_val *object, const char *key, const L4Config *config, gint64 *id, GError **error)
{
  return l4_json_get_int (json, object, key, -1, config->text.vocab - 1, id, error);
}

/* Adds the ids under eos_token_id, an integer or a list of them. */
static gboolean
add_stop_ids (const L4Json *json, yyjson_val *object, L4Config *config, GError **error)
{
  yyjson_val *found;
  gsize n;

  if (!l4_json_get (json, object, "eos_token_id", YYJSON_TYPE_NONE, &found, error))
    return FALSE;
  n = yyjson_is_arr (found) ? yyjson_arr_size (found) : found != NULL ? 1 : 0;
  for (gsize i = 0; i < n; i++) {
    yyjson_val *item = yyjson_is_arr (found) ? yyjson_arr_get (found, i) : found;
    gint64 id = yyjson_get_sint (item);

    if (!yyjson_is_int (item) || id < 0 || id >= config->text.vocab)
      return l4_json_refuse (json, object, "eos_token_id", L4_ERROR_FORMAT, error,
          _("each must be an integer from 0 to %" PRId64), config->text.vocab - 1);
    if (!l4_config_add_stop (config, id))
      return l4_json_refuse (json, object, "eos_token_id", L4_ERROR_FORMAT, error, _("more than %d ids"), L4_MAX_STOP_IDS);
  }
  return TRUE;
}

/* An id under the key of the newer files, or of the published ones. */
static gboolean
read_renamed_id (const L4Json *json, const char *newer, const char *older, const L4Config *config, gint64 *id, GError **error)
{
  return read_id (json, json->root, newer, config, id, error) && read_id (json, json->root, older, config, id, error);
}

/* Later sources win: the decoder's settings over the whole model's, generation (may be NULL) over both. */
static gboolean
read_ids (const L4Json *json, yyjson_val *text, const L4Json *generation, L4Config *config, GError **error)
{
  const struct
  {
    const L4Json *json;
    yyjson_val *object;
  } sources[] = { {json, json->root}, {json, text}, {generation, generation != NULL ? generation->root : NULL} };

  config->image_token = config->image_start_token = config->image_end_token = config->bos_token = config->pad_token = -1;
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++) {
    if (sources[i].json == NULL)
      continue;
    if (!read_id (sources[i].json, sources[i].object, "bos_token_id", config, &config->bos_token, error)
        || !read_id (sources[i].json, sources[i].object, "pad_token_id", config, &config->pad_token, error)
        || !add_stop_ids (sources[i].json, sources[i].object, config, error))
      return FALSE;
  }
  return read_renamed_id (json, "image_token_id", "image_token_index", config, &config->image_token, error)
      && read_renamed_id (json, "boi_token_id", "boi_token_index", config, &config->image_start_token, error)
      && read_renamed_id (json, "eoi_token_id", "eoi_token_index", config, &config->image_end_token, error);
}

/* generation_config.json; *generation: NULL when there is none. */
static gboolean
load_generation (const char *folder, L4Json **generation, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "generation_config.json", NULL);

  *generation = NULL;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  *generation = l4_json_load_sparse (path, L4_MAX_CONFIG, error);
  return *generation != NULL;
}

/* All of it ---------------------------------------------------------------------------------------------------------- */

L4Config *
l4_config_load_folder (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "config.json", NULL);
  g_autoptr (L4Json) json = l4_json_load_sparse (path, L4_MAX_CONFIG, error);
  g_autoptr (L4Json) generation = NULL;
  g_autoptr (L4Config) config = g_new0 (L4Config, 1);
  yyjson_val *text, *vision;

  if (json == NULL || !find_parts (json, config, &text, &vision, error) || !check_quantised (json, json->root, error)
      || !check_quantised (json, text, error) || !l4_config_read_text (json, text, &config->text, error)
      || !read_tied (json, text, &config->text.tied, error) || !l4_config_check_total (path, config, error))
    return NULL;
  if (vision != NULL && (!l4_config_read_vision (json, vision, &config->vision, error)
          || !l4_config_read_processor (folder, &config->vision, error)))
    return NULL;
  if (!load_generation (folder, &generation, error) || !read_ids (json, text, generation, config, error))
    return NULL;
  return g_steal_pointer (&config);
}
