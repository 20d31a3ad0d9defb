/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text and json pads together: what is said goes to each that exists. */

#include "output.h"

#include "gstllama4describe.h"

enum
{ TEXT, JSON, N_SIDES };

struct _GstLlama4Output
{
  GstElement *element;
  GstPad *sinkpad, *srcpad;

  GMutex lock;                  /* never held while something is pushed or waited for */
  GstLlama4Side *sides[N_SIDES];        /* NULL: not requested */
  gboolean running, ending;
  guint generation;
  GstLlama4Item *segment, *eos; /* the latest, for pads that come later */
  char *said;                   /* the latest text, or NULL */

  GMutex combiner_lock;
  GstFlowCombiner *combiner;
  gboolean refused;             /* text was, and this has been told */
};

GstLlama4Output *
gst_llama4_output_new (GstElement * element, GstPad * sinkpad, GstPad * srcpad)
{
  GstLlama4Output *self = g_new0 (GstLlama4Output, 1);

  self->element = element;
  self->sinkpad = sinkpad;
  self->srcpad = srcpad;
  g_mutex_init (&self->lock);
  g_mutex_init (&self->combiner_lock);
  self->combiner = gst_flow_combiner_new ();
  gst_flow_combiner_add_pad (self->combiner, srcpad);
  return self;
}

static void
forget (GstLlama4Output * self)
{
  g_clear_pointer (&self->segment, gst_llama4_item_free);
  g_clear_pointer (&self->eos, gst_llama4_item_free);
  g_clear_pointer (&self->said, g_free);
}

void
gst_llama4_output_free (GstLlama4Output * self)
{
  for (guint i = 0; i < N_SIDES; i++)
    g_clear_pointer (&self->sides[i], gst_llama4_side_unref);
  forget (self);
  gst_flow_combiner_unref (self->combiner);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->combiner_lock);
  g_free (self);
}

GstFlowReturn
gst_llama4_output_combine (GstLlama4Output * self, GstPad * pad, GstFlowReturn flow)
{
  g_mutex_lock (&self->combiner_lock);
  flow = gst_flow_combiner_update_pad_flow (self->combiner, pad, flow);
  g_mutex_unlock (&self->combiner_lock);
  return flow;
}

/* Where nobody downstream says what is wrong this does: the video may have ended, so that no buffer of it returns the flow. Who takes text and
 * is stopped or flushed stops no video, which is told by its own pad when it is. */
static void
on_flow (GstPad * pad, GstFlowReturn flow, gpointer user_data)
{
  GstLlama4Output *self = user_data;
  gboolean refused = flow == GST_FLOW_NOT_NEGOTIATED || flow == GST_FLOW_NOT_SUPPORTED, news;

  g_mutex_lock (&self->combiner_lock);
  gst_flow_combiner_update_pad_flow (self->combiner, pad, flow == GST_FLOW_FLUSHING ? GST_FLOW_OK : flow);
  news = refused && !self->refused;
  self->refused |= refused;
  g_mutex_unlock (&self->combiner_lock);
  if (news)
    GST_ELEMENT_FLOW_ERROR (self->element, flow);
}

/* Pads ---------------------------------------------------------------------------------------------------------------- */

static GstIterator *
iterate_internal_links (GstPad * pad, GstObject * parent)
{
  GValue value = G_VALUE_INIT;
  GstIterator *iterator;

  g_value_init (&value, GST_TYPE_PAD);
  g_value_set_object (&value, GST_LLAMA4_DESCRIBE (parent)->sinkpad);
  iterator = gst_iterator_new_single (GST_TYPE_PAD, &value);
  g_value_unset (&value);
  return iterator;
}

/* Latency: upstream's and the declared one. */
static gboolean
side_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstLlama4Describe *element = GST_LLAMA4_DESCRIBE (parent);
  GstClockTime min, max, latency;
  gboolean live;

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  if (!gst_pad_peer_query (element->sinkpad, query))
    return FALSE;
  GST_OBJECT_LOCK (element);
  latency = element->settings.latency;
  GST_OBJECT_UNLOCK (element);
  gst_query_parse_latency (query, &live, &min, &max);
  gst_query_set_latency (query, live, min + latency, GST_CLOCK_TIME_IS_VALID (max) ? max + latency : max);
  return TRUE;
}

