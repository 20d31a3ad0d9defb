/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object on its way to be described with a window, and what came of it. */

#pragma once

#include "frame.h"

G_BEGIN_DECLS

typedef enum
{
  GST_LLAMA4_OBJECT_SENT,       /* on its way */
  GST_LLAMA4_OBJECT_TOLD,       /* in a record */
  GST_LLAMA4_OBJECT_LOST,       /* it was not described, and may be with another window */
  GST_LLAMA4_OBJECT_FAILED      /* the model could not */
} GstLlama4ObjectState;

/* Reference counted. What it is does not change; its answer is of the worker that has its window. */
typedef struct
{
  gatomicrefcount references;
  guint64 id;
  const char *label;            /* never freed; or NULL */
  double confidence;
  GstLlama4Region box;          /* in fractions of the upright picture */
  GstClockTime time, since;     /* stream time: of the view, when it was first seen */
  GstLlama4Frame *view;         /* a picture of it */

  gint state;                   /* GstLlama4ObjectState; atomic */
  gboolean answered;
  L4Answer answer;              /* when it is */
  GError *error;                /* FAILED */
} GstLlama4Object;

GstLlama4Object *gst_llama4_object_new (void);  /* with a view to come; (transfer full) */
GstLlama4Object *gst_llama4_object_ref (GstLlama4Object * self);
void gst_llama4_object_unref (GstLlama4Object * self);

/* Any thread. */
GstLlama4ObjectState gst_llama4_object_get_state (GstLlama4Object * self);
void gst_llama4_object_set_state (GstLlama4Object * self, GstLlama4ObjectState state);

/* As records tell of it; borrows from self. */
L4Object gst_llama4_object_describe (const GstLlama4Object * self);

G_END_DECLS
