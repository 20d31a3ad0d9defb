/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vision encoder's settings in config.json, and the image processor's beside it. */

#include <inttypes.h>
#include <math.h>

#include "config/config-private.h"

static gboolean
read_theta (const L4Json *json, yyjson_val *vision, double *theta, GError **error)
{
  L4RopeConfig rope = {.theta = L4_DEFAULT_VISION_THETA };

  if (!l4_config_read_rope (json, vision, &rope, error))
    return FALSE;
  if (rope.factor != 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: scaled RoPE in the vision encoder is not supported"), json->path);
  *theta = rope.theta;
  return TRUE;
}

/* pixel_shuffle_ratio is the inverse of a whole number. */
static gboolean
read_shuffle (const L4Json *json, yyjson_val *vision, gint64 *shuffle, GError **error)
{
  double ratio = 0.5;

  if (!l4_json_get_double (json, vision, "pixel_shuffle_ratio", 1.0 / L4_MAX_SHUFFLE, 1, &ratio, error))
    return FALSE;
  *shuffle = lround (1 / ratio);
  if (fabs (1 / ratio - (double) *shuffle) > 1e-6)
    return l4_json_refuse (json, vision, "pixel_shuffle_ratio", L4_ERROR_FORMAT, error,
        _("it must be the inverse of a whole number"));
  return TRUE;
}

L4VisionFlaw
l4_config_vision_flaw (const L4VisionConfig *config, char **reason)
{
  gint64 step = config->patch_size * config->shuffle, folded = config->hidden * config->shuffle * config->shuffle;

  if (config->image_size % step != 0 || config->image_size / config->patch_size > L4_MAX_GRID) {
    *reason = g_strdup_printf (_("it must be a multiple of the patch size %" PRId64 " times %" PRId64 ", with at most %d patches "
            "a side"), config->patch_size, config->shuffle, L4_MAX_GRID);
    return L4_VISION_IMAGE_SIZE;
  }
  if (config->hidden % config->n_heads != 0 || config->hidden / config->n_heads % 4 != 0) {
    *reason = g_strdup_printf (_("%" PRId64 " heads must each get a multiple of 4"), config->n_heads);
    return L4_VISION_HIDDEN;
  }
  if (config->intermediate != folded) {
    *reason = g_strdup_printf (_("the adapter takes %" PRId64 " values, a width of %" PRId64 " times %" PRId64 " patches"),
        folded, config->hidden, config->shuffle * config->shuffle);
    return L4_VISION_INTERMEDIATE;
  }
  if (config->projector_input != config->projector_output || config->projector_output != config->output) {
    *reason = g_strdup_printf (_("projector_input_dim %" PRId64 ", projector_output_dim %" PRId64 " and vision_output_dim %"
            PRId64 " must be the same"), config->projector_input, config->projector_output, config->output);
    return L4_VISION_PROJECTOR;
  }
  return L4_VISION_FITS;
}

static gboolean
check_sizes (const L4Json *json, yyjson_val *vision, const L4VisionConfig *config, GError **error)
{
  static const char *const keys[] = { "image_size", "hidden_size", "intermediate_size", "projector_output_dim" };
  g_autofree char *reason = NULL;
  L4VisionFlaw flaw = l4_config_vision_flaw (config, &reason);

  return flaw == L4_VISION_FITS || l4_json_refuse (json, vision, keys[flaw], L4_ERROR_FORMAT, error, "%s", reason);
}

static gboolean
refuse_projector_bias (const L4Json *json, yyjson_val *vision, GError **error)
{
  gboolean bias = FALSE;

  if (!l4_json_get_bool (json, vision, "multi_modal_projector_bias", &bias, error))
    return FALSE;
  return !bias || l4_json_refuse (json, vision, "multi_modal_projector_bias", L4_ERROR_UNSUPPORTED, error,
      _("only false is supported"));
}

gboolean
l4_config_read_vision (const L4Json *json, yyjson_val *vision, L4VisionConfig *config, GError **error)
{
  config->channels = 3;
  config->norm_eps = L4_DEFAULT_NORM_EPS;
  return l4_config_only_string (json, vision, "model_type", "llama4_vision_model", error)
      && l4_config_only_string (json, vision, "hidden_act", "gelu", error)
      && l4_config_need_int (json, vision, "image_size", 1, L4_MAX_SIDE, &config->image_size, error)
      && l4_config_need_int (json, vision, "patch_size", 1, L4_MAX_SIDE, &config->patch_size, error)
      && l4_json_get_int (json, vision, "num_channels", 3, 3, &config->channels, error)
      && l4_config_need_int (json, vision, "hidden_size", 1, L4_MAX_WIDTH, &config->hidden, error)
      && l4_config_need_int (json, vision, "num_attention_heads", 1, L4_MAX_HEADS, &config->n_heads, error)
      && l4_config_need_int (json, vision, "num_hidden_layers", 1, L4_MAX_LAYERS, &config->n_layers, error)
      && l4_config_need_int (json, vision, "intermediate_size", 1, L4_MAX_WIDTH * L4_MAX_SHUFFLE, &config->intermediate, error)
      && l4_config_need_int (json, vision, "projector_input_dim", 1, L4_MAX_WIDTH, &config->projector_input, error)
      && l4_config_need_int (json, vision, "projector_output_dim", 1, L4_MAX_WIDTH, &config->projector_output, error)
      && l4_config_need_int (json, vision, "vision_output_dim", 1, L4_MAX_WIDTH, &config->output, error)
      && l4_json_get_double (json, vision, "norm_eps", 0, 1, &config->norm_eps, error)
      && read_shuffle (json, vision, &config->shuffle, error) && read_theta (json, vision, &config->rope_theta, error)
      && refuse_projector_bias (json, vision, error) && check_sizes (json, vision, config, error);
}

/* The image processor ------------------------------------------------------------------------------------------------ */

/* Newer folders keep it inside processor_config.json, published ones in a file of its own. *object: NULL when there is none. */
static gboolean
find_processor (const char *folder, L4Json **json, yyjson_val **object, GError **error)
{
  g_autofree char *newer = g_build_filename (folder, "processor_config.json", NULL);
  g_autofree char *older = g_build_filename (folder, "preprocessor_config.json", NULL);

  *object = NULL;
  if (g_file_test (newer, G_FILE_TEST_EXISTS)) {
    *json = l4_json_load_sparse (newer, L4_MAX_CONFIG, error);
    if (*json == NULL || !l4_json_get (*json, (*json)->root, "image_processor", YYJSON_TYPE_OBJ, object, error))
      return FALSE;
  }
  if (*object == NULL && g_file_test (older, G_FILE_TEST_EXISTS)) {
    l4_json_free (*json);
    *json = l4_json_load_sparse (older, L4_MAX_CONFIG, error);
    if (*json == NULL)
      return FALSE;
    *object = (*json)->root;
  }
  return TRUE;
}

static gboolean
only_true (const L4Json *json, yyjson_val *object, const char *key, GError **error)
{
  gboolean value = TRUE;

  if (!l4_json_get_bool (json, object, key, &value, error))
    return FALSE;
  return value || l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error, _("only true is supported"));
}

