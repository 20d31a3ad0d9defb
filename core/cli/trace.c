/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 trace: one forward pass in float32, every stage written as .npy. */

#include <glib/gstdio.h>

#include "cli/cli.h"
#include "engine/trace.h"
#include "files/npy.h"

static gboolean
read_ids (const char *path, gint32 **ids, gint64 *n, GError **error)
{
  g_auto (L4Npy) npy = { 0 };

  if (!l4_npy_load (path, &npy, error))
    return FALSE;
  if (npy.type != L4_NPY_INT64 || npy.n_dims != 1)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: holds no list of int64 token ids"), path);
  *n = npy.dims[0];
  *ids = g_new (gint32, MAX (*n, 1));
  for (gint64 i = 0; i < *n; i++) {
    gint64 id = ((const gint64 *) npy.data)[i];

    (*ids)[i] = id >= 0 && id <= G_MAXINT32 ? id : -1;  /* refused by the model, with its position */
  }
  return TRUE;
}

static gboolean
read_pixels (const char *path, const L4Llama *model, L4Npy *npy, GError **error)
{
  const L4VisionConfig *config = &model->config->vision;

  if (!l4_npy_load (path, npy, error))
    return FALSE;
  if (npy->type == L4_NPY_FLOAT32 && npy->n_dims == 4 && npy->dims[1] == config->channels
      && npy->dims[2] == config->image_size && npy->dims[3] == config->image_size)
    return TRUE;
  return l4_fail (error, L4_ERROR_INPUT,
      _("%s: holds no float32 tiles of %" PRId64 " x %" PRId64 " x %" PRId64), path,
      config->channels, config->image_size, config->image_size);
}

static gboolean
write_stage (const char *folder, const char *name, const float *data, guint n_dims, const gint64 *dims, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return data == NULL || l4_npy_save_float (path, dims, n_dims, data, error);
}

static gboolean
write_stages (const char *folder, const L4Trace *t, GError **error)
{
  if (g_mkdir_with_parents (folder, 0777) != 0)
    return l4_fail (error, L4_ERROR_IO, _("%s: cannot be made: %s"), folder, g_strerror (errno));
  return write_stage (folder, "vision_features.npy", t->vision_features, 2, (gint64[]) { t->n_features, t->hidden }, error)
      && write_stage (folder, "hidden_states.npy", t->hidden_states, 3, (gint64[]) { t->n_layers + 1, t->n, t->hidden }, error)
      && write_stage (folder, "router_logits.npy", t->router_logits, 3, (gint64[]) { t->n_moe_layers, t->n, t->n_experts },
      error) && write_stage (folder, "logits.npy", t->logits, 2, (gint64[]) { t->n, t->vocab }, error);
}

static char *ids_path, *pixels_path, *out;
static gint threads;

static const GOptionEntry entries[] = {
  {"ids", 0, 0, G_OPTION_ARG_FILENAME, &ids_path, N_("Token ids, int64"), "FILE.npy"},
  {"pixels", 0, 0, G_OPTION_ARG_FILENAME, &pixels_path, N_("Prepared tiles, float32"), "FILE.npy"},
  {"out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("Folder for the stages"), "FOLDER"},
  {"threads", 0, 0, G_OPTION_ARG_INT, &threads, N_("Threads; 0: one for every CPU (0)"), "N"},
  {NULL}
};

static gboolean
run (char **arguments, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (L4Llama) model = NULL;
  g_autofree gint32 *ids = NULL;
  g_auto (L4Npy) pixels = { 0 };
  g_auto (L4Trace) trace = { 0 };
  gint64 n = 0;

  if (ids_path == NULL || out == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("trace needs --ids and --out"));
  path = l4_cli_one_model (arguments, error);
  if (path == NULL || !l4_cli_check_threads (threads, error))
    return FALSE;
  model = l4_llama_load (&(L4LoadOptions) {.model_path = path,.threads = threads,.text_only = pixels_path == NULL }, L4_PRECISION_F32,
      NULL, NULL, NULL, error);
  return model != NULL && read_ids (ids_path, &ids, &n, error)
      && (pixels_path == NULL || read_pixels (pixels_path, model, &pixels, error))
      && l4_trace (model, ids, n, pixels.data, pixels.data != NULL ? pixels.dims[0] : 0, NULL, &trace, error)
      && write_stages (out, &trace, error);
}

const L4Command l4_cli_trace = {
  .name = "trace",
  .usage = "[MODEL]",
  .description = N_("Computes one forward pass of these ids, with these pictures, in float32, and writes what comes out of each stage into the "
      "folder: vision_features.npy (with --pixels), hidden_states.npy, router_logits.npy, logits.npy. For "
      "comparing with another implementation. --ids and --out must be given."),
  .examples = N_("llama4 trace scout-tiny --ids ids.npy --out stages  # Write the stages of a model into the folder stages."),
  .entries = entries,
  .run = run,
};
