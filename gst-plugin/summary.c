/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Summaries of what was said: every so often the model is asked for one, ahead of the windows that wait. */

#include "gettext.h"
#include "job.h"

#define PROMPT "Summarise what happened in one to three sentences."

/* When it is time, or when no more is remembered. With both locks held. */
static gboolean
is_due (GstLlama4Describe * self, const GstLlama4Window * window)
{
  guint64 every = self->settings.summary;

  if (self->unsummed.lines.length == 1)
    self->unsummed_since = window->start;
  return window->end >= self->unsummed_since + every || self->unsummed.lines.length == GST_LLAMA4_MEMORY_MOST;
}

void
gst_llama4_summary_take (GstLlama4Describe * self, const GstLlama4Job * said, const char *text)
{
  const GstLlama4Window *window = said->window;
  GstLlama4Job *job = NULL;

  GST_OBJECT_LOCK (self);
  if (self->settings.summary == 0) {
    gst_llama4_memory_clear (&self->unsummed);
  } else {
    gst_llama4_memory_add (&self->unsummed, window->start, window->text_end, text);
    if (is_due (self, window)) {
      job = g_new0 (GstLlama4Job, 1);
      job->said = gst_llama4_memory_tell (&self->unsummed, GST_LLAMA4_MEMORY_MOST);
      gst_llama4_memory_clear (&self->unsummed);
    }
  }
  GST_OBJECT_UNLOCK (self);
  if (job == NULL)
    return;
  job->window = g_new0 (GstLlama4Window, 1);
  job->window->start = self->unsummed_since;
  job->window->end = job->window->text_end = window->text_end;
  job->window->frames = g_ptr_array_new ();
  job->generation = said->generation;
  job->segment_number = said->segment_number;
  job->since = g_get_monotonic_time ();
  job->patience = G_MAXINT64;
  gst_llama4_describe_copy_settings (self, &job->settings);
  g_free (job->settings.prompt);
  job->settings.prompt = g_strdup (PROMPT);
  g_clear_pointer (&job->settings.schema_text, g_free);
  g_clear_pointer (&job->settings.questions, g_free);
  job->settings.partial = FALSE;
  gst_llama4_worker_push_asked (self, job);
}

static void
publish (const GstLlama4Job * job, GstLlama4Describe * self)
{
  const L4Record record = {.start = job->window->start,.end = job->window->end,.model = l4_model_get_info (self->model),
    .answer = &job->answer,.queue_us = job->queue_us,.kind = "summary"
  };
  g_autofree char *text = l4_text_to_line (job->answer.text, -1), *json = l4_record_to_json (&record);
  GstLlama4Item *item = gst_llama4_item_new (GST_LLAMA4_ITEM_NOTE);

  item->generation = job->generation;
  item->segment_number = job->segment_number;
  item->json = g_strdup (json);
  gst_llama4_output_push (self->output, item);
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), gst_structure_new (GST_LLAMA4_SUMMARY_MESSAGE,
              "start", G_TYPE_UINT64, record.start, "end", G_TYPE_UINT64, record.end, "text", G_TYPE_STRING, text, "json", G_TYPE_STRING, json,
              NULL)));
}

void
gst_llama4_summary_deliver (const GstLlama4Job * job, GstLlama4Describe * self)
{
  if (job->outcome == GST_LLAMA4_ANSWERED) {
    publish (job, self);
  } else if (job->outcome == GST_LLAMA4_FAILED) {
    g_autofree char *line = l4_text_to_line (job->error->message, -1);

    GST_ELEMENT_WARNING (self, STREAM, FAILED, (_("What was said from %.1f s to %.1f s could not be summarised: %s"), job->window->start / 1e9,
            job->window->end / 1e9, line), (NULL));
  }
}
