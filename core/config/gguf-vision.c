/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vision encoder's settings in GGUF metadata: of a projector file, or of a model file that Ollama made. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "config/config-private.h"

/* The keys of one writer below its prefix; NULL: has none. */
typedef struct
{
  const char *prefix;
  const char *norm_eps;
  const char *shuffle;          /* how many patches a side */
  const char *shuffle_ratio;    /* or its inverse */
} Keys;

static const Keys clip_keys = { "clip.vision.", "attention.layer_norm_epsilon", "projector.scale_factor", NULL };
static const Keys ollama_keys = { "llama4.vision.", "layer_norm_epsilon", NULL, "pixel_shuffle_ratio" };

static gboolean
need_int (const L4Gguf *gguf, const Keys *keys, const char *name, gint64 maximum, gint64 *value, GError **error)
{
  g_autofree char *key = g_strconcat (keys->prefix, name, NULL);

  return l4_gguf_need_int (gguf, key, 1, maximum, value, error);
}

/* How pictures are cut into tiles, which only files that this project converts say. */
static gboolean
read_tiles (const L4Gguf *gguf, const Keys *keys, L4VisionConfig *config, GError **error)
{
  g_autofree char *most = g_strconcat (keys->prefix, "max_patches", NULL);
  g_autofree char *grow = g_strconcat (keys->prefix, "resize_to_max_canvas", NULL);

  config->max_patches = L4_DEFAULT_TILES;
  return l4_gguf_get_int (gguf, most, 1, L4_MAX_TILES, &config->max_patches, error)
      && l4_gguf_get_bool (gguf, grow, &config->resize_to_max_canvas, error);
}

static gboolean
get_double (const L4Gguf *gguf, const Keys *keys, const char *name, double minimum, double maximum, double *value,
    GError **error)
{
  g_autofree char *key = g_strconcat (keys->prefix, name, NULL);

  return l4_gguf_get_double (gguf, key, minimum, maximum, value, error);
}

static gboolean
read_shuffle (const L4Gguf *gguf, const Keys *keys, L4VisionConfig *config, GError **error)
{
  g_autofree char *key = g_strconcat (keys->prefix, keys->shuffle != NULL ? keys->shuffle : keys->shuffle_ratio, NULL);
  double ratio = 0.5;

  config->shuffle = 2;
  if (keys->shuffle != NULL)
    return l4_gguf_get_int (gguf, key, 1, L4_MAX_SHUFFLE, &config->shuffle, error);
  if (!l4_gguf_get_double (gguf, key, 1.0 / L4_MAX_SHUFFLE, 1, &ratio, error))
    return FALSE;
  config->shuffle = lround (1 / ratio);
  return fabs (1 / ratio - (double) config->shuffle) <= 1e-6
      || l4_gguf_refuse (gguf, key, L4_ERROR_FORMAT, error, _("it must be the inverse of a whole number"));
}

/* Mean and standard deviation: 0.5 in each channel, the only values that the normalisation table is made for. */
static gboolean
only_halves (const L4Gguf *gguf, const Keys *keys, const char *name, GError **error)
{
  g_autofree char *key = g_strconcat (keys->prefix, name, NULL);
  g_autofree float *items = NULL;
  gsize n;

  if (!l4_gguf_get_floats (gguf, key, 3, 3, &items, &n, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!(fabsf (items[i] - 0.5f) < 1e-6f))
      return l4_gguf_refuse (gguf, key, L4_ERROR_UNSUPPORTED, error, _("item %zu is %g; only 0.5 is supported"), i, items[i]);
  return TRUE;
}

static gboolean
only_true (const L4Gguf *gguf, const char *key, GError **error)
{
  gboolean value = TRUE;

  if (!l4_gguf_get_bool (gguf, key, &value, error))
    return FALSE;
  return value || l4_gguf_refuse (gguf, key, L4_ERROR_UNSUPPORTED, error, _("only true is supported"));
}

/* Outputs and inputs of the matrix name, whose file calls it by another. */
static gboolean
matrix_sizes (const L4Checkpoint *checkpoint, const L4Gguf *gguf, const char *name, gint64 *n_out, gint64 *n_in, GError **error)
{
  const L4Tensor *tensor = l4_checkpoint_find (checkpoint, name);

  if (tensor == NULL || tensor->n_dims != 2 || tensor->dims[0] > L4_MAX_HIDDEN || tensor->dims[1] > L4_MAX_HIDDEN)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: there is no matrix \"%s\" of at most %" PRId64 " rows and columns"),
        l4_gguf_get_path (gguf), name, L4_MAX_HIDDEN);
  *n_out = tensor->dims[0];
  *n_in = tensor->dims[1];
  return TRUE;
}

