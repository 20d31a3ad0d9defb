/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker: describes one window after the other. */

#include "gettext.h"
#include "gstllama4describe.h"
#include "prompt.h"

GST_DEBUG_CATEGORY_EXTERN (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

/* A window to describe, or else something for the output. */
typedef struct
{
  guint generation;
  GstLlama4Window *window;
  gint64 since;                 /* monotonic time of its last frame */
  gboolean late;                /* its text may be shown after its time */
  gint64 patience;              /* microseconds from then to the latest moment at which its text is of use */
  GstClockTime running_time, timestamp; /* of its start */
  guint segment_number;
  GstLlama4Item *item;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  gst_llama4_window_free (job->window);
  gst_llama4_item_free (job->item);
  g_free (job);
}

/* Describing ----------------------------------------------------------------------------------------------------------- */

/* What the properties and the following buffers show. */
static void
remember (GstLlama4Describe * self, const L4Record * record, const char *text, const char *json)
{
  const L4Answer *answer = record->answer;

  GST_OBJECT_LOCK (self);
  g_free (self->description);
  self->description = g_strdup (text);
  g_clear_pointer (&self->latest, gst_structure_free);
  self->latest = gst_llama4_latest_structure (GST_LLAMA4_META, record, text, json);
  self->stats.described++;
  self->stats.prompt_tokens += answer->prompt_tokens;
  self->stats.reused_tokens += answer->reused_tokens;
  self->stats.generated_tokens += answer->generated_tokens;
  self->stats.queue_us += record->queue_us;
  self->stats.vision_us += answer->vision_us;
  self->stats.prefill_us += answer->prefill_us;
  self->stats.decode_us += answer->decode_us;
  self->stats.limit_us += answer->limit_us;
  if (answer->limit_us > 0)
    self->stats.limited_us += answer->vision_us + answer->prefill_us + answer->decode_us;
  GST_OBJECT_UNLOCK (self);
}

/* window: whose picture it shall carry, or NULL. */
static void
post_description (GstLlama4Describe * self, const L4Record * record, const char *text, const char *json, const GstLlama4Window * window)
{
  GstStructure *structure = gst_llama4_latest_structure (GST_LLAMA4_MESSAGE, record, text, json);

  if (window != NULL) {
    g_autoptr (GstSample) picture = gst_llama4_latest_picture (window);

    gst_structure_set (structure, "picture", GST_TYPE_SAMPLE, picture, NULL);
  }
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), structure));
}

static void
publish (GstLlama4Describe * self, const Job * job, const L4Answer * answer, gint64 queue_us, gboolean picture)
{
  const GstLlama4Window *window = job->window;
  g_autofree guint64 *times = g_new (guint64, window->frames->len);
  const L4Record record = { window->start, window->end, times, window->frames->len, l4_model_get_info (self->model), answer,
    queue_us
  };
  GstLlama4Item *item = gst_llama4_item_new (GST_LLAMA4_ITEM_TEXT);
  g_autofree char *text = NULL, *json = NULL;
  gboolean current;

  for (guint i = 0; i < window->frames->len; i++)
    times[i] = ((GstLlama4Frame *) g_ptr_array_index (window->frames, i))->time;
  text = l4_text_to_line (answer->text, -1);
  json = l4_record_to_json (&record);
  item->generation = job->generation;
  item->start = window->start;
  item->end = window->text_end;
  item->text = g_strdup (text);
  item->json = g_strdup (json);
  item->late = job->late;
  item->segment_number = job->segment_number;

  g_mutex_lock (&self->lock);   /* so that no flush comes between the look and the deed */
  current = job->generation == self->generation && !self->stopping;
  if (current)
    remember (self, &record, text, json);
  g_mutex_unlock (&self->lock);
  if (!current) {
    gst_llama4_item_free (item);
    return;
  }
  gst_llama4_output_push (self->output, item);
  post_description (self, &record, text, json, picture ? window : NULL);
  g_object_notify (G_OBJECT (self), "description");
}

