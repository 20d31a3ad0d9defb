/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the model, tells how far that is, and what the licence of its weights asks for. */

#include <inttypes.h>

#include "gettext.h"
#include "gstllama4describe.h"

GST_DEBUG_CATEGORY_EXTERN (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

#define PROGRESS_CODE "load"

static void
post_progress (GstLlama4Describe * self, GstProgressType type, const char *text, gint percent)
{
  GstMessage *message = gst_message_new_progress (GST_OBJECT (self), type, PROGRESS_CODE, text);

  if (percent >= 0)
    gst_structure_set (gst_message_writable_structure (message), "percent", G_TYPE_INT, percent, NULL);
  gst_element_post_message (GST_ELEMENT (self), message);
}

typedef struct
{
  GstLlama4Describe *self;
  gint posted;                  /* percent */
} LoadProgress;

static void
on_progress (guint percent, gpointer user_data)
{
  LoadProgress *progress = user_data;

  if ((gint) percent == progress->posted)
    return;
  progress->posted = percent;
  post_progress (progress->self, GST_PROGRESS_TYPE_CONTINUE, _("Loading the model"), percent);
}

static void
post_load_error (GstLlama4Describe * self, const GError * error)
{
  g_autofree char *line = l4_text_to_line (error->message, -1);

  switch (error->code) {
    case L4_ERROR_NOT_FOUND:
      GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("%s", line), (NULL));
      break;
    case L4_ERROR_IO:
      GST_ELEMENT_ERROR (self, RESOURCE, READ, ("%s", line), (NULL));
      break;
    case L4_ERROR_MEMORY:
      GST_ELEMENT_ERROR (self, RESOURCE, NO_SPACE_LEFT, ("%s", line), (NULL));
      break;
    case L4_ERROR_INPUT:
    case L4_ERROR_UNSUPPORTED:
      GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("%s", line), (NULL));
      break;
    default:
      GST_ELEMENT_ERROR (self, RESOURCE, FAILED, ("%s", line), (NULL));
      break;
  }
}

static char *
make_key (const GstLlama4Settings * settings)
{
  return g_strdup_printf ("%s\n%s\n%d %d %u %" PRIu64, settings->model_path != NULL ? settings->model_path : "",
      settings->projector_path != NULL ? settings->projector_path : "", settings->load, settings->vision_type, settings->threads,
      settings->memory_limit);
}

/* Tells once of every model loaded by what terms its weights come. */
static void
tell_licence (GstLlama4Describe * self, const L4ModelInfo * info)
{
  g_autofree char *name = l4_text_to_line (info->name, -1);

  if (info->licence == NULL)
    return;
  GST_OBJECT_LOCK (self);
  self->licence_notice = g_strdup (info->licence);
  GST_OBJECT_UNLOCK (self);
  GST_INFO_OBJECT (self, "%s: %s", info->name, info->licence);
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self),
          gst_structure_new (GST_LLAMA4_LICENCE_MESSAGE, "model", G_TYPE_STRING, name, "notice", G_TYPE_STRING,
              info->licence, NULL)));
  g_object_notify (G_OBJECT (self), "licence-notice");
}

/* Whoever set no model is told once of every one loaded which it is. Twice in the message, because gst-launch shows the second. */
static void
tell_limits (GstLlama4Describe * self, const GstLlama4Settings * settings, const L4ModelInfo * info)
{
  g_autofree char *line = NULL;

  if (info->limits == NULL || settings->model_path != NULL)
    return;
  line = g_strdup_printf (_("The small built-in model is at work: %s; the property model-path takes a real one"), info->limits);
  GST_ELEMENT_INFO (self, RESOURCE, SETTINGS, ("%s", line), ("%s", line));
}

/* Says what makes a model slower than it could be: once, however many elements load it. */
static void
tell_note (GstLlama4Describe * self, const L4ModelInfo * info)
{
  static const char *told;
  const char *note = g_intern_string (info->note);

  if (note != NULL && g_atomic_pointer_exchange (&told, note) != note)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS, ("%s", info->note), (NULL));
}

void
gst_llama4_load_forget (GstLlama4Describe * self)
{
  g_clear_pointer (&self->model, l4_model_unref);
  g_clear_pointer (&self->model_key, g_free);
  GST_OBJECT_LOCK (self);
  g_clear_pointer (&self->licence_notice, g_free);
  GST_OBJECT_UNLOCK (self);
}

/* Takes the model that is there still from before, or loads. */
static L4Model *
get_model (GstLlama4Describe * self, GCancellable * cancellable, GError ** error)
{
  g_auto (GstLlama4Settings) settings = { 0 };
  g_autofree char *key = NULL;
  LoadProgress progress = { self, -1 };
  L4LoadOptions options;
  L4Model *model;

  gst_llama4_describe_copy_settings (self, &settings);
  key = make_key (&settings);
  if (self->model != NULL && g_str_equal (key, self->model_key))
    return self->model;
  gst_llama4_load_forget (self);
  self->model_key = g_steal_pointer (&key);
  options = (L4LoadOptions) {
    .model_path = settings.model_path,
    .projector_path = settings.projector_path,
    .memory_limit = settings.memory_limit,
    .load = (L4Load) settings.load,
    .vision_int8 = settings.vision_type == GST_LLAMA4_INT8,
    .threads = settings.threads,
    .for_pictures = TRUE,
  };
  model = l4_model_load (&options, on_progress, &progress, cancellable, error);
  if (model != NULL) {
    tell_licence (self, l4_model_get_info (model));
    tell_limits (self, &settings, l4_model_get_info (model));
    tell_note (self, l4_model_get_info (model));
  }
  return model;
}

void
gst_llama4_load_announce (GstLlama4Describe * self)
{
  post_progress (self, GST_PROGRESS_TYPE_START, _("Loading the model"), 0);
}

gboolean
gst_llama4_load_run (GstLlama4Describe * self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = NULL;
  L4Model *model;

  g_mutex_lock (&self->lock);
  cancellable = g_object_ref (self->cancellable);
  g_mutex_unlock (&self->lock);
  model = get_model (self, cancellable, &error);
  if (model == NULL && !g_error_matches (error, L4_ERROR, L4_ERROR_CANCELLED)) {
    post_load_error (self, error);
    post_progress (self, GST_PROGRESS_TYPE_ERROR, _("The model could not be loaded"), -1);
  } else if (model == NULL) {
    post_progress (self, GST_PROGRESS_TYPE_CANCELED, _("Loading the model was cancelled"), -1);
  } else {
    post_progress (self, GST_PROGRESS_TYPE_COMPLETE, _("The model is loaded"), 100);
  }
  g_mutex_lock (&self->lock);
  self->model = model;
  self->model_state = model != NULL ? GST_LLAMA4_MODEL_READY : GST_LLAMA4_MODEL_FAILED;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return model != NULL;
}
