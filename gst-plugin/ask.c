/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions about the latest window, while others are described: each is answered by a message. */

#include "gettext.h"
#include "job.h"

/* The question is the window's prompt. Any thread. */
gboolean
gst_llama4_ask (GstLlama4Describe * self, const char *prompt, const char *whom)
{
  GstLlama4Job *job = NULL;

  if (prompt == NULL || *prompt == '\0' || !g_utf8_validate (prompt, -1, NULL) || (whom != NULL && !g_utf8_validate (whom, -1, NULL)))
    return FALSE;
  g_mutex_lock (&self->lock);
  if (self->latest_window != NULL && !self->flushing && !self->stopping && self->asked_for.length < GST_LLAMA4_MOST_ASKED) {
    job = g_new0 (GstLlama4Job, 1);
    job->whom = g_strdup (whom != NULL ? whom : "");
    job->window = gst_llama4_window_copy (self->latest_window);
    job->generation = self->generation;
    job->since = g_get_monotonic_time ();
    job->patience = G_MAXINT64;
    gst_llama4_describe_copy_settings (self, &job->settings);
    g_free (job->settings.prompt);
    job->settings.prompt = g_strdup (prompt);
    g_clear_pointer (&job->settings.questions, g_free);
    g_clear_pointer (&job->settings.schema_text, g_free);       /* an answer to read */
    job->settings.memory = 0;
    job->settings.partial = FALSE;
    gst_llama4_worker_push_asked (self, job);
  }
  g_mutex_unlock (&self->lock);
  return job != NULL;
}

void
gst_llama4_ask_reply (const GstLlama4Job * job, GstLlama4Describe * self)
{
  GstStructure *structure = gst_structure_new (GST_LLAMA4_ANSWER_MESSAGE, "for", G_TYPE_STRING, job->whom, "prompt", G_TYPE_STRING,
      job->settings.prompt, "start", G_TYPE_UINT64, job->window->start, "end", G_TYPE_UINT64, job->window->end, NULL);
  g_autofree char *text = NULL;

  if (job->outcome == GST_LLAMA4_ANSWERED) {
    text = l4_text_to_line (job->answer.text, -1);
    gst_structure_set (structure, "text", G_TYPE_STRING, text, "finish", G_TYPE_STRING, l4_finish_to_string (job->answer.finish), NULL);
  } else {
    text = l4_text_to_line (job->error != NULL ? job->error->message : _("the video was broken off"), -1);
    gst_structure_set (structure, "error", G_TYPE_STRING, text, NULL);
  }
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), structure));
}