/* Neither the quality of service of the text nor how it is linked says anything about the video. */
static gboolean
side_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS || GST_EVENT_TYPE (event) == GST_EVENT_RECONFIGURE) {
    gst_event_unref (event);
    return TRUE;
  }
  return gst_pad_event_default (pad, parent, event);
}

/* With lock held. */
static void
start_side (GstLlama4Output * self, GstLlama4Side * side)
{
  gst_llama4_side_start (side, self->generation);
  gst_llama4_side_set_ending (side, self->ending);
  if (self->segment != NULL)
    gst_llama4_side_push (side, gst_llama4_item_copy (self->segment));
  if (self->eos != NULL)
    gst_llama4_side_push (side, gst_llama4_item_copy (self->eos));
}

GstPad *
gst_llama4_output_request (GstLlama4Output * self, GstPadTemplate * template)
{
  guint which = g_str_equal (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), "json_src") ? JSON : TEXT;
  GstPad *pad = NULL;
  gboolean running;

  g_mutex_lock (&self->lock);
  if (self->sides[which] == NULL) {
    pad = gst_pad_new_from_template (template, GST_PAD_TEMPLATE_NAME_TEMPLATE (template));
    self->sides[which] = gst_llama4_side_new (self->element, self->sinkpad, pad, which == JSON, on_flow, self);
  }
  running = self->running;
  g_mutex_unlock (&self->lock);
  if (pad == NULL)
    return NULL;
  gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (side_query));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (side_event));
  gst_pad_set_iterate_internal_links_function (pad, GST_DEBUG_FUNCPTR (iterate_internal_links));
  if (running)
    gst_pad_set_active (pad, TRUE);
  g_mutex_lock (&self->combiner_lock);
  gst_flow_combiner_add_pad (self->combiner, pad);
  g_mutex_unlock (&self->combiner_lock);
  gst_element_add_pad (self->element, pad);

  g_mutex_lock (&self->lock);
  if (self->running && self->sides[which] != NULL)
    start_side (self, self->sides[which]);
  g_mutex_unlock (&self->lock);
  return pad;
}

void
gst_llama4_output_release (GstLlama4Output * self, GstPad * pad)
{
  GstLlama4Side *side = NULL;

  g_mutex_lock (&self->combiner_lock);  /* first, or the video would be told that this pad flushes */
  gst_flow_combiner_remove_pad (self->combiner, pad);
  g_mutex_unlock (&self->combiner_lock);
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL && gst_llama4_side_get_pad (self->sides[i]) == pad)
      side = g_steal_pointer (&self->sides[i]);
  g_mutex_unlock (&self->lock);
  if (side == NULL)
    return;
  gst_llama4_side_interrupt (side);
  gst_pad_set_active (pad, FALSE);      /* ends a push that runs */
  gst_llama4_side_detach (side);
  gst_element_remove_pad (self->element, pad);
  gst_llama4_side_unref (side);
}

/* Whether anybody is behind the pad: it may be linked to one of a bin, behind which there is nobody. */
static gboolean
reaches_anybody (GstPad * pad)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (pad);
  g_autoptr (GstPad) other = GST_IS_PROXY_PAD (peer) ? GST_PAD (gst_proxy_pad_get_internal (GST_PROXY_PAD (peer))) : NULL;

  return other != NULL ? reaches_anybody (other) : peer != NULL;
}

gboolean
gst_llama4_output_is_linked (GstLlama4Output * self)
{
  gboolean any = FALSE;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    any |= self->sides[i] != NULL && reaches_anybody (gst_llama4_side_get_pad (self->sides[i]));
  g_mutex_unlock (&self->lock);
  return any;
}

/* To every side --------------------------------------------------------------------------------------------------------- */

/* A reference to each; with lock held. */
static void
get_sides (GstLlama4Output * self, GstLlama4Side * sides[N_SIDES])
{
  for (guint i = 0; i < N_SIDES; i++)
    sides[i] = self->sides[i] != NULL ? gst_llama4_side_ref (self->sides[i]) : NULL;
}

static void
put_sides (GstLlama4Side * sides[N_SIDES])
{
  for (guint i = 0; i < N_SIDES; i++)
    g_clear_pointer (&sides[i], gst_llama4_side_unref);
}

