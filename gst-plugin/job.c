/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window on its way through a worker: asked about, and told of. */

#include "job.h"

#include "gettext.h"
#include "objects/watch.h"
#include "prompt.h"
#include "questions.h"

GST_DEBUG_CATEGORY_EXTERN (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

/* Messages of a text that grows come no more often, in microseconds. */
#define TELL_EVERY (G_USEC_PER_SEC / 5)

void
gst_llama4_job_free (GstLlama4Job * self)
{
  if (self == NULL)
    return;
  if (self->window != NULL)
    gst_llama4_objects_give_back (self->window->objects);
  gst_llama4_window_free (self->window);
  gst_llama4_item_free (self->item);
  g_free (self->whom);
  g_free (self->said);
  gst_llama4_settings_clear (&self->settings);
  l4_answer_clear (&self->answer);
  g_clear_pointer (&self->likelihoods, g_array_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* Describing ----------------------------------------------------------------------------------------------------------- */

/* What describing the window will cost is known before; whether it will be done in time. */
static gboolean
is_worth_it (const GstLlama4Job * self, GstLlama4Describe * element, L4Session * session, const L4Message * messages,
    gsize n_messages, const L4GenerateOptions * options)
{
  L4Forecast forecast;
  gboolean in_time;
  gint64 waited;

  if (!l4_session_forecast (session, messages, n_messages, options, &forecast, NULL))
    return TRUE;                /* describing it says why */
  waited = g_get_monotonic_time () - self->since;
  in_time = waited + forecast.seconds * G_USEC_PER_SEC <= self->patience;
  GST_DEBUG_OBJECT (element, "window from %.1f s: %u pictures, %u tiles, %u tokens, %u of them held, and %u to generate: %.3g operations, "
      "%.3g bytes, %.3f s; has waited %.3f s, %s", self->window->start / 1e9, forecast.pictures, forecast.tiles,
      forecast.prompt_tokens, forecast.reused_tokens, forecast.generated_tokens, forecast.operations, forecast.bytes,
      forecast.seconds, waited / 1e6, in_time ? "taken" : "left out");
  GST_OBJECT_LOCK (element);
  element->stats.forecast = forecast.seconds;
  GST_OBJECT_UNLOCK (element);
  return in_time;
}

/* What the model is told of before it is asked, or NULL. (transfer full) */
static char *
recall (const GstLlama4Job * self, GstLlama4Describe * element)
{
  g_autofree char *before = NULL;

  if (self->said != NULL)
    return g_strconcat ("This was said of a video:\n", self->said, NULL);
  GST_OBJECT_LOCK (element);
  if (self->film == element->said_in && self->window->start > element->said_from)       /* otherwise it was said of another one */
    before = gst_llama4_memory_tell (&element->memory, self->settings.memory);
  GST_OBJECT_UNLOCK (element);
  return before != NULL ? g_strconcat ("Before this was said:\n", before, NULL) : NULL;
}

/* A text as it grows. */
typedef struct
{
  GstLlama4Describe *element;
  const GstLlama4Window *window;
  GString *text;
  gint64 told;                  /* monotonic time of the latest message */
} Growing;

static void
take_piece (const char *piece, gpointer user_data)
{
  Growing *self = user_data;
  g_autofree char *line = NULL;
  gint64 now = g_get_monotonic_time ();

  g_string_append (self->text, piece);
  if (now - self->told < TELL_EVERY)
    return;
  self->told = now;
  line = l4_text_to_line (self->text->str, -1);
  gst_element_post_message (GST_ELEMENT (self->element), gst_message_new_element (GST_OBJECT (self->element),
          gst_structure_new (GST_LLAMA4_PARTIAL_MESSAGE, "start", G_TYPE_UINT64, self->window->start, "end", G_TYPE_UINT64, self->window->end,
              "text", G_TYPE_STRING, line, NULL)));
}

/* What is asked besides, after the description: the session holds the pictures by then. */
static void
ask_questions (GstLlama4Job * self, L4Session * session, const L4GenerateOptions * options, GCancellable * cancellable)
{
  const GstLlama4Settings *settings = &self->settings;
  g_autoptr (GError) error = NULL;

  self->likelihoods = gst_llama4_likelihoods_new ();
  if (gst_llama4_questions_ask (settings->questions, self->window, settings->system_prompt, session, options, cancellable, self->likelihoods,
          &error))
    return;
  self->outcome = GST_LLAMA4_NOTHING;
  if (g_error_matches (error, L4_ERROR, L4_ERROR_CANCELLED))
    return;
  self->outcome = GST_LLAMA4_FAILED;
  self->error = g_steal_pointer (&error);
}

void
gst_llama4_job_describe (GstLlama4Job * self, GstLlama4Describe * element, L4Session * session, GCancellable * cancellable)
{
  const GstLlama4Settings *settings = &self->settings;
  g_auto (GstLlama4Prompt) prompt = { 0 };
  g_auto (GStrv) questions = gst_llama4_questions_spell (settings->questions);
  const L4GenerateOptions options = {.max_tokens = settings->max_tokens,.temperature = settings->temperature,.top_p = settings->top_p,
    .seed = settings->seed,.max_tiles = settings->tiles,.prune = settings->prune,.kv_int8 = settings->kv_type == GST_LLAMA4_INT8,
    .schema = settings->schema_text,.questions = (const char *const *) questions
  };
  L4Part system = { 0 };
  L4Message messages[2];
  gsize n_messages = 0;
  g_autofree char *before = recall (self, element);
  g_autoptr (GString) text = g_string_new (NULL);
  Growing growing = { element, self->window, text, 0 };

  self->queue_us = g_get_monotonic_time () - self->since;
  gst_llama4_prompt_init (&prompt, self->window, settings->prompt, settings->schema_text, settings->language, before);
  if (settings->system_prompt != NULL && *settings->system_prompt != '\0') {
    system.text = settings->system_prompt;
    messages[n_messages++] = (L4Message) { L4_ROLE_SYSTEM, &system, 1 };
  }
  messages[n_messages++] = (L4Message) { L4_ROLE_USER, (const L4Part *) prompt.parts->data, prompt.parts->len };

  if (g_cancellable_is_cancelled (cancellable))
    return;
  if (!is_worth_it (self, element, session, messages, n_messages, &options))
    self->outcome = GST_LLAMA4_LEFT_OUT;
  else if (!l4_session_answer (session, messages, n_messages, &options, settings->partial ? take_piece : NULL, &growing,
          cancellable, &self->answer, &self->error))
    self->outcome = GST_LLAMA4_FAILED;
  else if (self->answer.finish != L4_FINISH_CANCELLED)
    self->outcome = GST_LLAMA4_ANSWERED;
  if (self->outcome == GST_LLAMA4_ANSWERED && settings->questions != NULL)
    ask_questions (self, session, &options, cancellable);
  if (self->outcome == GST_LLAMA4_ANSWERED && self->window->objects != NULL)
    gst_llama4_objects_describe (self->window->objects, settings,
        self->object_patience < G_MAXINT64 ? self->since + self->object_patience : G_MAXINT64, self->patience == G_MAXINT64, session, cancellable);
}

/* Delivering ----------------------------------------------------------------------------------------------------------- */

void
gst_llama4_stats_add (GstLlama4Stats * stats, const L4Answer * answer)
{
  stats->prompt_tokens += answer->prompt_tokens;
  stats->reused_tokens += answer->reused_tokens;
  stats->pruned_tokens += answer->pruned_tokens;
  stats->generated_tokens += answer->generated_tokens;
  stats->steps += answer->steps;
  stats->steps_together += answer->steps_together;
  stats->most_together = MAX (stats->most_together, answer->most_together);
  stats->vision_us += answer->vision_us;
  stats->prefill_us += answer->prefill_us;
  stats->decode_us += answer->decode_us;
  stats->limit_us += answer->limit_us;
  if (answer->limit_us > 0)
    stats->limited_us += answer->vision_us + answer->prefill_us + answer->decode_us;
}

/* What the properties and the following buffers show. */
static void
remember (GstLlama4Describe * element, const GstLlama4Job * job, const L4Record * record, const GstLlama4Classes * classes, const char *text,
    const char *json)
{
  GST_OBJECT_LOCK (element);
  g_free (element->description);
  element->description = g_strdup (text);
  if (job->film == element->film) {
    g_clear_pointer (&element->latest, gst_structure_free);
    element->latest = gst_llama4_latest_structure (GST_LLAMA4_META, record, text, json);
    element->classes = *classes;
  }
  element->stats.described++;
  element->stats.queue_us += record->queue_us;
  gst_llama4_stats_add (&element->stats, record->answer);
  if (job->film != element->said_in || record->start <= element->said_from) {   /* times began again */
    gst_llama4_memory_clear (&element->memory);
    gst_llama4_memory_clear (&element->unsummed);
  }
  element->said_from = record->start;
  element->said_in = job->film;
  gst_llama4_memory_add (&element->memory, record->start, record->end, text);
  GST_OBJECT_UNLOCK (element);
}

/* window: whose picture it shall carry, or NULL. */
static void
post_description (GstLlama4Describe * element, const L4Record * record, const char *text, const char *json,
    const GstLlama4Window * window)
{
  GstStructure *structure = gst_llama4_latest_structure (GST_LLAMA4_MESSAGE, record, text, json);

  if (window != NULL) {
    g_autoptr (GstSample) picture = gst_llama4_latest_picture (window);

    gst_structure_set (structure, "picture", GST_TYPE_SAMPLE, picture, NULL);
  }
  gst_element_post_message (GST_ELEMENT (element), gst_message_new_element (GST_OBJECT (element), structure));
}

/* (transfer full) */
static GstLlama4Item *
make_item (const GstLlama4Job * self, const char *text, const char *json)
{
  GstLlama4Item *item = gst_llama4_item_new (GST_LLAMA4_ITEM_TEXT);

  item->generation = self->generation;
  item->start = self->window->start;
  item->end = self->window->text_end;
  item->text = g_strdup (text);
  item->json = g_strdup (json);
  item->late = self->late;
  item->segment_number = self->segment_number;
  return item;
}

static void
publish (const GstLlama4Job * self, GstLlama4Describe * element)
{
  const GstLlama4Window *window = self->window;
  g_autofree guint64 *times = g_new (guint64, window->frames->len);
  g_autoptr (GArray) objects = gst_llama4_objects_list (window->objects);
  const L4Record record = { window->start, window->end, times, window->frames->len, l4_model_get_info (element->model),
    &self->answer, self->queue_us, self->likelihoods != NULL ? (const L4Likelihood *) self->likelihoods->data : NULL,
    self->likelihoods != NULL ? self->likelihoods->len : 0, NULL, (const L4Object *) objects->data, objects->len
  };
  g_autofree char *text = l4_text_to_line (self->answer.text, -1), *json = NULL;
  GstLlama4Classes classes = { 0 };
  gboolean current;

  for (guint i = 0; i < window->frames->len; i++)
    times[i] = ((GstLlama4Frame *) g_ptr_array_index (window->frames, i))->time;
  json = l4_record_to_json (&record);
  gst_llama4_classes_read (&classes, &record, self->settings.schema_text);

  g_mutex_lock (&element->lock);        /* so that no flush comes between the look and the deed */
  current = self->generation == element->generation && !element->stopping;
  if (current)
    remember (element, self, &record, &classes, text, json);
  if (current)
    gst_llama4_summary_take (element, self, text);
  g_mutex_unlock (&element->lock);
  if (!current)
    return;
  gst_llama4_output_push (element->output, make_item (self, text, json));
  gst_llama4_objects_tell (window->objects, element);
  post_description (element, &record, text, json, self->settings.pictures ? window : NULL);
  g_object_notify (G_OBJECT (element), "description");
}

static void
report_failure (const GstLlama4Job * self, GstLlama4Describe * element)
{
  g_autofree char *line = l4_text_to_line (self->error->message, -1);

  GST_OBJECT_LOCK (element);
  element->stats.failed++;
  element->lost = self->window->start;
  GST_OBJECT_UNLOCK (element);
  gst_llama4_output_unsay (element->output);
  GST_ELEMENT_WARNING_WITH_DETAILS (element, STREAM, FAILED, (_("The window from %.1f s to %.1f s could not be described: %s"),
          self->window->start / 1e9, self->window->end / 1e9, line), (NULL), ("start", G_TYPE_UINT64, self->window->start, "end",
          G_TYPE_UINT64, self->window->end, NULL));
}

void
gst_llama4_job_report_skip (const GstLlama4Job * self, GstLlama4Describe * element)
{
  const GstLlama4Window *window = self->window;
  GstMessage *message = gst_message_new_qos (GST_OBJECT (element), TRUE, self->running_time, window->start, self->timestamp,
      window->end - window->start);
  guint64 described, skipped;

  GST_OBJECT_LOCK (element);
  skipped = ++element->stats.skipped;
  described = element->stats.described;
  element->lost = window->start;
  GST_OBJECT_UNLOCK (element);
  gst_llama4_output_unsay (element->output);
  gst_message_set_qos_stats (message, GST_FORMAT_BUFFERS, described, skipped);
  gst_element_post_message (GST_ELEMENT (element), message);
}

void
gst_llama4_job_deliver (GstLlama4Job * self, GstLlama4Describe * element)
{
  if (self->item != NULL)
    gst_llama4_output_push (element->output, g_steal_pointer (&self->item));
  else if (self->outcome == GST_LLAMA4_ANSWERED)
    publish (self, element);
  else if (self->outcome == GST_LLAMA4_FAILED)
    report_failure (self, element);
  else if (self->outcome == GST_LLAMA4_LEFT_OUT)
    gst_llama4_job_report_skip (self, element);
}