/* Mean and standard deviation: 0.5 in each channel, the only values that the normalisation table is made for. */
static gboolean
only_halves (const L4Json *json, yyjson_val *object, const char *key, GError **error)
{
  yyjson_val *list, *item;
  size_t i, n;
  gboolean good;

  if (!l4_json_get (json, object, key, YYJSON_TYPE_ARR, &list, error))
    return FALSE;
  good = list == NULL || yyjson_arr_size (list) == 3;
  yyjson_arr_foreach (list, i, n, item)
      good = good && yyjson_is_num (item) && fabs (yyjson_get_num (item) - 0.5) < 1e-6;
  return good || l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error, _("only [0.5, 0.5, 0.5] is supported"));
}

static gboolean
check_arithmetic (const L4Json *json, yyjson_val *object, GError **error)
{
  double factor = 1.0 / 255;
  gint64 resample = 2;

  if (!only_true (json, object, "do_resize", error) || !only_true (json, object, "do_rescale", error)
      || !only_true (json, object, "do_normalize", error) || !only_halves (json, object, "image_mean", error)
      || !only_halves (json, object, "image_std", error)
      || !l4_json_get_double (json, object, "rescale_factor", -1e6, 1e6, &factor, error)
      || !l4_json_get_int (json, object, "resample", 0, 5, &resample, error))
    return FALSE;
  if (fabs (factor * 255 - 1) > 1e-6)
    return l4_json_refuse (json, object, "rescale_factor", L4_ERROR_UNSUPPORTED, error, _("only 1/255 is supported"));
  if (resample != 2)
    return l4_json_refuse (json, object, "resample", L4_ERROR_UNSUPPORTED, error, _("only 2 (bilinear) is supported"));
  return TRUE;
}

/* The processor's tiles must be those that the encoder takes. */
static gboolean
check_size (const L4Json *json, yyjson_val *object, const L4VisionConfig *config, GError **error)
{
  gint64 height = config->image_size, width = config->image_size;
  yyjson_val *size;

  if (!l4_json_get (json, object, "size", YYJSON_TYPE_OBJ, &size, error))
    return FALSE;
  if (size != NULL && (!l4_json_get_int (json, size, "height", 1, L4_MAX_SIDE, &height, error)
          || !l4_json_get_int (json, size, "width", 1, L4_MAX_SIDE, &width, error)))
    return FALSE;
  if (height != config->image_size || width != config->image_size)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: size is %" PRId64 " x %" PRId64 ", the vision encoder's image_size %" PRId64),
        json->path, width, height, config->image_size);
  return TRUE;
}

gboolean
l4_config_read_processor (const char *folder, L4VisionConfig *config, GError **error)
{
  g_autoptr (L4Json) json = NULL;
  yyjson_val *object;

  config->max_patches = L4_DEFAULT_TILES;
  if (!find_processor (folder, &json, &object, error))
    return FALSE;
  return object == NULL || (check_arithmetic (json, object, error) && check_size (json, object, config, error)
      && l4_json_get_int (json, object, "max_patches", 1, L4_MAX_TILES, &config->max_patches, error)
      && l4_json_get_bool (json, object, "resize_to_max_canvas", &config->resize_to_max_canvas, error));
}