static void
report_failure (GstLlama4Describe * self, const Job * job, const GError * error)
{
  g_autofree char *line = l4_text_to_line (error->message, -1);

  GST_OBJECT_LOCK (self);
  self->stats.failed++;
  GST_OBJECT_UNLOCK (self);
  GST_ELEMENT_WARNING_WITH_DETAILS (self, STREAM, FAILED, (_("The window from %.1f s to %.1f s could not be described: %s"),
          job->window->start / 1e9, job->window->end / 1e9, line), (NULL), ("start", G_TYPE_UINT64, job->window->start, "end",
          G_TYPE_UINT64, job->window->end, NULL));
}

/* Tells that a window was left out. */
static void
report_skip (GstLlama4Describe * self, const Job * job)
{
  const GstLlama4Window *window = job->window;
  GstMessage *message = gst_message_new_qos (GST_OBJECT (self), TRUE, job->running_time, window->start, job->timestamp,
      window->end - window->start);
  guint64 described, skipped;

  GST_OBJECT_LOCK (self);
  skipped = ++self->stats.skipped;
  described = self->stats.described;
  GST_OBJECT_UNLOCK (self);
  gst_message_set_qos_stats (message, GST_FORMAT_BUFFERS, described, skipped);
  gst_element_post_message (GST_ELEMENT (self), message);
}

/* What describing the window will cost is known before; whether it will be done in time. */
static gboolean
is_worth_it (GstLlama4Describe * self, L4Session * session, const Job * job, const L4Message * messages, gsize n_messages,
    const L4GenerateOptions * options)
{
  L4Forecast forecast;
  gboolean in_time;
  gint64 waited;

  if (!l4_session_forecast (session, messages, n_messages, options, &forecast, NULL))
    return TRUE;                /* describing it says why */
  waited = g_get_monotonic_time () - job->since;
  in_time = waited + forecast.seconds * G_USEC_PER_SEC <= job->patience;
  GST_DEBUG_OBJECT (self, "window from %.1f s: %u pictures, %u tiles, %u tokens, %u of them held, and %u to generate: %.3g operations, "
      "%.3g bytes, %.3f s; has waited %.3f s, %s", job->window->start / 1e9, forecast.pictures, forecast.tiles,
      forecast.prompt_tokens, forecast.reused_tokens, forecast.generated_tokens, forecast.operations, forecast.bytes,
      forecast.seconds, waited / 1e6, in_time ? "taken" : "left out");
  GST_OBJECT_LOCK (self);
  self->stats.forecast = forecast.seconds;
  GST_OBJECT_UNLOCK (self);
  return in_time;
}

