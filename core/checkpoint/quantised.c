/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the settings of a Hugging Face folder say of how its weights were quantised. */

#include "checkpoint/quantised.h"

#include "blocks/load.h"


/* Fails unless the string under key is missing or one of those; NULL ends them. */
static gboolean
only_strings (const L4Json *json, yyjson_val *object, const char *key, const char *const *those, GError **error)
{
  g_autofree char *list = NULL;
  yyjson_val *value;

  if (!l4_json_get (json, object, key, YYJSON_TYPE_STR, &value, error))
    return FALSE;
  if (value == NULL)
    return TRUE;
  for (guint i = 0; those[i] != NULL; i++)
    if (yyjson_equals_str (value, those[i]))
      return TRUE;
  list = g_strjoinv ("\", \"", (char **) those);
  return l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error, _("only \"%s\" is supported"), list);
}

#define ONLY(...) (const char *const[]) { __VA_ARGS__, NULL }

/* Fails unless the number under key is that one; missing: it counts as the default. */
static gboolean
only_number (const L4Json *json, yyjson_val *object, const char *key, gint64 default_value, gint64 only, GError **error)
{
  gint64 value = default_value;

  if (!l4_json_get_int (json, object, key, G_MININT32, G_MAXINT32, &value, error))
    return FALSE;
  return value == only || l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error, _("only %d is supported"), (int) only);
}

/* Fails unless the value under key is missing or [128, 128]. */
static gboolean
only_squares (const L4Json *json, yyjson_val *object, const char *key, GError **error)
{
  yyjson_val *sides;

  if (!l4_json_get (json, object, key, YYJSON_TYPE_NONE, &sides, error))
    return FALSE;
  if (sides == NULL || yyjson_equals_str (sides, "128x128"))    /* as older files have it */
    return TRUE;
  return (yyjson_arr_size (sides) == 2 && yyjson_get_uint (yyjson_arr_get (sides, 0)) == L4_SHARED
      && yyjson_get_uint (yyjson_arr_get (sides, 1)) == L4_SHARED)
      || l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error, _("only blocks of %d by %d are supported"), L4_SHARED, L4_SHARED);
}

static gboolean
check_group_size (const L4Json *json, yyjson_val *object, GError **error)
{
  gint64 size = -1;

  if (!l4_json_get_int (json, object, "group_size", G_MININT32, G_MAXINT32, &size, error))
    return FALSE;
  return size == -1 || (size > 0 && size % L4_BLOCK == 0) || l4_json_refuse (json, object, "group_size", L4_ERROR_UNSUPPORTED, error,
      _("only -1 and multiples of %d are supported"), L4_BLOCK);
}

/* compressed-tensors ----------------------------------------------------------------------------------------------------- */

static gboolean
check_floats (const L4Json *json, yyjson_val *weights, gboolean symmetric, GError **error)
{
  yyjson_val *strategy;

  if (!only_strings (json, weights, "type", ONLY ("float"), error) || !only_number (json, weights, "num_bits", 8, 8, error)
      || !only_strings (json, weights, "strategy", ONLY ("channel", "tensor", "block"), error)
      || !l4_json_get (json, weights, "strategy", YYJSON_TYPE_STR, &strategy, error))
    return FALSE;
  if (!symmetric)
    return l4_json_refuse (json, weights, "symmetric", L4_ERROR_UNSUPPORTED, error, _("only true is supported"));
  return !yyjson_equals_str (strategy, "block") || only_squares (json, weights, "block_structure", error);
}

static gboolean
check_integers (const L4Json *json, yyjson_val *weights, GError **error)
{
  return only_strings (json, weights, "type", ONLY ("int"), error) && only_number (json, weights, "num_bits", 8, 4, error)
      && only_strings (json, weights, "strategy", ONLY ("group", "channel"), error) && check_group_size (json, weights, error);
}

/* One group of weights, in that format or in its own. How the activations would be quantised does not matter: they are not. */
static gboolean
read_group (const L4Json *json, yyjson_val *group, gboolean integers, L4Quantised *quantised, GError **error)
{
  gboolean symmetric = TRUE, dynamic = FALSE;
  yyjson_val *weights, *format;

  if (!only_strings (json, group, "format", ONLY ("float-quantized", "naive-quantized", "pack-quantized"), error)
      || !l4_json_get (json, group, "format", YYJSON_TYPE_STR, &format, error)
      || !l4_json_get (json, group, "weights", YYJSON_TYPE_OBJ, &weights, error))
    return FALSE;
  if (weights == NULL)
    return l4_json_refuse (json, group, "weights", L4_ERROR_FORMAT, error, _("it must be an object"));
  if (!l4_json_get_bool (json, weights, "symmetric", &symmetric, error)
      || !l4_json_get_bool (json, weights, "dynamic", &dynamic, error))
    return FALSE;
  if (dynamic)
    return l4_json_refuse (json, weights, "dynamic", L4_ERROR_UNSUPPORTED, error, _("only false is supported"));
  integers = format != NULL ? yyjson_equals_str (format, "pack-quantized") : integers;
  if (!integers)
    return check_floats (json, weights, symmetric, error);
  quantised->symmetric = quantised->symmetric && symmetric;
  quantised->asymmetric = quantised->asymmetric && !symmetric;
  return check_integers (json, weights, error);
}

