/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The workers: describe windows, as many at once as there may be, and hand over what came of them in order. */

#include "job.h"

GST_DEBUG_CATEGORY_EXTERN (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

/* The threads ---------------------------------------------------------------------------------------------------------- */

/* Takes up the first window that waits, and marks what is set now as what it is described with: windows are taken up in order. One that
 * may be too late waits for those before it, by which it is known whether it will be. NULL: there is none to take. With lock held. */
static GstLlama4Job *
take_up (GstLlama4Describe * self)
{
  for (GList * link = self->jobs.head; link != NULL; link = link->next) {
    GstLlama4Job *job = link->data;

    if (job->at_work || job->window == NULL)
      continue;
    if (job->late && self->n_at_work > 0)
      return NULL;
    gst_llama4_describe_copy_settings (self, &job->settings);
    job->at_work = TRUE;
    self->n_waiting--;
    self->n_at_work++;
    g_cond_broadcast (&self->changed);
    return job;
  }
  return NULL;
}

/* Delivers the job, which is the first one, and lets go of it. With lock held, but for the while. */
static void
deliver (GstLlama4Describe * self, GstLlama4Job * job)
{
  gboolean alone = self->n_at_work == 1 && job->outcome != GST_LLAMA4_NOTHING;

  job->at_work = TRUE;
  g_mutex_unlock (&self->lock);
  gst_llama4_job_deliver (job, self);
  if (alone)                    /* what else is described would be measured with it */
    l4_model_measure (self->model);     /* once a machine, and after a window, so that the first one comes soon */
  g_mutex_lock (&self->lock);
  if (job->generation == self->generation)      /* otherwise it is no longer among the jobs */
    g_queue_pop_head (&self->jobs);
  gst_llama4_job_free (job);
  g_cond_broadcast (&self->changed);
}

/* The end of what is said waits for what is asked: that may be a summary, whose record would come too late. With lock held. */
static gboolean
is_held (const GstLlama4Describe * self, const GstLlama4Item * item)
{
  return item->type == GST_LLAMA4_ITEM_EOS && self->n_asked > 0;
}

/* Delivers what there is before the next window. With lock held, but for the while. */
static void
deliver_items (GstLlama4Describe * self)
{
  GstLlama4Job *first;

  while ((first = g_queue_peek_head (&self->jobs)) != NULL && first->window == NULL && !first->at_work && !is_held (self, first->item))
    deliver (self, first);
}

/* When those before it have been, delivers the window and what follows it up to the next one. With lock held, but for the while. */
static void
hand_over (GstLlama4Describe * self, GstLlama4Job * job)
{
  guint generation = job->generation;

  while (generation == self->generation && g_queue_peek_head (&self->jobs) != job) {
    GstLlama4Job *first = g_queue_peek_head (&self->jobs);

    if (first->window == NULL && !first->at_work)       /* the window that it followed was left out */
      deliver (self, first);
    else
      g_cond_wait (&self->changed, &self->lock);
  }
  if (generation == self->generation) {
    deliver (self, job);
    deliver_items (self);
  } else {
    gst_llama4_job_free (job);
  }
  self->n_at_work--;
  g_cond_broadcast (&self->changed);
}

/* Tells what came of a question or a summary, and lets go of it. */
static void
reply (GstLlama4Describe * self, GstLlama4Job * asked)
{
  if (asked->whom != NULL)
    gst_llama4_ask_reply (asked, self);
  else
    gst_llama4_summary_deliver (asked, self);
  gst_llama4_job_free (asked);
  g_mutex_lock (&self->lock);
  self->n_asked--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
gst_llama4_worker_push_asked (GstLlama4Describe * self, GstLlama4Job * asked)
{
  self->n_asked++;
  g_queue_push_tail (&self->asked_for, asked);
  g_cond_broadcast (&self->changed);
}

/* Describes one window after the other. */
static void
work (GstLlama4Describe * self, L4Session * session)
{
  g_mutex_lock (&self->lock);
  while (!self->stopping) {
    GstLlama4Job *asked = g_queue_pop_head (&self->asked_for), *job = asked != NULL ? asked : take_up (self);

    if (job == NULL) {
      g_cond_wait (&self->changed, &self->lock);
      continue;
    }
    if (session != NULL) {
      g_autoptr (GCancellable) cancellable = g_object_ref (self->cancellable);

      g_mutex_unlock (&self->lock);
      gst_llama4_job_describe (job, self, session, cancellable);
      g_mutex_lock (&self->lock);
    }
    if (asked != NULL) {
      g_mutex_unlock (&self->lock);
      reply (self, asked);
      g_mutex_lock (&self->lock);
      deliver_items (self);     /* the end, if it waited for this */
    } else {
      hand_over (self, job);
    }
  }
  g_mutex_unlock (&self->lock);
}

static gpointer
help (gpointer data)
{
  GstLlama4Describe *self = data;
  g_autoptr (L4Session) session = l4_session_new (self->model);

  work (self, session);
  return NULL;
}

static void
join (gpointer thread)
{
  g_thread_join (thread);
}

/* Loads the model, and then works, with as many helpers as there may be windows at once. */
static gpointer
run (gpointer data)
{
  GstLlama4Describe *self = data;
  g_autoptr (GPtrArray) helpers = g_ptr_array_new_with_free_func (join);
  g_autoptr (L4Session) session = gst_llama4_load_run (self) ? l4_session_new (self->model) : NULL;

  for (guint i = 1; session != NULL && i < self->n_workers; i++) {
    GThread *helper = g_thread_try_new ("llama4-helper", help, self, NULL);

    if (helper == NULL)         /* fewer are slower, not wrong */
      break;
    g_ptr_array_add (helpers, helper);
  }
  work (self, session);
  return NULL;
}

void
gst_llama4_worker_start (GstLlama4Describe * self)
{
  self->flushing = self->stopping = FALSE;
  self->n_at_work = 0;
  GST_OBJECT_LOCK (self);
  self->n_workers = self->settings.ahead;
  GST_OBJECT_UNLOCK (self);
  self->model_state = GST_LLAMA4_MODEL_LOADING;
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  gst_llama4_output_start (self->output, self->generation);
  gst_llama4_load_announce (self);
  self->worker = g_thread_new ("llama4-worker", run, self);
}

/* Forgets the jobs, but for those at work, which their workers will find to be of an earlier generation. With lock held. */
static void
drop_jobs (GstLlama4Describe * self)
{
  GstLlama4Job *job;

  while ((job = g_queue_pop_head (&self->jobs)) != NULL)
    if (!job->at_work)
      gst_llama4_job_free (job);
  self->n_waiting = 0;
  g_clear_pointer (&self->latest_window, gst_llama4_window_free);
}

/* Questions that nobody will answer any more are told so. (asked: transfer full) */
static void
refuse (GstLlama4Describe * self, GQueue asked)
{
  GstLlama4Job *job;

  while ((job = g_queue_pop_head (&asked)) != NULL)
    reply (self, job);
}

/* With lock held. (transfer full) */
static GQueue
take_asked (GstLlama4Describe * self)
{
  GQueue asked = self->asked_for;

  g_queue_init (&self->asked_for);
  return asked;
}

void
gst_llama4_worker_interrupt (GstLlama4Describe * self)
{
  GQueue asked;

  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  self->generation++;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  drop_jobs (self);
  asked = take_asked (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  refuse (self, asked);
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
  GQueue asked;

  g_mutex_lock (&self->lock);
  self->flushing = TRUE;
  self->generation++;
  if (self->model_state == GST_LLAMA4_MODEL_READY) {    /* loading goes on */
    g_cancellable_cancel (self->cancellable);
    g_clear_object (&self->cancellable);
    self->cancellable = g_cancellable_new ();
  }
  drop_jobs (self);
  asked = take_asked (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  refuse (self, asked);
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
push_job (GstLlama4Describe * self, GstLlama4Job * job)
{
  if (is_interrupted (self)) {
    gst_llama4_job_free (job);
    return;
  }
  job->generation = self->generation;
  self->n_waiting += job->window != NULL;
  g_queue_push_tail (&self->jobs, job);
  g_cond_broadcast (&self->changed);
}

/* What would say again the text of a window that is left out says nothing. */
static void
hush (GList * following)
{
  for (GList * link = following; link != NULL && ((GstLlama4Job *) link->data)->window == NULL; link = link->next) {
    GstLlama4Item *item = ((GstLlama4Job *) link->data)->item;

    if (item != NULL && item->type == GST_LLAMA4_ITEM_TEXT && item->text == NULL)
      item->text = g_strdup ("");
  }
}

/* Takes the window that waits out of the jobs. */
static GstLlama4Job *
take_waiting (GstLlama4Describe * self)
{
  for (GList * link = self->jobs.head; link != NULL; link = link->next) {
    GstLlama4Job *job = link->data;

    if (job->window != NULL && !job->at_work) {
      hush (link->next);
      g_queue_delete_link (&self->jobs, link);
      self->n_waiting--;
      return job;
    }
  }
  return NULL;
}

/* A window that finds the describer at work waits, and is taken up only if it will be described before its time on the screen has
 * passed: the text's delay after its end, or where that is shorter as long after it as the window is. One that finds it idle is always
 * taken, or a describer that never makes it would never begin, and its objects are held to that time: one, where it has passed by then. */
static void
choose_patience (GstLlama4Describe * self, GstLlama4Job * job)
{
  guint64 until = MAX (gst_llama4_describe_get_delay (self), job->window->end - job->window->start);

  job->object_patience = until / 1000;
  job->patience = self->n_at_work > 0 ? job->object_patience : G_MAXINT64;
}

void
gst_llama4_worker_push_window (GstLlama4Describe * self, GstLlama4Window * window, GstLlama4Patience patience)
{
  g_autoptr (GPtrArray) skipped = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_llama4_job_free);
  GstLlama4Job *job = g_new0 (GstLlama4Job, 1);

  job->window = window;
  job->late = patience != GST_LLAMA4_WAIT;
  job->since = g_get_monotonic_time ();
  job->segment_number = self->segment_number;
  job->film = self->film;
  job->timestamp = gst_segment_position_from_stream_time (&self->segment, GST_FORMAT_TIME, window->start);
  job->running_time = gst_segment_to_running_time (&self->segment, GST_FORMAT_TIME, job->timestamp);
  if (window->frames->len == 0) {       /* the model was not there yet, or could be shown none of them */
    gst_llama4_job_report_skip (job, self);
    gst_llama4_job_free (job);
    return;
  }
  g_mutex_lock (&self->lock);
  job->patience = job->object_patience = G_MAXINT64;
  if (patience == GST_LLAMA4_REPLACE)
    choose_patience (self, job);
  while (patience == GST_LLAMA4_REPLACE && self->n_waiting > 0)
    g_ptr_array_add (skipped, take_waiting (self));
  while (patience == GST_LLAMA4_WAIT && self->n_waiting > 0 && !is_interrupted (self))
    g_cond_wait (&self->changed, &self->lock);
  if (!is_interrupted (self)) {
    g_clear_pointer (&self->latest_window, gst_llama4_window_free);
    self->latest_window = gst_llama4_window_copy (window);
  }
  push_job (self, job);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < skipped->len; i++)
    gst_llama4_job_report_skip (g_ptr_array_index (skipped, i), self);
}

/* Whether the last job, which waits, says what item would: that time has passed. Where windows are rare there would be one for every
 * frame. Then it is let go of. With lock held. (item: transfer full) */
static gboolean
take_in (GstLlama4Describe * self, GstLlama4Item * item)
{
  const GstLlama4Job *last = g_queue_peek_tail (&self->jobs);

  if (last == NULL || last->at_work || last->item == NULL || last->item->type != GST_LLAMA4_ITEM_PASSED
      || item->type != GST_LLAMA4_ITEM_PASSED || last->item->segment_number != item->segment_number)
    return FALSE;
  last->item->end = MAX (last->item->end, item->end);
  gst_llama4_item_free (item);
  return TRUE;
}

void
gst_llama4_worker_push_output (GstLlama4Describe * self, GstLlama4Item * item, gboolean now)
{
  gboolean waits;

  g_mutex_lock (&self->lock);
  item->generation = self->generation;
  waits = (!now && (self->jobs.length > 0 || is_held (self, item))) || is_interrupted (self);
  if (waits && !take_in (self, item)) {
    GstLlama4Job *job = g_new0 (GstLlama4Job, 1);

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
  while ((self->jobs.length > 0 || self->n_asked > 0 || self->model_state == GST_LLAMA4_MODEL_LOADING) && !is_interrupted (self))
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}
