/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model that describes, as far as it is known without reading its weights. */

#include "run/model.h"

#include "base/i18n.h"
#include "llama4.h"

/* (transfer full) */
static L4Model *
look_at_model (const L4DescribeOptions *options, GError **error)
{
  g_autoptr (GError) problem = NULL;
  L4Model *model;
  L4LoadOptions load = {
    .model_path = options->model_path,
    .projector_path = options->projector_path,
    .memory_limit = options->memory_limit,
    .load = L4_LOAD_MAP,        /* which reads none, but of a folder of quantised weights all */
    .threads = options->threads,
    .for_pictures = TRUE,
  };

  model = l4_model_load (&load, NULL, NULL, NULL, &problem);
  if (model == NULL && g_error_matches (problem, L4_ERROR, L4_ERROR_MEMORY)) {
    g_clear_error (&problem);
    load.load = L4_LOAD_AUTO;   /* it may be streamed */
    model = l4_model_load (&load, NULL, NULL, NULL, &problem);
  }
  if (model == NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  return model;
}

gboolean
l4_describer_model_find (const L4DescribeOptions *options, L4DescriberModel *facts, GError **error)
{
  g_autoptr (L4Model) model = look_at_model (options, error);
  const L4ModelInfo *info;

  if (model == NULL)
    return FALSE;
  info = l4_model_get_info (model);
  *facts = (L4DescriberModel) {
    .name = g_utf8_make_valid (info->name, -1),
    .digest = g_strdup (info->digest),
    .quantization = g_strdup (info->quantization),
    .limits = options->model_path == NULL ? g_strdup (info->limits) : NULL,
  };
  return TRUE;
}

void
l4_describer_model_clear (L4DescriberModel *facts)
{
  g_free ((char *) facts->name);
  g_free ((char *) facts->digest);
  g_free ((char *) facts->quantization);
  g_free ((char *) facts->limits);
  *facts = (L4DescriberModel) { 0 };
}

void
l4_describer_model_tell (const L4DescriberModel *facts, L4Progress *progress)
{
  if (facts != NULL && facts->limits != NULL)
    l4_progress_say (progress, _("the small built-in model is at work: %s; --model takes a real one"), facts->limits);
}

gboolean
l4_describer_model_forecast (const L4DescribeOptions *options, double *seconds, GError **error)
{
  g_autoptr (L4Model) model = look_at_model (options, error);
  g_autoptr (L4Session) session = NULL;
  g_autoptr (GArray) parts = g_array_new (FALSE, TRUE, sizeof (L4Part));
  g_autofree guint8 *pixels = NULL;
  L4GenerateOptions generate = L4_GENERATE_OPTIONS_INIT;
  L4Part picture = { 0 }, prompt = {.text = "Describe what happens in this video." };
  L4Message message = { L4_ROLE_USER };
  L4Forecast forecast;

  if (model == NULL)
    return FALSE;
  l4_model_measure (model);
  generate.max_tiles = MAX (options->tiles, 1);
  generate.questions = (const char *const *) options->questions;
  generate.max_tokens = options->max_tokens > 0 ? options->max_tokens : generate.max_tokens;
  l4_model_picture_size (model, 1920, 1080, generate.max_tiles, &picture.picture.width, &picture.picture.height);
  picture.picture.stride = (gsize) picture.picture.width * 3;
  picture.picture.pixels = pixels = g_malloc0_n (picture.picture.height, picture.picture.stride);
  for (int i = 0; i < MAX (options->frames, 1); i++) {
    pixels[0] = i;              /* no two are alike: what was seen lately costs nothing */
    g_array_append_val (parts, picture);
  }
  if (options->prompt != NULL)
    prompt.text = options->prompt;
  g_array_append_val (parts, prompt);
  message.parts = (const L4Part *) parts->data;
  message.n_parts = parts->len;
  session = l4_session_new (model);
  if (!l4_session_forecast (session, &message, 1, &generate, &forecast, error))
    return FALSE;
  *seconds = forecast.seconds;
  return TRUE;
}