static gboolean
read_compressed (const L4Json *json, yyjson_val *settings, gboolean integers, L4Quantised *quantised, GError **error)
{
  yyjson_val *groups, *sparsity, *name, *group;
  size_t i, n;

  quantised->method = L4_QUANTISED_COMPRESSED;
  quantised->symmetric = quantised->asymmetric = TRUE;
  if (!l4_json_get (json, settings, "config_groups", YYJSON_TYPE_OBJ, &groups, error)
      || !l4_json_get (json, settings, "sparsity_config", YYJSON_TYPE_OBJ, &sparsity, error)
      || (sparsity != NULL && !only_strings (json, sparsity, "format", ONLY ("dense"), error)))
    return FALSE;
  yyjson_obj_foreach (groups, i, n, name, group) {
    if (!yyjson_is_obj (group))
      return l4_json_refuse (json, groups, yyjson_get_str (name), L4_ERROR_FORMAT, error, _("it must be an object"));
    if (!read_group (json, group, integers, quantised, error))
      return FALSE;
  }
  if (quantised->symmetric && quantised->asymmetric)    /* of integers nothing was said: the tensors tell */
    quantised->symmetric = quantised->asymmetric = FALSE;
  return TRUE;
}

/* The others ------------------------------------------------------------------------------------------------------------- */

static gboolean
read_fp8 (const L4Json *json, yyjson_val *settings, L4Quantised *quantised, GError **error)
{
  quantised->method = L4_QUANTISED_FP8;
  return only_strings (json, settings, "fmt", ONLY ("e4m3", "float8_e4m3fn"), error)
      && only_squares (json, settings, "weight_block_size", error);
}

static gboolean
read_gptq (const L4Json *json, yyjson_val *settings, L4Quantised *quantised, GError **error)
{
  yyjson_val *format;
  gboolean symmetric = TRUE, marlin = FALSE;

  if (!only_number (json, settings, "bits", 4, 4, error) || !check_group_size (json, settings, error)
      || !l4_json_get_bool (json, settings, "sym", &symmetric, error)
      || !l4_json_get_bool (json, settings, "is_marlin_format", &marlin, error)
      || !only_strings (json, settings, "pack_dtype", ONLY ("int32"), error)
      || !only_strings (json, settings, "checkpoint_format", ONLY ("gptq", "gptq_v2"), error)
      || !l4_json_get (json, settings, "checkpoint_format", YYJSON_TYPE_STR, &format, error))
    return FALSE;
  if (marlin)
    return l4_json_refuse (json, settings, "is_marlin_format", L4_ERROR_UNSUPPORTED, error, _("only false is supported"));
  *quantised = (L4Quantised) { L4_QUANTISED_GPTQ, symmetric, !symmetric, !yyjson_equals_str (format, "gptq_v2") };
  return TRUE;
}

static gboolean
refuse (const L4Json *json, yyjson_val *method, yyjson_val *format, GError **error)
{
  g_autofree char *shown_method = method != NULL ? l4_json_describe (method) : g_strdup ("null");
  g_autofree char *shown_format = format != NULL ? l4_json_describe (format) : g_strdup ("null");

  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: quantization_config has the method %s and the format %s; of quantised weights "
          "those of \"compressed-tensors\" in the formats \"float-quantized\" and \"pack-quantized\", of \"fp8\" and of \"gptq\" can be "
          "read; from the model before it was quantised llama4 convert makes a file of any size"), json->path, shown_method, shown_format);
}

gboolean
l4_quantised_read (const L4Json *json, yyjson_val *object, L4Quantised *quantised, GError **error)
{
  yyjson_val *settings, *method, *format;
  gboolean integers;

  *quantised = (L4Quantised) { 0 };
  if (!l4_json_get (json, object, "quantization_config", YYJSON_TYPE_OBJ, &settings, error))
    return FALSE;
  if (settings == NULL)
    return TRUE;
  if (!l4_json_get (json, settings, "quant_method", YYJSON_TYPE_STR, &method, error)
      || !l4_json_get (json, settings, "format", YYJSON_TYPE_STR, &format, error))
    return FALSE;
  if (yyjson_equals_str (method, "gptq"))
    return read_gptq (json, settings, quantised, error);
  if (yyjson_equals_str (method, "fp8"))
    return read_fp8 (json, settings, quantised, error);
  integers = yyjson_equals_str (format, "pack-quantized");
  if (yyjson_equals_str (method, "compressed-tensors") && (integers || yyjson_equals_str (format, "float-quantized")
          || yyjson_equals_str (format, "naive-quantized") || yyjson_equals_str (format, "mixed-precision")))
    return read_compressed (json, settings, integers, quantised, error);
  return refuse (json, method, format, error);
}