void
gst_llama4_output_start (GstLlama4Output * self, guint generation)
{
  g_mutex_lock (&self->lock);
  self->running = TRUE;
  self->generation = generation;
  forget (self);
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      start_side (self, self->sides[i]);
  g_mutex_unlock (&self->lock);
  g_mutex_lock (&self->combiner_lock);
  gst_flow_combiner_reset (self->combiner);
  self->refused = FALSE;
  g_mutex_unlock (&self->combiner_lock);
}

void
gst_llama4_output_interrupt (GstLlama4Output * self)
{
  g_mutex_lock (&self->lock);
  self->running = FALSE;
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      gst_llama4_side_interrupt (self->sides[i]);
  g_mutex_unlock (&self->lock);
}

void
gst_llama4_output_join (GstLlama4Output * self)
{
  GstLlama4Side *sides[N_SIDES];

  g_mutex_lock (&self->lock);
  get_sides (self, sides);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    if (sides[i] != NULL)
      gst_llama4_side_join (sides[i]);
  put_sides (sides);
}

/* A text is kept, and given to an item that says it again. With lock held. */
static void
keep_text (GstLlama4Output * self, GstLlama4Item * item)
{
  if (item->text == NULL) {
    item->text = g_strdup (self->said != NULL ? self->said : "");
  } else if (item->generation == self->generation) {
    g_free (self->said);
    self->said = g_strdup (item->text);
  }
}

static gboolean
is_before (const GstLlama4Item * one, const GstLlama4Item * other)
{
  return (gint) (one->segment_number - other->segment_number) < 0;
}

void
gst_llama4_output_push (GstLlama4Output * self, GstLlama4Item * given)
{
  g_autoptr (GstLlama4Item) item = given;
  GstLlama4Side *sides[N_SIDES];

  g_mutex_lock (&self->lock);
  if (item->type == GST_LLAMA4_ITEM_TEXT)
    keep_text (self, item);
  if (item->type == GST_LLAMA4_ITEM_SEGMENT && item->generation == self->generation) {
    char *said = item->goes_on ? g_steal_pointer (&self->said) : NULL;  /* of a scene that goes on, too */

    forget (self);
    self->said = said;
    self->segment = gst_llama4_item_copy (item);
  } else if (item->type == GST_LLAMA4_ITEM_EOS && self->segment != NULL && is_before (item, self->segment)) {
    g_mutex_unlock (&self->lock);       /* another stream has begun */
    return;
  } else if (item->type == GST_LLAMA4_ITEM_EOS && item->generation == self->generation) {
    g_clear_pointer (&self->eos, gst_llama4_item_free);
    self->eos = gst_llama4_item_copy (item);
  }
  get_sides (self, sides);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    if (sides[i] != NULL)
      gst_llama4_side_push (sides[i], gst_llama4_item_copy (item));
  put_sides (sides);
}

void
gst_llama4_output_unsay (GstLlama4Output * self)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->said, g_free);
  g_mutex_unlock (&self->lock);
}

void
gst_llama4_output_set_ending (GstLlama4Output * self, gboolean ending)
{
  g_mutex_lock (&self->lock);
  self->ending = ending;
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      gst_llama4_side_set_ending (self->sides[i], ending);
  g_mutex_unlock (&self->lock);
}

void
gst_llama4_output_flush_start (GstLlama4Output * self, GstEvent * event, guint generation)
{
  GstLlama4Side *sides[N_SIDES];

  g_mutex_lock (&self->lock);
  self->generation = generation;
  forget (self);
  get_sides (self, sides);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    if (sides[i] != NULL)
      gst_llama4_side_flush_start (sides[i], event, generation);
  put_sides (sides);
}

void
gst_llama4_output_flush_stop (GstLlama4Output * self, GstEvent * event)
{
  GstLlama4Side *sides[N_SIDES];

  g_mutex_lock (&self->lock);
  get_sides (self, sides);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    if (sides[i] != NULL)
      gst_llama4_side_flush_stop (sides[i], event);
  put_sides (sides);
  g_mutex_lock (&self->combiner_lock);
  gst_flow_combiner_reset (self->combiner);
  self->refused = FALSE;
  g_mutex_unlock (&self->combiner_lock);
}