/* No key has the adapter's widths: its matrices do. */
static gboolean
read_adapter (const L4Checkpoint *checkpoint, const L4Gguf *gguf, const L4TextConfig *text, L4VisionConfig *config,
    GError **error)
{
  gint64 first_in, second_in, model;

  if (!matrix_sizes (checkpoint, gguf, "vision_model.vision_adapter.mlp.fc1.weight", &config->projector_input, &first_in, error)
      || !matrix_sizes (checkpoint, gguf, "vision_model.vision_adapter.mlp.fc2.weight", &config->projector_output, &second_in,
          error)
      || !matrix_sizes (checkpoint, gguf, "multi_modal_projector.linear_1.weight", &model, &config->output, error))
    return FALSE;
  if (model != text->hidden)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the projector's vectors are %" PRId64 " wide, those of the model %s %" PRId64),
        l4_gguf_get_path (gguf), model, l4_checkpoint_get_path (checkpoint), text->hidden);
  return TRUE;
}

static gboolean
check_sizes (const L4Gguf *gguf, const Keys *keys, const L4VisionConfig *config, GError **error)
{
  static const char *const names[] = { "image_size", "embedding_length", "feed_forward_length", "projector" };
  g_autofree char *reason = NULL;
  L4VisionFlaw flaw = l4_config_vision_flaw (config, &reason);
  g_autofree char *key = flaw != L4_VISION_FITS ? g_strconcat (keys->prefix, names[flaw], NULL) : NULL;

  if (flaw == L4_VISION_PROJECTOR)
    return l4_fail (error, L4_ERROR_FORMAT, "%s: %s", l4_gguf_get_path (gguf), reason);
  return flaw == L4_VISION_FITS || l4_gguf_refuse (gguf, key, L4_ERROR_FORMAT, error, "%s", reason);
}

gboolean
l4_config_read_gguf_vision (const L4Checkpoint *checkpoint, L4Config *config, GError **error)
{
  const L4Gguf *gguf = l4_checkpoint_get_projector (checkpoint);
  const Keys *keys = gguf != l4_checkpoint_get_gguf (checkpoint) || l4_gguf_has (gguf, "clip.vision.image_size") ? &clip_keys
      : &ollama_keys;
  L4VisionConfig *vision = &config->vision;

  vision->channels = 3;
  vision->norm_eps = L4_DEFAULT_NORM_EPS;
  vision->rope_theta = L4_DEFAULT_VISION_THETA;
  return only_true (gguf, "clip.has_vision_encoder", error) && only_true (gguf, "clip.use_gelu", error)
      && only_halves (gguf, keys, "image_mean", error) && only_halves (gguf, keys, "image_std", error)
      && need_int (gguf, keys, "image_size", L4_MAX_SIDE, &vision->image_size, error)
      && need_int (gguf, keys, "patch_size", L4_MAX_SIDE, &vision->patch_size, error)
      && need_int (gguf, keys, "embedding_length", L4_MAX_WIDTH, &vision->hidden, error)
      && need_int (gguf, keys, "attention.head_count", L4_MAX_HEADS, &vision->n_heads, error)
      && need_int (gguf, keys, "block_count", L4_MAX_LAYERS, &vision->n_layers, error)
      && need_int (gguf, keys, "feed_forward_length", L4_MAX_WIDTH * L4_MAX_SHUFFLE, &vision->intermediate, error)
      && get_double (gguf, keys, keys->norm_eps, 0, 1, &vision->norm_eps, error)
      && get_double (gguf, keys, "rope.freq_base", 1, 1e12, &vision->rope_theta, error)
      && read_tiles (gguf, keys, vision, error) && read_shuffle (gguf, keys, vision, error)
      && read_adapter (checkpoint, gguf, &config->text, vision, error) && check_sizes (gguf, keys, vision, error);
}
