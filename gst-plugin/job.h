/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window on its way through a worker, and what came of it; or else something for the output, which keeps its place among windows. */

#pragma once

#include "gstllama4describe.h"

G_BEGIN_DECLS

typedef enum
{
  GST_LLAMA4_NOTHING,           /* not described, or cancelled meanwhile */
  GST_LLAMA4_ANSWERED,
  GST_LLAMA4_FAILED,
  GST_LLAMA4_LEFT_OUT           /* it would have come too late */
} GstLlama4Outcome;

typedef struct
{
  guint generation;
  gboolean at_work;             /* a worker has it, who frees it */

  GstLlama4Item *item;          /* for the output; NULL: a window */

  GstLlama4Window *window;
  gint64 since;                 /* monotonic time of its last frame */
  gboolean late;                /* its text may be shown after its time */
  gint64 patience;              /* microseconds from then to the latest moment at which its text is of use */
  gint64 object_patience;       /* the same of its objects, which hold up the windows behind it */
  GstClockTime running_time, timestamp; /* of its start */
  guint segment_number;
  guint film;                   /* streams that had begun */
  char *whom;                   /* it was asked for, and who is told alone; NULL: for all */
  char *said;                   /* what a summary is asked of; NULL: it is none */
  GstLlama4Settings settings;   /* with which it is described, once it is at work */

  GstLlama4Outcome outcome;
  gint64 queue_us;
  L4Answer answer;              /* ANSWERED */
  GArray *likelihoods;          /* ANSWERED: L4Likelihood of the questions; NULL: there are none */
  GError *error;                /* FAILED */
} GstLlama4Job;

void gst_llama4_job_free (GstLlama4Job * self); /* NULL is fine */

/* Finds the outcome. Any thread, whatever others do: nothing of it is seen outside yet. */
void gst_llama4_job_describe (GstLlama4Job * self, GstLlama4Describe * element, L4Session * session, GCancellable * cancellable);

/* Hands over a question or a summary. With the worker's lock held. (transfer full) */
void gst_llama4_worker_push_asked (GstLlama4Describe * element, GstLlama4Job * asked);

/* Tells who asked for it. */
void gst_llama4_ask_reply (const GstLlama4Job * self, GstLlama4Describe * element);

/* Keeps what was said of a window; when it is time, asks for a summary. With the worker's lock held. Tells what came of it. */
void gst_llama4_summary_take (GstLlama4Describe * element, const GstLlama4Job * said, const char *text);
void gst_llama4_summary_deliver (const GstLlama4Job * self, GstLlama4Describe * element);

/* Tells it to all: the output, the bus, the properties. One job at a time, in their order. */
void gst_llama4_job_deliver (GstLlama4Job * self, GstLlama4Describe * element);

/* Tells that a window was left out. Any thread. */
void gst_llama4_job_report_skip (const GstLlama4Job * self, GstLlama4Describe * element);

G_END_DECLS
