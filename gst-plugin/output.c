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

  /* Held while sides are used by others than their threads; never while one of these pushes. */
  GRecMutex lock;
  GstLlama4Side *sides[N_SIDES];        /* NULL: not requested */
  gboolean running;
  guint generation;
  GstLlama4Item *segment;       /* the latest, for pads that come later */

  GMutex combiner_lock;
  GstFlowCombiner *combiner;
};

GstLlama4Output *
gst_llama4_output_new (GstElement * element, GstPad * sinkpad, GstPad * srcpad)
{
  GstLlama4Output *self = g_new0 (GstLlama4Output, 1);

  self->element = element;
  self->sinkpad = sinkpad;
  self->srcpad = srcpad;
  g_rec_mutex_init (&self->lock);
  g_mutex_init (&self->combiner_lock);
  self->combiner = gst_flow_combiner_new ();
  gst_flow_combiner_add_pad (self->combiner, srcpad);
  return self;
}

void
gst_llama4_output_free (GstLlama4Output * self)
{
  for (guint i = 0; i < N_SIDES; i++)
    gst_llama4_side_free (self->sides[i]);
  gst_llama4_item_free (self->segment);
  gst_flow_combiner_unref (self->combiner);
  g_rec_mutex_clear (&self->lock);
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

static void
on_flow (GstPad * pad, GstFlowReturn flow, gpointer user_data)
{
  gst_llama4_output_combine (user_data, pad, flow);
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

  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS) {
    gst_query_set_caps_result (query, GST_PAD_TEMPLATE_CAPS (GST_PAD_PAD_TEMPLATE (pad)));
    return TRUE;
  }
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

/* Quality of service of the text says nothing about the video. */
static gboolean
side_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS) {
    gst_event_unref (event);
    return TRUE;
  }
  return gst_pad_event_default (pad, parent, event);
}

static void
start_side (GstLlama4Output * self, GstLlama4Side * side)
{
  gst_llama4_side_start (side, self->generation);
  if (self->segment != NULL)
    gst_llama4_side_push (side, gst_llama4_item_copy (self->segment));
}

GstPad *
gst_llama4_output_request (GstLlama4Output * self, GstPadTemplate * template)
{
  guint which = g_str_equal (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), "json_src") ? JSON : TEXT;
  GstPad *pad;

  g_rec_mutex_lock (&self->lock);
  if (self->sides[which] != NULL) {
    g_rec_mutex_unlock (&self->lock);
    return NULL;
  }
  pad = gst_pad_new_from_template (template, GST_PAD_TEMPLATE_NAME_TEMPLATE (template));
  gst_pad_set_query_function (pad, side_query);
  gst_pad_set_event_function (pad, side_event);
  gst_pad_set_iterate_internal_links_function (pad, iterate_internal_links);
  g_mutex_lock (&self->combiner_lock);
  gst_flow_combiner_add_pad (self->combiner, pad);
  g_mutex_unlock (&self->combiner_lock);
  if (self->running)
    gst_pad_set_active (pad, TRUE);
  gst_element_add_pad (self->element, pad);
  self->sides[which] = gst_llama4_side_new (self->element, self->sinkpad, pad, which == JSON, on_flow, self);
  if (self->running)
    start_side (self, self->sides[which]);
  g_rec_mutex_unlock (&self->lock);
  return pad;
}

void
gst_llama4_output_release (GstLlama4Output * self, GstPad * pad)
{
  GstLlama4Side *side = NULL;

  gst_pad_set_active (pad, FALSE);      /* ends a push that runs */
  g_rec_mutex_lock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL && gst_llama4_side_get_pad (self->sides[i]) == pad)
      side = g_steal_pointer (&self->sides[i]);
  g_rec_mutex_unlock (&self->lock);
  if (side == NULL)
    return;
  gst_llama4_side_interrupt (side);
  gst_llama4_side_join (side);
  g_mutex_lock (&self->combiner_lock);
  gst_flow_combiner_remove_pad (self->combiner, pad);
  g_mutex_unlock (&self->combiner_lock);
  gst_element_remove_pad (self->element, pad);
  gst_llama4_side_free (side);
}

gboolean
gst_llama4_output_has_pads (GstLlama4Output * self)
{
  gboolean any = FALSE;

  g_rec_mutex_lock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    any |= self->sides[i] != NULL;
  g_rec_mutex_unlock (&self->lock);
  return any;
}

/* To every side --------------------------------------------------------------------------------------------------------- */

void
gst_llama4_output_start (GstLlama4Output * self, guint generation)
{
  g_rec_mutex_lock (&self->lock);
  self->running = TRUE;
  self->generation = generation;
  g_clear_pointer (&self->segment, gst_llama4_item_free);
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      start_side (self, self->sides[i]);
  g_rec_mutex_unlock (&self->lock);
  g_mutex_lock (&self->combiner_lock);
  gst_flow_combiner_reset (self->combiner);
  g_mutex_unlock (&self->combiner_lock);
}

void
gst_llama4_output_interrupt (GstLlama4Output * self)
{
  g_rec_mutex_lock (&self->lock);
  self->running = FALSE;
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      gst_llama4_side_interrupt (self->sides[i]);
  g_rec_mutex_unlock (&self->lock);
}

void
gst_llama4_output_join (GstLlama4Output * self)
{
  g_rec_mutex_lock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      gst_llama4_side_join (self->sides[i]);
  g_rec_mutex_unlock (&self->lock);
}

void
gst_llama4_output_push (GstLlama4Output * self, GstLlama4Item * given)
{
  g_autoptr (GstLlama4Item) item = given;

  g_rec_mutex_lock (&self->lock);
  if (item->type == GST_LLAMA4_ITEM_SEGMENT && item->generation == self->generation) {
    gst_llama4_item_free (self->segment);
    self->segment = gst_llama4_item_copy (item);
  }
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      gst_llama4_side_push (self->sides[i], gst_llama4_item_copy (item));
  g_rec_mutex_unlock (&self->lock);
}

void
gst_llama4_output_flush_start (GstLlama4Output * self, GstEvent * event, guint generation)
{
  /* a push above may wait for a side, with the lock: the flush that ends its wait comes first */
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      gst_llama4_side_flush_start (self->sides[i], event, generation);
  g_rec_mutex_lock (&self->lock);
  self->generation = generation;
  g_clear_pointer (&self->segment, gst_llama4_item_free);
  g_rec_mutex_unlock (&self->lock);
}

void
gst_llama4_output_flush_stop (GstLlama4Output * self, GstEvent * event)
{
  g_rec_mutex_lock (&self->lock);
  for (guint i = 0; i < N_SIDES; i++)
    if (self->sides[i] != NULL)
      gst_llama4_side_flush_stop (self->sides[i], event);
  g_rec_mutex_unlock (&self->lock);
  g_mutex_lock (&self->combiner_lock);
  gst_flow_combiner_reset (self->combiner);
  g_mutex_unlock (&self->combiner_lock);
}
