/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the pads beside the video: a thread that pushes, in order, text or a gap for every stretch of time. */

#pragma once

#include <gst/base/gstflowcombiner.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum
{
  GST_LLAMA4_ITEM_SEGMENT,
  GST_LLAMA4_ITEM_TEXT,
  GST_LLAMA4_ITEM_NOTE,         /* a record beside those of windows */
  GST_LLAMA4_ITEM_PASSED,       /* nothing will be said about the time before `end` that has not been said */
  GST_LLAMA4_ITEM_EOS
} GstLlama4ItemType;

typedef struct
{
  GstLlama4ItemType type;
  guint generation;             /* flushes before it was made */
  GstSegment segment;           /* SEGMENT */
  guint segment_number;         /* the segment, or of whose time it is: all but NOTE */
  gboolean goes_on;             /* SEGMENT: the one before with another end */
  GstClockTime ahead;           /* SEGMENT: stream time from the screen to here */
  gboolean new_stream;          /* SEGMENT: the first of a stream */
  guint32 seqnum;               /* SEGMENT, EOS */
  GstClockTime start, end;      /* stream time: TEXT; PASSED: end alone */
  char *text;                   /* one line of UTF-8; TEXT */
  char *json;                   /* TEXT, NOTE; NULL: there is no record of it */
  gboolean late;                /* TEXT: show it later when its time has passed already */
  gboolean hasty;               /* TEXT: left out rather than waited for while many wait */
} GstLlama4Item;

GstLlama4Item *gst_llama4_item_new (GstLlama4ItemType type);
GstLlama4Item *gst_llama4_item_copy (const GstLlama4Item * self);
void gst_llama4_item_free (GstLlama4Item * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Item, gst_llama4_item_free)

/* Whether the times of the stream go forth as its frames come; backwards nothing is ever said. */
gboolean gst_llama4_side_is_forward (const GstSegment * segment);

/* Told what came of a push. */
typedef void (*GstLlama4FlowFunc) (GstPad * pad, GstFlowReturn flow, gpointer user_data);

typedef struct _GstLlama4Side GstLlama4Side;

/* Takes a reference to pad; element and sinkpad, after whose stream this one is named, are borrowed, and held by a running thread.
 * json: the pad carries records rather than text. Reference counted: a pad can be released while others still push. */
GstLlama4Side *gst_llama4_side_new (GstElement * element, GstPad * sinkpad, GstPad * pad, gboolean json,
    GstLlama4FlowFunc on_flow, gpointer user_data);
GstLlama4Side *gst_llama4_side_ref (GstLlama4Side * self);
void gst_llama4_side_unref (GstLlama4Side * self);
GstPad *gst_llama4_side_get_pad (GstLlama4Side * self);

/* Items of another generation than this one, or than that of the latest flush, are dropped. Running already: nothing. */
void gst_llama4_side_start (GstLlama4Side * self, guint generation);
void gst_llama4_side_interrupt (GstLlama4Side * self);  /* drops what waits; the thread ends once its pad pushes no more */
void gst_llama4_side_join (GstLlama4Side * self);
void gst_llama4_side_detach (GstLlama4Side * self);     /* instead of join: the thread, which may be the caller, ends by itself */

/* Waits only while many items wait, beside those that are to wait as they are shown so much later, and not when interrupted, flushing or ending.
 * (transfer full) */
void gst_llama4_side_push (GstLlama4Side * self, GstLlama4Item * item);

/* While the stream ends everything is taken: who takes text may wait for the end of the video. */
void gst_llama4_side_set_ending (GstLlama4Side * self, gboolean ending);

void gst_llama4_side_flush_start (GstLlama4Side * self, GstEvent * event, guint generation);
void gst_llama4_side_flush_stop (GstLlama4Side * self, GstEvent * event);

G_END_DECLS
