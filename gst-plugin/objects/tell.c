/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model says of a window's objects. */

#include <inttypes.h>

#include "gettext.h"
#include "objects/watch.h"
#include "prompt.h"

#define NO_LABEL "object"

/* The question about an object. Its label may be anything, and stands for nothing else. (transfer full) */
static char *
make_question (const GstLlama4Object * object, const char *prompt)
{
  g_autoptr (GString) text = g_string_new (prompt);
  g_autofree char *label = l4_text_to_line (object->label != NULL ? object->label : "", -1);

  g_strdelimit (label, "{}", ' ');
  g_string_replace (text, "{label}", *label != '\0' ? label : NO_LABEL, 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* One picture, from when it was first seen to now. */
static GstLlama4Window
make_window (const GstLlama4Object * object)
{
  GstLlama4Window window = { object->since, object->time, object->time, g_ptr_array_new () };

  g_ptr_array_add (window.frames, object->view);
  return window;
}

/* FALSE: it would be too late. */
static gboolean
describe (GstLlama4Object * self, const GstLlama4Settings * settings, const L4GenerateOptions * options, gint64 until, L4Session * session,
    GCancellable * cancellable)
{
  GstLlama4Window window = make_window (self);
  g_autoptr (GPtrArray) frames = window.frames;
  g_auto (GstLlama4Prompt) prompt = { 0 };
  g_autofree char *question = make_question (self, settings->object_prompt);
  const L4Part system = {.text = settings->system_prompt };
  L4Message messages[2];
  L4Forecast forecast;
  gsize n = 0;

  gst_llama4_prompt_init (&prompt, &window, question, NULL, settings->language, NULL);
  if (settings->system_prompt != NULL && *settings->system_prompt != '\0')
    messages[n++] = (L4Message) { L4_ROLE_SYSTEM, &system, 1 };
  messages[n++] = (L4Message) { L4_ROLE_USER, (const L4Part *) prompt.parts->data, prompt.parts->len };
  if (until < G_MAXINT64 && l4_session_forecast (session, messages, n, options, &forecast, NULL)
      && g_get_monotonic_time () + forecast.seconds * G_USEC_PER_SEC > until)
    return FALSE;
  if (!l4_session_answer (session, messages, n, options, NULL, NULL, cancellable, &self->answer, &self->error))
    gst_llama4_object_set_state (self, GST_LLAMA4_OBJECT_FAILED);
  else
    self->answered = self->answer.finish != L4_FINISH_CANCELLED;
  return TRUE;
}

void
gst_llama4_objects_describe (GPtrArray * objects, const GstLlama4Settings * settings, gint64 until, gboolean late_too, L4Session * session,
    GCancellable * cancellable)
{
  const L4GenerateOptions options = {.max_tokens = settings->max_tokens,.temperature = settings->temperature,.top_p = settings->top_p,
    .seed = settings->seed,.max_tiles = settings->tiles,.kv_int8 = settings->kv_type == GST_LLAMA4_INT8
  };                            /* one picture has none before it, of which it would repeat anything */

  gboolean first_too = late_too && g_get_monotonic_time () > until;

  for (guint i = 0; i < objects->len; i++)
    if (g_cancellable_is_cancelled (cancellable)
        || !describe (objects->pdata[i], settings, &options, first_too && i == 0 ? G_MAXINT64 : until, session, cancellable))
      return;
}

GArray *
gst_llama4_objects_list (GPtrArray * objects)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (L4Object));

  for (guint i = 0; objects != NULL && i < objects->len; i++) {
    const GstLlama4Object *object = g_ptr_array_index (objects, i);
    L4Object described = gst_llama4_object_describe (object);

    if (object->answered)
      g_array_append_val (list, described);
  }
  return list;
}

static void
warn_of_failure (const GstLlama4Object * object, GstLlama4Describe * element)
{
  g_autofree char *label = l4_text_to_line (object->label != NULL ? object->label : "", -1);
  g_autofree char *line = l4_text_to_line (object->error->message, -1);

  GST_ELEMENT_WARNING (element, STREAM, FAILED, (_("The object %" PRIu64 " (%s) at %.1f s could not be described: %s"), object->id,
          *label != '\0' ? label : NO_LABEL, object->time / 1e9, line), (NULL));
}

void
gst_llama4_objects_tell (GPtrArray * objects, GstLlama4Describe * element)
{
  for (guint i = 0; objects != NULL && i < objects->len; i++) {
    GstLlama4Object *object = g_ptr_array_index (objects, i);

    if (object->error != NULL)
      warn_of_failure (object, element);
    if (!object->answered)
      continue;
    gst_llama4_object_set_state (object, GST_LLAMA4_OBJECT_TOLD);
    GST_OBJECT_LOCK (element);
    element->stats.objects++;
    gst_llama4_stats_add (&element->stats, &object->answer);
    GST_OBJECT_UNLOCK (element);
  }
  gst_llama4_objects_give_back (objects);
}

void
gst_llama4_objects_give_back (GPtrArray * objects)
{
  for (guint i = 0; objects != NULL && i < objects->len; i++)
    if (gst_llama4_object_get_state (objects->pdata[i]) == GST_LLAMA4_OBJECT_SENT)
      gst_llama4_object_set_state (objects->pdata[i], GST_LLAMA4_OBJECT_LOST);
}