static void
describe (GstLlama4Describe * self, L4Session * session, const Job * job, GCancellable * cancellable)
{
  g_auto (GstLlama4Settings) settings = { 0 };
  g_auto (GstLlama4Prompt) prompt = { 0 };
  g_auto (L4Answer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 queue_us = g_get_monotonic_time () - job->since;
  L4GenerateOptions options;
  L4Part system = { 0 };
  L4Message messages[2];
  gsize n_messages = 0;

  gst_llama4_describe_copy_settings (self, &settings);
  gst_llama4_prompt_init (&prompt, job->window, settings.prompt, settings.language);
  if (settings.system_prompt != NULL && *settings.system_prompt != '\0') {
    system.text = settings.system_prompt;
    messages[n_messages++] = (L4Message) { L4_ROLE_SYSTEM, &system, 1 };
  }
  messages[n_messages++] = (L4Message) { L4_ROLE_USER, (const L4Part *) prompt.parts->data, prompt.parts->len };
  options = (L4GenerateOptions) { settings.max_tokens, settings.temperature, settings.top_p, settings.seed, settings.tiles,
    settings.kv_type == GST_LLAMA4_INT8
  };

  if (g_cancellable_is_cancelled (cancellable))
    return;
  if (!is_worth_it (self, session, job, messages, n_messages, &options))
    report_skip (self, job);
  else if (!l4_session_answer (session, messages, n_messages, &options, NULL, NULL, cancellable, &answer, &error))
    report_failure (self, job, error);
  else if (answer.finish != L4_FINISH_CANCELLED)
    publish (self, job, &answer, queue_us, settings.pictures);
}

/* The thread ----------------------------------------------------------------------------------------------------------- */

static void
do_job (GstLlama4Describe * self, L4Session * session, Job * job, GCancellable * cancellable)
{
  if (job->window != NULL && session != NULL) {
    describe (self, session, job, cancellable);
    l4_model_measure (self->model);     /* once a machine, and after the first window, so that that one comes soon */
  }
  if (job->item != NULL)
    gst_llama4_output_push (self->output, g_steal_pointer (&job->item));
}

static gpointer
run (gpointer data)
{
  GstLlama4Describe *self = data;
  L4Session *session = gst_llama4_load_run (self) ? l4_session_new (self->model) : NULL;

  g_mutex_lock (&self->lock);
  while (!self->stopping) {
    Job *job = g_queue_pop_head (&self->jobs);
    GCancellable *cancellable;

    if (job == NULL) {
      g_cond_wait (&self->changed, &self->lock);
      continue;
    }
    self->n_waiting -= job->window != NULL;
    self->busy = TRUE;
    self->describing = job->window != NULL && session != NULL;
    cancellable = g_object_ref (self->cancellable);
    g_cond_broadcast (&self->changed);
    g_mutex_unlock (&self->lock);
    do_job (self, session, job, cancellable);
    job_free (job);
    g_object_unref (cancellable);
    g_mutex_lock (&self->lock);
    self->busy = self->describing = FALSE;
    g_cond_broadcast (&self->changed);
  }
  g_mutex_unlock (&self->lock);
  l4_session_free (session);
  return NULL;
}

void
gst_llama4_worker_start (GstLlama4Describe * self)
{
  self->flushing = self->stopping = self->busy = self->describing = FALSE;
  self->model_state = GST_LLAMA4_MODEL_LOADING;
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  gst_llama4_output_start (self->output, self->generation);
  gst_llama4_load_announce (self);
  self->worker = g_thread_new ("llama4-worker", run, self);
}

static void
drop_jobs (GstLlama4Describe * self)
{
  g_queue_clear_full (&self->jobs, job_free);
  self->n_waiting = 0;
}

void
gst_llama4_worker_interrupt (GstLlama4Describe * self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  self->generation++;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  drop_jobs (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  gst_llama4_output_interrupt (self->output);
}

void
gst_llama4_worker_join (GstLlama4Describe * self)
{
  if (self->worker != NULL)
    g_thread_join (g_steal_pointer (&self->worker));
  gst_llama4_output_join (self->output);
}

void
gst_llama4_worker_flush_start (GstLlama4Describe * self)
{
  g_mutex_lock (&self->lock);
  self->flushing = TRUE;
  self->generation++;
  if (self->model_state == GST_LLAMA4_MODEL_READY) {    /* loading goes on */
    g_cancellable_cancel (self->cancellable);
    g_clear_object (&self->cancellable);
    self->cancellable = g_cancellable_new ();
  }
  drop_jobs (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
gst_llama4_worker_flush_stop (GstLlama4Describe * self)
{
  g_mutex_lock (&self->lock);
  self->flushing = FALSE;
  g_mutex_unlock (&self->lock);
}

/* For the streaming thread ----------------------------------------------------------------------------------------------- */

static gboolean
is_interrupted (const GstLlama4Describe * self)
{
  return self->flushing || self->stopping;
}

gboolean
gst_llama4_worker_wait_for_model (GstLlama4Describe * self, gboolean skips)
{
  gboolean ready;

  g_mutex_lock (&self->lock);
  while (self->model_state == GST_LLAMA4_MODEL_LOADING && !skips && !is_interrupted (self))
    g_cond_wait (&self->changed, &self->lock);
  ready = self->model_state == GST_LLAMA4_MODEL_READY && !is_interrupted (self);
  g_mutex_unlock (&self->lock);
  return ready;
}

gboolean
gst_llama4_worker_has_failed (GstLlama4Describe * self)
{
  gboolean failed;

  g_mutex_lock (&self->lock);
  failed = self->model_state == GST_LLAMA4_MODEL_FAILED && !self->stopping;
  g_mutex_unlock (&self->lock);
  return failed;
}

static void
push_job (GstLlama4Describe * self, Job * job)
{
  if (is_interrupted (self)) {
    job_free (job);
    return;
  }
  job->generation = self->generation;
  if (job->item != NULL)
    job->item->generation = self->generation;
  self->n_waiting += job->window != NULL;
  g_queue_push_tail (&self->jobs, job);
  g_cond_broadcast (&self->changed);
}

/* Takes the window that waits out of the jobs. */
static Job *
take_waiting (GstLlama4Describe * self)
{
  for (GList * link = self->jobs.head; link != NULL; link = link->next) {
    Job *job = link->data;

    if (job->window != NULL) {
      g_queue_delete_link (&self->jobs, link);
      self->n_waiting--;
      return job;
    }
  }
  return NULL;
}

/* A window that finds the describer at work waits, and is taken up only if it will be described before its time on the screen has
 * passed: the text's delay after its end, or where that is shorter as long after it as the window is. One that finds it idle is always
 * taken, or a describer that never makes it would never begin. */
static gint64
choose_patience (GstLlama4Describe * self, const GstLlama4Window * window)
{
  guint64 until = MAX (gst_llama4_describe_get_delay (self), window->end - window->start);

  return self->describing ? (gint64) (until / 1000) : G_MAXINT64;
}

void
gst_llama4_worker_push_window (GstLlama4Describe * self, GstLlama4Window * window, GstLlama4Patience patience)
{
  g_autoptr (GPtrArray) skipped = g_ptr_array_new_with_free_func (job_free);
  Job *job = g_new0 (Job, 1);

  job->window = window;
  job->late = patience != GST_LLAMA4_WAIT;
  job->since = g_get_monotonic_time ();
  job->segment_number = self->segment_number;
  job->timestamp = gst_segment_position_from_stream_time (&self->segment, GST_FORMAT_TIME, window->start);
  job->running_time = gst_segment_to_running_time (&self->segment, GST_FORMAT_TIME, job->timestamp);
  if (window->frames->len == 0) {       /* the model was not there yet, or could be shown none of them */
    report_skip (self, job);
    job_free (job);
    return;
  }
  g_mutex_lock (&self->lock);
  job->patience = patience == GST_LLAMA4_REPLACE ? choose_patience (self, window) : G_MAXINT64;
  while (patience == GST_LLAMA4_REPLACE && self->n_waiting > 0)
    g_ptr_array_add (skipped, take_waiting (self));
  while (patience == GST_LLAMA4_WAIT && self->n_waiting > 0 && !is_interrupted (self))
    g_cond_wait (&self->changed, &self->lock);
  push_job (self, job);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < skipped->len; i++)
    report_skip (self, g_ptr_array_index (skipped, i));
}

void
gst_llama4_worker_push_output (GstLlama4Describe * self, GstLlama4Item * item, gboolean now)
{
  gboolean waits;

  g_mutex_lock (&self->lock);
  item->generation = self->generation;
  waits = (!now && (self->busy || self->jobs.length > 0)) || is_interrupted (self);
  if (waits) {
    Job *job = g_new0 (Job, 1);

    job->item = item;
    push_job (self, job);
  }
  g_mutex_unlock (&self->lock);
  if (!waits)                   /* nothing goes before it: not even loading the model, which may take long */
    gst_llama4_output_push (self->output, item);
}

void
gst_llama4_worker_drain (GstLlama4Describe * self)
{
  g_mutex_lock (&self->lock);
  while ((self->busy || self->jobs.length > 0 || self->model_state == GST_LLAMA4_MODEL_LOADING) && !is_interrupted (self))
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}
